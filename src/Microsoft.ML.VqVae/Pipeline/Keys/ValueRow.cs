using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>One row of values in memory, as the input of a network.</summary>
internal sealed class ValueRow : DataViewRow
{
    readonly Delegate[] _getters;

    ValueRow(IReadOnlyList<(DataViewSchema.DetachedColumn Column, Delegate Getter)> columns)
    {
        var builder = new DataViewSchema.Builder();
        foreach ((DataViewSchema.DetachedColumn column, _) in columns)
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        Schema = builder.ToSchema();
        _getters = [.. columns.Select(column => column.Getter)];
    }

    public override DataViewSchema Schema { get; }

    public override long Position => 0;

    public override long Batch => 0;

    public static ValueRow Of(params IReadOnlyList<(DataViewSchema.DetachedColumn Column, Delegate Getter)> columns) => new(columns);

    /// <summary>A column of numbers.</summary>
    public static (DataViewSchema.DetachedColumn Column, Delegate Getter) Numbers(string name, float[] values, params int[] dimensions) =>
        (dimensions.Length == 0 ? ColumnTypes.Sequence(name) : ColumnTypes.Vector(name, dimensions), Vector(values));

    /// <summary>A column of codes, which are counted from 0; keys are counted from 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A code is negative or too large.</exception>
    public static (DataViewSchema.DetachedColumn Column, Delegate Getter) Codes(string name, int[] codes, CodeFormat format)
    {
        ArgumentNullException.ThrowIfNull(codes);
        if (format.Length is int length && codes.Length != length)
            throw new ArgumentException($"There are {codes.Length} codes; expected are {length}.", nameof(codes));
        int wrong = Array.FindIndex(codes, code => code < 0 || code >= format.Codes);
        if (wrong >= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(codes), codes[wrong],
                $"The code at index {wrong} is not from 0 to {format.Codes - 1}. Keys of a column start at 1: subtract 1 from them.");
        }
        return (ColumnTypes.Codes(name, format), Vector(Array.ConvertAll(codes, code => (uint)code + 1)));
    }

    /// <summary>A column of one key.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="set">The categories.</param>
    /// <param name="index">The number of a category, from 0; −1 for a missing key.</param>
    public static (DataViewSchema.DetachedColumn Column, Delegate Getter) Key(string name, CategorySet set, int index)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        set.Names?.AddTo(annotations);
        return (new(name, new KeyDataViewType(typeof(uint), set.Count), annotations.ToAnnotations()),
            (ValueGetter<uint>)((ref uint value) => value = (uint)(index + 1)));
    }

    /// <summary>A column of an image.</summary>
    public static (DataViewSchema.DetachedColumn Column, Delegate Getter) Image(string name, MLImage image) =>
        (new(name, new Transforms.Image.ImageDataViewType(image.Height, image.Width)),
            (ValueGetter<MLImage>)((ref MLImage value) => value = image));

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new DataViewRowId(0, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        _getters[column.Index] as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"The column '{column.Name}' has values of the type {column.Type.RawType}, not {typeof(TValue)}.");

    static ValueGetter<VBuffer<T>> Vector<T>(T[] values) => (ref VBuffer<T> value) => value = new VBuffer<T>(values.Length, values);
}

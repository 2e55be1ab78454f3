using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae;

/// <summary>The codes, input and reconstruction columns of an evaluation, found and checked.</summary>
internal sealed class EvaluatedColumns
{
    public EvaluatedColumns(DataViewSchema schema, string codes, string input, string reconstruction)
    {
        Codes = Find(schema, "codes", codes, "codesColumnName");
        Input = Find(schema, "input", input, "inputColumnName");
        Reconstruction = Find(schema, "reconstruction", reconstruction, "reconstructionColumnName",
            "Ask EncodeImages for a reconstruction column to have one.");
        CodesType = Codes.Type is VectorDataViewType { IsKnownSize: true, ItemType: KeyDataViewType key } type
            && key.RawType == typeof(uint)
            ? type
            : throw WrongType("codes", Codes, "a vector of known size of Key<UInt32, K>, as VqVae.EncodeImages outputs it");
        CheckCodebook();
        CheckValues("input", Input, orBytes: true);
        CheckValues("reconstruction", Reconstruction, orBytes: false);
        bool sizesDiffer = Input.Type is VectorDataViewType inputVector && Reconstruction.Type is VectorDataViewType reconstructionVector
            && inputVector.Size != reconstructionVector.Size;
        if (sizesDiffer || Input.Type is ImageDataViewType != Reconstruction.Type is ImageDataViewType)
            throw WrongType("reconstruction", Reconstruction, $"the kind and size of the input column '{input}', {Input.Type}");
    }

    public DataViewSchema.Column Codes { get; }

    public DataViewSchema.Column Input { get; }

    public DataViewSchema.Column Reconstruction { get; }

    public VectorDataViewType CodesType { get; }

    /// <summary>Finds a column of an evaluation.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="role">The role of the column.</param>
    /// <param name="name">Its name.</param>
    /// <param name="parameter">The parameter that names it; null for messages without one.</param>
    /// <param name="advice">What to do where the column is missing.</param>
    public static DataViewSchema.Column Find(
        DataViewSchema schema, string role, string name, string? parameter, string advice = "Name one of these.")
    {
        if (parameter is not null)
            ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        return schema.GetColumnOrNull(name) ?? throw new ArgumentException($"The {role} column '{name}' is not in the data view, which has "
            + $"{string.Join(", ", schema.Select(column => $"'{column.Name}'"))}. {advice}", parameter);
    }

    // The usage of a codebook is that of all of its codes, of which a column that was read from text has only those that occur.
    void CheckCodebook()
    {
        if (KeyNames.Of(Codes) is not { Values: string[] found } || found.SequenceEqual(KeyNames.Numbered(found.Length).Values)
            || !found.All(value => ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            return;
        }
        throw new ArgumentException(
            $"The codes column '{Codes.Name}' has the key values {string.Join(", ", found.Take(4).Select(value => $"'{value}'"))}"
            + $"{(found.Length > 4 ? ", …" : "")}; expected are all codes of the codebook in order, '0' to '{found.Length - 1}'. "
            + "MapValueToKey numbers those codes that occur: evaluate the column of the codec itself, or one without key values.", "codesColumnName");
    }

    static void CheckValues(string role, DataViewSchema.Column column, bool orBytes)
    {
        bool isVector = column.Type is VectorDataViewType { IsKnownSize: true } vector
            && (vector.ItemType == NumberDataViewType.Single || (orBytes && vector.ItemType == NumberDataViewType.Byte));
        if (!isVector && column.Type is not ImageDataViewType)
            throw WrongType(role, column, $"a vector of known size of Single{(orBytes ? " or Byte" : "")}, or an image");
    }

    static ArgumentException WrongType(string role, DataViewSchema.Column column, string expected) =>
        new($"The {role} column '{column.Name}' has the type {column.Type}; expected is {expected}.", $"{role}ColumnName");
}

/// <summary>Getters of the numbers of the current row, from a vector or an image; the numbers are valid until the next row.</summary>
internal static class RowNumbers
{
    /// <param name="row">The row.</param>
    /// <param name="column">A column of it.</param>
    /// <param name="channels">The numbers for a pixel of an image: 3, or 1 for its brightness.</param>
    public static Func<ReadOnlyMemory<float>> GetterOf(DataViewRow row, DataViewSchema.Column column, int channels) =>
        column.Type is ImageDataViewType ? FromImages(row, column, channels)
        : PixelInput.HoldsBytes(column.Type) ? FromBytes(row, column) : FromVectors(row, column);

    static Func<ReadOnlyMemory<float>> FromBytes(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<byte>> getter = row.GetGetter<VBuffer<byte>>(column);
        VBuffer<byte> buffer = default;
        float[] values = new float[((VectorDataViewType)column.Type).Size];
        return () =>
        {
            getter(ref buffer);
            foreach (KeyValuePair<int, byte> item in buffer.Items(all: true))
                values[item.Key] = item.Value;
            return values;
        };
    }

    static Func<ReadOnlyMemory<float>> FromVectors(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<float>> getter = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> buffer = default;
        float[] values = new float[((VectorDataViewType)column.Type).Size];
        return () =>
        {
            getter(ref buffer);
            buffer.CopyTo(values);
            return values;
        };
    }

    static Func<ReadOnlyMemory<float>> FromImages(DataViewRow row, DataViewSchema.Column column, int channels)
    {
        ValueGetter<MLImage> getter = row.GetGetter<MLImage>(column);
        MLImage? image = null;
        float[] values = [];
        return () =>
        {
            getter(ref image!);
            if (image is null)
                throw new InvalidOperationException($"Row {row.Position} of the column '{column.Name}' holds no image.");
            ReadOnlySpan<byte> pixels = image.Pixels;
            if (values.Length != pixels.Length / 4 * channels)
                values = new float[pixels.Length / 4 * channels];
            // The order of red and blue may differ between images; alpha is not encoded.
            int red = image.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
            Planes.FromBytes(pixels, values, channels, red, 1, 2 - red);
            return values;
        };
    }
}

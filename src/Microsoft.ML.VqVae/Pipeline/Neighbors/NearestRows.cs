using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of a search for nearest rows, as they are saved in a model file.</summary>
/// <param name="Input">The column of codes or numbers.</param>
/// <param name="Rows">The column of row numbers that is added.</param>
/// <param name="Distances">The column of distances that is added, or null.</param>
/// <param name="Neighbors">Number of rows to find.</param>
/// <param name="Width">Number of codes or numbers in a row.</param>
/// <param name="Codes">K for a column of codes; 0 for one of numbers.</param>
/// <param name="Names">The values of the keys of codes; null if the column has none, and in model files of older versions.</param>
internal sealed record NearestRowsSettings(
    string Input, string Rows, string? Distances, int Neighbors, int Width, int Codes, KeyNames? Names = null) : IDescription
{
    const int MaxWidth = int.MaxValue / 4;

    public void Describe(OptionProblems problems)
    {
        SchemaColumns.Describe(problems, [Input], [Rows, Distances]);
        problems.AtLeast(nameof(Neighbors), Neighbors, 1);
        problems.Require(Width is >= 1 and <= MaxWidth, nameof(Width), $"from 1 to {MaxWidth}", Width);
        problems.AtLeast(nameof(Codes), Codes, 0);
        Names?.Describe(problems, nameof(Names), Codes);
    }

    /// <summary>The training rows and their row numbers, as bytes: 4 for each code or number.</summary>
    public int BytesOfRow => checked(4 * Width);

    CodeFormat Format => new(Codes, [Width], Names, SlotNames: null);

    /// <summary>Finds and checks the column. Keys are matched by their values.</summary>
    public DataViewSchema.Column Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, Input);
        // A grid of codes and a line of as many are alike here.
        bool fits = WidthAndCodesOf(column) is (int width, int codes) && width == Width && codes > 0 == Codes > 0
            && (Codes == 0 || Format.MatchKeys(column, "input") is not null || codes == Codes);
        return fits ? column : throw SchemaColumns.Mismatch(Input,
            Codes > 0 ? $"a vector of {Width} keys from 1 to {Codes}, as in training" : $"a vector of {Width} Single, as in training",
            column.Type.ToString()!);
    }

    /// <summary>The length of a row and K, which is 0 for numbers; null for a column of another type.</summary>
    public static (int Width, int Codes)? WidthAndCodesOf(DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType { IsKnownSize: true, ItemType: KeyDataViewType { Count: > 0 and <= int.MaxValue } key } keys
            when key.RawType == typeof(uint) => (keys.Size, (int)key.Count),
        VectorDataViewType { IsKnownSize: true } numbers when numbers.ItemType == NumberDataViewType.Single => (numbers.Size, 0),
        _ => null,
    };

    /// <summary>A function that reads the current row as bytes, valid until its next call.</summary>
    public Func<ReadOnlyMemory<byte>> ReaderOf(DataViewRow row, DataViewSchema.Column column)
    {
        byte[] bytes = new byte[BytesOfRow];
        if (Codes > 0)
        {
            var getter = new CodeGetter(Format.ToRequirements(column, missingAllowed: true), row);
            return () =>
            {
                Span<uint> keys = MemoryMarshal.Cast<byte, uint>(bytes.AsSpan());
                ReadOnlySpan<long> codes = getter.Read();
                for (int i = 0; i < codes.Length; i++)
                    keys[i] = (uint)(codes[i] + 1);
                return bytes;
            };
        }
        ValueGetter<VBuffer<float>> getNumbers = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> numbers = default;
        return () =>
        {
            getNumbers(ref numbers);
            Span<float> values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
            numbers.CopyTo(values);
            int bad = Finite.IndexOfOther(values);
            return bad < 0 ? bytes : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"Row {row.Position} of column '{Input}' has {values[bad]} in slot {bad}; every value must be a finite number."));
        };
    }
}

/// <summary>The search for the training rows that are nearest to a row: by the number of codes that differ (Hamming distance), or by the
/// Euclidean distance of numbers.</summary>
/// <param name="settings">Columns and sizes.</param>
/// <param name="rows">The training rows as bytes, one after the other.</param>
internal sealed class NearestRows(NearestRowsSettings settings, byte[] rows) : IRowMapping
{
    public int Count => rows.Length / settings.BytesOfRow;

    public ReadOnlySpan<byte> Bytes => rows;

    public AddedColumns Bind(DataViewSchema inputSchema)
    {
        List<DataViewSchema.DetachedColumn> added =
            [new(settings.Rows, new VectorDataViewType(NumberDataViewType.Int64, settings.Neighbors))];
        if (settings.Distances is string distances)
            added.Add(ColumnTypes.Vector(distances, [settings.Neighbors]));
        return new AddedColumns(inputSchema, [settings.Find(inputSchema)], added);
    }

    public Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output)
    {
        Func<ReadOnlyMemory<byte>> read = settings.ReaderOf(row, columns.InputColumns[0]);
        float[] distances = new float[settings.Neighbors];
        long[] numbers = new long[settings.Neighbors];
        return output == 0
            ? (ValueGetter<VBuffer<long>>)((ref VBuffer<long> value) => Copy(numbers, ref value))
            : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => Copy(distances, ref value));

        void Copy<T>(T[] found, ref VBuffer<T> value)
        {
            Search(read().Span, numbers, distances);
            VBufferEditor<T> editor = VBufferEditor.Create(ref value, found.Length);
            found.CopyTo(editor.Values);
            value = editor.Commit();
        }
    }

    public IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        throw new NotSupportedException("it compares a row with all rows of the training data");

    /// <summary>Finds the nearest rows, the nearest first; of equally near rows the one with the lower number.</summary>
    void Search(ReadOnlySpan<byte> row, long[] numbers, float[] distances)
    {
        int found = 0, size = settings.BytesOfRow;
        for (int number = 0; number < Count; number++)
        {
            float distance = Distance(row, rows.AsSpan(number * size, size));
            if (found == distances.Length && distance >= distances[^1])
                continue;
            // Insertion: the few rows that are kept are in order.
            int at = found < distances.Length ? found++ : found - 1;
            for (; at > 0 && distances[at - 1] > distance; at--)
                (distances[at], numbers[at]) = (distances[at - 1], numbers[at - 1]);
            (distances[at], numbers[at]) = (distance, number);
        }
    }

    float Distance(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => settings.Codes > 0
        ? TensorPrimitives.HammingDistance(MemoryMarshal.Cast<byte, uint>(one), MemoryMarshal.Cast<byte, uint>(other))
        : Distance(MemoryMarshal.Cast<byte, float>(one), MemoryMarshal.Cast<byte, float>(other));

    static float Distance(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        float distance = TensorPrimitives.Distance(one, other);
        // Squares of numbers beyond 1e19, and of those below 1e-22, have no value in Single.
        if (distance != 0 && float.IsFinite(distance))
            return distance;
        double sum = 0;
        for (int i = 0; i < one.Length; i++)
            sum += ((double)one[i] - other[i]) * ((double)one[i] - other[i]);
        return (float)Math.Sqrt(sum);
    }
}

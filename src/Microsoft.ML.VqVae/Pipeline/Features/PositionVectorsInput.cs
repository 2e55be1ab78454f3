using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of vectors, one for each position of a row of codes, as the input of a network: Single [rows, N, D], zero beyond the end
/// of a row, and the number of positions of each row, Int64 [rows].</summary>
/// <param name="name">The name of the column.</param>
/// <param name="model">The positions and the size of their vectors.</param>
internal sealed class PositionVectorsInput(string name, FeatureDescription model) : ModelInput
{
    const string Expected = "a vector of Single, position by position, as encoders output encoder outputs and embeddings";

    int? Positions => model.ToGrid() is { IsSequence: false } grid ? grid.Height * grid.Width : null;

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = Find(schema, name);
        int size = ((VectorDataViewType)column.Type).Size;
        // Rows of a column of unknown size, 0, are checked one by one.
        bool fits = Positions is int positions && size > 0
            ? size == (long)positions * model.InputChannels : size % model.InputChannels == 0;
        return fits ? [column] : throw SchemaColumns.Mismatch(name, Positions is int fixedPositions
            ? $"{new VectorDataViewType(NumberDataViewType.Single, fixedPositions * model.InputChannels)}, which the model was trained on"
            : string.Create(CultureInfo.InvariantCulture, $"a vector of Single whose length is a multiple of {model.InputChannels}"),
            column.Type.ToString()!);
    }

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new PositionVectorsReader(new PositionVectorsGetter(row, Find(row.Schema)[0], model.InputChannels), Positions, capacity);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [valueOf(Find(schema)[0]).Reshape(0, -1, model.InputChannels)];

    /// <summary>Finds the column of training data.</summary>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name) => SchemaColumns.FindNumbers(schema, name, Expected);

    /// <summary>The check that is possible before there is data.</summary>
    public static void Check(SchemaShape schema, string name) => SchemaColumns.CheckNumbers(schema, name, Expected);
}

/// <summary>Reads the vectors of the current row, and checks them.</summary>
/// <param name="row">The row.</param>
/// <param name="column">The column.</param>
/// <param name="channels">D: numbers of a vector; 0 to take it from the first row and its number of positions.</param>
internal sealed class PositionVectorsGetter(DataViewRow row, DataViewSchema.Column column, int channels)
{
    readonly ValueGetter<VBuffer<float>> _getter = row.GetGetter<VBuffer<float>>(column);
    VBuffer<float> _vector;

    /// <summary>D: numbers of a vector; 0 before the first row.</summary>
    public int Channels { get; private set; } = channels;

    /// <summary>The numbers, position by position; none for a row without positions.</summary>
    /// <param name="positions">The number of positions; null where any number will do.</param>
    public float[] Read(int? positions)
    {
        _getter(ref _vector);
        float[] values = new float[_vector.Length];
        _vector.CopyTo(values);
        // A row without codes has no positions. Where positions are not known, it is one without numbers.
        if (values.Length == 0 && positions is null or 0)
            return values;
        if (positions == 0)
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"{values.Length} numbers, but no codes; expected are none"));
        if (Channels == 0 && positions is int first)
        {
            Channels = values.Length > 0 && values.Length % first == 0 ? values.Length / first : throw Bad(string.Create(
                CultureInfo.InvariantCulture, $"{values.Length} numbers for {first} positions of codes; expected is a multiple of {first}"));
        }
        if (positions is int count && values.Length != (long)count * Channels)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture,
                $"{values.Length} numbers; expected are {(long)count * Channels}, {Channels} for each of {count} positions"));
        }
        if (values.Length % Channels != 0)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture,
                $"{values.Length} numbers; expected is a multiple of {Channels}, the numbers of a position"));
        }
        int bad = Finite.IndexOfOther(values);
        return bad < 0 ? values : throw Bad(string.Create(CultureInfo.InvariantCulture,
            $"{values[bad]} in slot {bad}; every value must be a finite number"));
    }

    InvalidOperationException Bad(string found) => new($"Row {row.Position} of column '{column.Name}' has {found}.");
}

/// <summary>Reads rows of vectors of any number of positions.</summary>
internal sealed class PositionVectorsReader(PositionVectorsGetter getter, int? positions, int capacity) : RowReader
{
    readonly float[][] _rows = new float[capacity][];

    public override void Read(int slot) => _rows[slot] = getter.Read(positions);

    public override long SizeOf(int slot) => _rows[slot].Length;

    public override IReadOnlyList<Tensor> ToTensors(int first, int count)
    {
        float[][] rows = _rows[first..(first + count)];
        int channels = getter.Channels, longest = rows.Max(row => row.Length);
        Tensor values = zeros([count, longest / channels, channels], dtype: ScalarType.Float32);
        Span<float> all = MemoryMarshal.Cast<byte, float>(values.bytes);
        for (int row = 0; row < count; row++)
            rows[row].CopyTo(all[(row * longest)..]);
        return [values, tensor(Array.ConvertAll(rows, row => (long)row.Length / channels))];
    }
}

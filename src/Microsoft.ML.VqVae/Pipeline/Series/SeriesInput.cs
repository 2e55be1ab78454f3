using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of series as the input of a network.</summary>
/// <param name="name">The name of the column.</param>
/// <param name="channels">The number of values of a time step.</param>
/// <param name="stepsPerCode">The number of time steps that a code covers: rows are padded to a multiple of it.</param>
/// <param name="timeSteps">The number of time steps of each row; null where rows may be of any length.</param>
/// <param name="maxLogarithm">The largest amount of values that are the logarithms of powers; null for other values.</param>
internal sealed class SeriesInput(
    string name, int channels, int stepsPerCode = 1, int? timeSteps = null, float? maxLogarithm = null) : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = Find(schema, name, channels);
        // A model for rows of any length takes rows of a known length too.
        return timeSteps is not int steps || SizeOf(column) == steps * channels ? [column]
            : throw SchemaColumns.Mismatch(name,
                $"{new VectorDataViewType(NumberDataViewType.Single, steps * channels)}, which the model was trained on",
                column.Type.ToString()!);
    }

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new SeriesReader(new SeriesGetter(row, Find(row.Schema)[0], channels, maxLogarithm), channels, stepsPerCode, capacity);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [valueOf(Find(schema)[0]).Reshape(0, -1, channels).ChannelsFirst()];

    /// <summary>Finds the column of training data or of a model for rows of any length.</summary>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, int channels)
    {
        DataViewSchema.Column column = SchemaColumns.FindNumbers(schema, name, Expected(channels));
        return SizeOf(column) % channels == 0 ? column
            : throw SchemaColumns.Mismatch(name, Expected(channels), column.Type.ToString()!);
    }

    /// <summary>The check that is possible before there is data.</summary>
    public static void Check(SchemaShape schema, string name, int channels) =>
        SchemaColumns.CheckNumbers(schema, name, Expected(channels));

    /// <summary>The number of time steps of each row; null where rows may be of any length.</summary>
    public static int? TimeStepsOf(DataViewSchema.Column column, int channels) =>
        SizeOf(column) is > 0 and int size ? size / channels : null;

    // 0 where it is not known.
    static int SizeOf(DataViewSchema.Column column) => ((VectorDataViewType)column.Type).Size;

    static string Expected(int channels) => channels == 1 ? "a vector of Single, of any length"
        : string.Create(CultureInfo.InvariantCulture, $"a vector of Single whose length is a multiple of {channels}, the channels");
}

/// <summary>Reads the series of the current row, and checks it.</summary>
internal sealed class SeriesGetter(DataViewRow row, DataViewSchema.Column column, int channels, float? maxLogarithm = null)
{
    readonly ValueGetter<VBuffer<float>> _getter = row.GetGetter<VBuffer<float>>(column);
    VBuffer<float> _vector;

    /// <summary>The values, time step by time step.</summary>
    public float[] Read()
    {
        _getter(ref _vector);
        float[] series = new float[_vector.Length];
        _vector.CopyTo(series);
        if (series.Length % channels != 0)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture,
                $"{series.Length} values; expected is a multiple of {channels}, the channels of a time step"));
        }
        int bad = Finite.IndexOfOther(series);
        if (bad >= 0)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture,
                $"{series[bad]} in slot {bad}; every value must be a finite number. Replace missing values first"));
        }
        // What is beyond is no logarithm, and its power soon no finite number.
        bad = Array.FindIndex(series, value => Math.Abs(value) > maxLogarithm);
        return bad < 0 ? series : throw Bad(string.Create(CultureInfo.InvariantCulture,
            $"{series[bad]} in slot {bad}; expected are log-mel frames, natural logarithms of power from −{maxLogarithm} to {maxLogarithm}. Take "
            + $"the logarithm of the power of each band first"));
    }

    InvalidOperationException Bad(string found) => new($"Row {row.Position} of column '{column.Name}' has {found}.");
}

/// <summary>Reads series of any length as a network's input.</summary>
/// <remarks>The tensors: series [B, C, T], padded with zeros to whole codes, and time steps Int64 [B].</remarks>
internal sealed class SeriesReader(SeriesGetter getter, int channels, int stepsPerCode, int capacity) : RowReader
{
    readonly float[][] _rows = new float[capacity][];

    public override void Read(int slot) => _rows[slot] = getter.Read();

    public override long SizeOf(int slot) => _rows[slot].Length;

    public override IReadOnlyList<Tensor> ToTensors(int first, int count)
    {
        (ReadOnlyMemory<float> Values, int Start, int Length)[] parts =
            [.. _rows[first..(first + count)].Select(row => (row.AsMemory(), 0, row.Length / channels))];
        return
        [
            SequenceTensors.Values(parts, channels, SequenceTensors.RoundUp(parts.Max(part => part.Length), stepsPerCode)),
            tensor(parts.Select(part => (long)part.Length).ToArray()),
        ];
    }
}

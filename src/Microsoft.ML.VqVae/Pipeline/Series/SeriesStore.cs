using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// All training series in memory, read and checked in one pass. Batches are made of windows: a row that is longer than a window is cut at
/// random, a shorter one is padded.
/// </summary>
internal sealed class SeriesStore : IExampleStore
{
    // Streams of random numbers: windows of a step, and those of every validation.
    const long CropStream = 1L << 41, ValidationStream = 1L << 42;

    readonly SeriesCodecOptions _codec;
    readonly int _cropLength;
    readonly int _seed;
    readonly List<float[]> _rows = [];
    readonly List<int> _examples = [];

    SeriesStore(SeriesCodecOptions codec, int cropLength, int seed) => (_codec, _cropLength, _seed) = (codec, cropLength, seed);

    /// <summary>Number of examples of an epoch: a row counts once for each window that it takes to cover it.</summary>
    public int Count => _examples.Count;

    public int Rows => _rows.Count;

    /// <summary>Number of rows without a value, which were left out.</summary>
    public int Empty { get; private set; }

    /// <summary>Number of time steps of all rows.</summary>
    public long TimeSteps { get; private set; }

    /// <summary>A digest of all training data.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>Reads all rows; throws at the first that is not fit for training, and where there is none.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="column">The column of series.</param>
    /// <param name="codec">The number of channels, and the number of time steps that a code covers.</param>
    /// <param name="cropLength">The length of a window in time steps.</param>
    /// <param name="seed">The seed of the windows.</param>
    /// <param name="cancellation">Ends the reading early.</param>
    public static SeriesStore Read(
        IDataView data, DataViewSchema.Column column, SeriesCodecOptions codec, int cropLength, int seed, CancellationToken cancellation)
    {
        var store = new SeriesStore(codec, cropLength, seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        var getter = new SeriesGetter(cursor, column, codec.Channels);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            float[] series = getter.Read();
            if (series.Length > 0)
                store.Add(series, hash);
            else
                store.Empty++;
        }
        if (store.Rows == 0)
        {
            throw new InvalidOperationException(store.Empty == 0
                ? $"The data view has no rows: there is nothing in column '{column.Name}' to train on."
                : $"All {store.Empty} rows of column '{column.Name}' are empty: there is nothing to train on.");
        }
        store.Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
        return store;
    }

    void Add(float[] series, IncrementalHash hash)
    {
        int steps = series.Length / _codec.Channels, crops = (steps + _cropLength - 1) / _cropLength;
        _examples.AddRange(Enumerable.Repeat(_rows.Count, crops));
        _rows.Add(series);
        TimeSteps += steps;
        hash.AppendData(BitConverter.GetBytes(series.Length));
        hash.AppendData(MemoryMarshal.AsBytes(series.AsSpan()));
    }

    /// <summary>The mean and the standard deviation of each channel over all rows; a channel that never changes has a deviation of
    /// 1.</summary>
    public (float[] Means, float[] Deviations) Statistics()
    {
        double[] means = Average((value, _) => value);
        double[] variances = Average((value, channel) => (value - means[channel]) * (value - means[channel]));
        float[] deviations = [.. variances.Select(variance => (float)Math.Sqrt(variance))];
        return ([.. means.Select(mean => (float)mean)], [.. deviations.Select(deviation => deviation > 0 ? deviation : 1)]);
    }

    double[] Average(Func<double, int, double> term)
    {
        double[] sums = new double[_codec.Channels];
        foreach (float[] row in _rows)
        {
            for (int i = 0; i < row.Length; i++)
                sums[i % sums.Length] += term(row[i], i % sums.Length);
        }
        return [.. sums.Select(sum => sum / TimeSteps)];
    }

    /// <summary>Windows of the examples: series [B, C, T] and time steps Int64 [B].</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        (ReadOnlyMemory<float> Values, int Start, int Length)[] crops = Choose(examples);
        return
        [
            SequenceTensors.Values(crops, _codec.Channels, SequenceTensors.RoundUp(crops.Max(crop => crop.Length), _codec.StepsPerCode)),
            tensor(crops.Select(crop => (long)crop.Length).ToArray()),
        ];
    }

    (ReadOnlyMemory<float> Values, int Start, int Length)[] Choose(BatchExamples examples)
    {
        var crops = new (ReadOnlyMemory<float>, int, int)[examples.Length];
        Span<float> draw = stackalloc float[1];
        for (int row = 0; row < crops.Length; row++)
        {
            int example = examples.Span[row];
            float[] series = _rows[_examples[example]];
            // Rows of a step draw from streams of their own, and so does every held-out example.
            SeededRandom.Uniforms(
                _seed, examples.Step is long step ? CropStream + step * examples.Length + row : ValidationStream + example, draw);
            int steps = series.Length / _codec.Channels, length = Math.Min(_cropLength, steps);
            crops[row] = (series, (int)(draw[0] * (double)(steps - length + 1)), length);
        }
        return crops;
    }
}

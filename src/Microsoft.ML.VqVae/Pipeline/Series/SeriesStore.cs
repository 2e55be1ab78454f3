using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// All training series in memory, read and checked in one pass. Batches consist of crops: a row that is longer than a crop is cropped at
/// random, a shorter one is padded.
/// </summary>
internal sealed class SeriesStore : IExampleStore
{
    // Codes of a crop at least, where rows have as many: of a crop of one, the decoder would learn nothing from the codes around it, and of a
    // part of one, the rest of each code would not be trained.
    const int MinCropCodes = 4;

    readonly SeriesCodecOptions _codec;
    readonly RandomCrops _crops;
    readonly List<float[]> _rows = [];

    SeriesStore(SeriesCodecOptions codec, int cropLength, int seed)
    {
        (_codec, CropLength) = (codec, Math.Max(cropLength, MinCropCodes * codec.StepsPerCode));
        _crops = new RandomCrops(CropLength, seed);
    }

    /// <summary>The length of a crop in time steps: as asked for, or a few codes if those are more.</summary>
    public int CropLength { get; }

    /// <summary>Number of examples of an epoch: a row counts once for each crop that is needed to cover it.</summary>
    public int Count => _crops.Count;

    public int RowOf(int example) => _crops.SequenceOf(example);

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
    /// <param name="cropLength">The length of a crop in time steps that is asked for.</param>
    /// <param name="seed">The seed of the crops.</param>
    /// <param name="cancellation">Ends the reading early.</param>
    public static SeriesStore Read(
        IDataView data, DataViewSchema.Column column, SeriesCodecOptions codec, int cropLength, int seed, CancellationToken cancellation)
    {
        var store = new SeriesStore(codec, cropLength, seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        var getter = new SeriesGetter(cursor, column, codec.Channels);
        while (UnreadableRow.MoveNext(cursor, cancellation))
        {
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
        int steps = series.Length / _codec.Channels;
        _crops.Add(_rows.Count, steps);
        _rows.Add(series);
        TimeSteps += steps;
        hash.AppendData(BitConverter.GetBytes(series.Length));
        hash.AppendData(MemoryMarshal.AsBytes(series.AsSpan()));
    }

    /// <summary>The mean and the standard deviation of each channel over all rows; a channel that never changes has a deviation of
    /// 1.</summary>
    public (float[] Means, float[] Deviations) Statistics() =>
        ChannelStatistics.Of([.. _rows.Select(row => (ReadOnlyMemory<float>)row)], _codec.Channels);

    /// <summary>Crops of the examples: series [B, C, T] and time steps Int64 [B].</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        Crop[] crops = _crops.Choose(examples);
        int width = SequenceTensors.RoundUp(crops.Max(crop => crop.Length), _codec.StepsPerCode);
        return
        [
            SequenceTensors.Values([.. crops.Select(crop => (_rows[crop.Sequence], crop.Start, crop.Length))], _codec.Channels, width),
            tensor(crops.Select(crop => (long)crop.Length).ToArray()),
        ];
    }
}

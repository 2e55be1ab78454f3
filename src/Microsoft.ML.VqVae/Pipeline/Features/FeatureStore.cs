using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The training data of a network of features in memory: rows of codes and, where the network reads another column, its vectors.
/// Read and checked in one pass. Rows of any length are cropped at random.</summary>
internal sealed class FeatureStore : IExampleStore, IDisposable
{
    readonly CodeStore _codes;
    readonly int _perPosition;
    readonly RandomCrops _crops;
    readonly DataMemory _memory;
    readonly List<ReadOnlyMemory<float>> _vectors = [];

    FeatureStore(CodeRequirements required, RandomCrops crops, long memory) =>
        (_codes, _perPosition, _crops, _memory) = (new CodeStore(required), required.PerPosition, crops, new DataMemory(memory));

    /// <summary>Number of examples of an epoch: a row counts once for each crop that is needed to cover it.</summary>
    public int Count => _crops.Count;

    public int RowOf(int example) => _crops.SequenceOf(example);

    public int Rows => _codes.Count;

    /// <summary>Number of rows without codes, which were left out.</summary>
    public int Empty { get; private set; }

    public long TotalCodes => _codes.TotalCodes;

    /// <summary>D: numbers of a vector; 0 where there are none.</summary>
    public int InputChannels { get; private set; }

    /// <summary>Reads the whole columns; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="codes">The column of codes.</param>
    /// <param name="input">The column of vectors, or null.</param>
    /// <param name="cropLength">Number of positions of an example.</param>
    /// <param name="seed">The seed of the crops.</param>
    /// <param name="training">The limit of memory, and the cancellation.</param>
    public static FeatureStore Read(
        IDataView data, CodeRequirements codes, DataViewSchema.Column? input, int cropLength, int seed, TrainingOptions training)
    {
        var store = new FeatureStore(codes, new RandomCrops(cropLength, seed), training.DataMemoryLimitOrDefault);
        try
        {
            using DataViewRowCursor cursor = data.GetRowCursor(input is { } read ? [codes.Column, read] : [codes.Column]);
            var codeGetter = new CodeGetter(codes with { EmptyAllowed = true }, cursor);
            PositionVectorsGetter? vectors = input is { } column ? new PositionVectorsGetter(cursor, column, channels: 0) : null;
            while (UnreadableRow.MoveNext(cursor, training.CancellationToken))
            {
                ReadOnlySpan<long> row = codeGetter.Read();
                int positions = row.Length / store._perPosition;
                if (positions > 0)
                {
                    store._crops.Add(store.Rows, positions);
                    store._codes.Add(row);
                }
                else
                {
                    store.Empty++;
                }
                if (vectors?.Read(positions) is [_, ..] ofRow)
                    store._vectors.Add(store._memory.Keep(ofRow));
            }
            if (store.Rows == 0 && store.Empty > 0)
            {
                throw new InvalidOperationException(
                    $"All {store.Empty} rows of column '{codes.Column.Name}' are empty: there is nothing to train on.");
            }
            store._codes.RequireRows("train on");
            store.InputChannels = vectors?.Channels ?? 0;
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The mean and the standard deviation of each number of a vector over all positions; one that never changes has a deviation
    /// of 1.</summary>
    public (float[] Means, float[] Deviations) Statistics() => ChannelStatistics.Of(_vectors, InputChannels);

    /// <summary>Crops of the examples: codes Int64 [B, N, G], numbers of positions Int64 [B] and, where there are vectors, Single
    /// [B, N, D].</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        Crop[] crops = _crops.Choose(examples);
        int longest = crops.Max(crop => crop.Length);
        Tensor codes = zeros([crops.Length, longest, _perPosition], dtype: ScalarType.Int64);
        Span<long> codeValues = MemoryMarshal.Cast<byte, long>(codes.bytes);
        long[] row = [];
        for (int i = 0; i < crops.Length; i++)
        {
            (int sequence, _, int start, int length) = crops[i];
            if (row.Length < _codes.LengthOf(sequence))
                row = new long[_codes.LengthOf(sequence)];
            _codes.Copy(sequence, row);
            row.AsSpan(start * _perPosition, length * _perPosition).CopyTo(codeValues[(i * longest * _perPosition)..]);
        }
        Tensor lengths = tensor(Array.ConvertAll(crops, crop => (long)crop.Length));
        if (InputChannels == 0)
            return [codes, lengths];
        Tensor vectors = zeros([crops.Length, longest, InputChannels], dtype: ScalarType.Float32);
        Span<float> vectorValues = MemoryMarshal.Cast<byte, float>(vectors.bytes);
        for (int i = 0; i < crops.Length; i++)
        {
            _vectors[crops[i].Sequence].Span.Slice(crops[i].Start * InputChannels, crops[i].Length * InputChannels)
                .CopyTo(vectorValues[(i * longest * InputChannels)..]);
        }
        return [codes, lengths, vectors];
    }

    public void Dispose() => _memory.Dispose();
}

/// <summary>The training images of a network of features and, where they are predicted, their codes. Read and checked in one
/// pass.</summary>
/// <param name="images">The images.</param>
/// <param name="codes">The codes of each image; null for none.</param>
internal sealed class ImageFeatureStore(ImageStore images, CodeStore? codes) : IExampleStore, IDisposable
{
    public int Count => images.Count;

    public ImageStore Images => images;

    /// <summary>Reads the whole columns; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="pixels">The column of images.</param>
    /// <param name="format">The layout of its pixels.</param>
    /// <param name="codes">The column of codes; null for none.</param>
    /// <param name="training">The limit of memory, and the cancellation.</param>
    public static ImageFeatureStore Read(
        IDataView data, DataViewSchema.Column pixels, ImageFormat format, CodeRequirements? codes, TrainingOptions training)
    {
        if (codes is null)
            return new(ImageStore.Read(data, pixels, format, training), null);
        var images = new ImageStore(format, data.GetRowCount(), training.DataMemoryLimitOrDefault);
        var ofImages = new CodeStore(codes);
        try
        {
            using DataViewRowCursor cursor = data.GetRowCursor([pixels, codes.Column]);
            var codeGetter = new CodeGetter(codes, cursor);
            var pixelReader = new PixelReader(format, cursor, pixels, capacity: 1);
            float[] image = new float[format.ValuesOfRow];
            while (UnreadableRow.MoveNext(cursor, training.CancellationToken))
            {
                ofImages.Add(codeGetter.Read());
                pixelReader.Read(image);
                images.Add(image);
            }
            ofImages.RequireRows("train on");
            images.RequireContrast(pixels);
            return new(images, ofImages);
        }
        catch
        {
            images.Dispose();
            throw;
        }
    }

    /// <summary>Images Single [B, C, H, W] and, where there are codes, Int64 [B, N].</summary>
    public Tensor[] ReadBatch(BatchExamples examples) =>
        codes is null ? images.ReadBatch(examples) : [.. images.ReadBatch(examples), codes.ReadBatch(examples)[0]];

    public void Dispose() => images.Dispose();
}

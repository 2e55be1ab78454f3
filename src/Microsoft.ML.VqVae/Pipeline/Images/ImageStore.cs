using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The training images of a model, and the settings derived from them.</summary>
/// <param name="Codec">The settings of encoder and decoder, with the sizes and the units of the column.</param>
/// <param name="Format">The layout of the column.</param>
/// <param name="Images">The images.</param>
/// <param name="StartsWarm">Whether the network has statistics of pixels already.</param>
internal sealed record ImageTrainingData(ImageCodecOptions Codec, ImageFormat Format, ImageStore Images, bool StartsWarm)
{
    /// <summary>Finds the column, determines the layout of its pixels, and reads it.</summary>
    /// <param name="input">The data view.</param>
    /// <param name="columnName">The column of images.</param>
    /// <param name="options">The settings.</param>
    /// <param name="asBytes">Whether pixels are interpreted as bytes, in training or in an output column.</param>
    public static ImageTrainingData Read(IDataView input, string columnName, ImageModelOptions options, bool asBytes)
    {
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, columnName);
        ImageFormat format = PixelInput.Resolve(column, options);
        ImageCodecOptions codec = options.Codec.Copy();
        (codec.Height, codec.Width, codec.Channels) = (format.Height, format.Width, format.Channels);
        (codec.ByteOffset, codec.ByteScale) = (format.ImageOffset, format.ImageScale);
        codec.Validate();
        ImageStore images = ImageStore.Read(input, column, format, options.Training.CancellationToken);
        if (asBytes)
            PixelInput.CheckBytes(column.Name, images.Minimum, images.Maximum, format);
        return new ImageTrainingData(codec, format, images, options.WarmStart is not null);
    }

    /// <summary>The training of a network on these images.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">The settings of this kind of model that determine the weights.</param>
    /// <param name="kind">A description of the model for the log: "a VQ-VAE of 512 codes".</param>
    /// <param name="create">Creates the transformer of the trained network.</param>
    public TrainingPlan<TTransformer> Plan<TNetwork, TOutput, TTransformer>(
        TNetwork network, SettingsFingerprint settings, string kind, Func<Device, TrainingSummary, TTransformer> create)
        where TNetwork : ImageAutoencoder<TOutput>, ITrainable
    {
        if (StartsWarm)
            network.ExtendPixelRange(Images.Minimum, Images.Maximum);
        else
            network.SetPixelStatistics(Images.Mean, Images.Deviation, Images.Minimum, Images.Maximum);
        string fingerprint = settings
            .Add("Codec", Codec, SavedJson.Default.ImageCodecOptions)
            .Add("images", Images.Count).Add("mean", Images.Mean).Add("deviation", Images.Deviation)
            .Add("minimum", Images.Minimum).Add("maximum", Images.Maximum).ToString();
        return new(new TrainingTask(network, network, Images, fingerprint),
            string.Create(CultureInfo.InvariantCulture, $"{kind} on {Images.Count} images of {Format}"), create);
    }
}

/// <summary>
/// All training images in memory as planar floats in the units of the column, read and checked in one pass. They are stored in chunks, so
/// that no array exceeds the 2 GB limit of .NET.
/// </summary>
internal sealed class ImageStore : IExampleStore
{
    const int ChunkValues = 1 << 24;

    readonly ImageFormat _format;
    readonly List<float[]> _chunks = [];
    readonly int _rowsPerChunk;

    ImageStore(ImageFormat format)
    {
        _format = format;
        _rowsPerChunk = Math.Max(1, ChunkValues / format.ValueCount);
    }

    public int Count { get; private set; }

    public double Mean { get; private set; }

    /// <summary>The standard deviation of all values.</summary>
    public double Deviation { get; private set; }

    public double Minimum { get; private set; } = double.PositiveInfinity;

    public double Maximum { get; private set; } = double.NegativeInfinity;

    /// <summary>Reads the whole column; throws at the first unsuitable row, and if there are no rows.</summary>
    public static ImageStore Read(IDataView data, DataViewSchema.Column column, ImageFormat format, CancellationToken cancellation)
    {
        var store = new ImageStore(format);
        long? expected = data.GetRowCount() * format.ImagesOfRow;
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        var reader = new PixelReader(format, cursor, column, capacity: 1);
        float[] row = new float[format.ValuesOfRow];
        double mean = 0, squaredDeviations = 0;
        while (ReadNext(data, column, format, cursor, reader, row))
        {
            cancellation.ThrowIfCancellationRequested();
            for (int at = 0; at < row.Length; at += format.ValueCount)
            {
                Span<float> image = store.Append(expected);
                row.AsSpan(at, format.ValueCount).CopyTo(image);
                store.Accumulate(image, ref mean, ref squaredDeviations);
            }
        }
        if (store.Count == 0)
            throw new InvalidOperationException($"The data view has no rows: there is nothing in column '{column.Name}' to train on.");
        if (!(store.Minimum < store.Maximum))
        {
            throw new InvalidOperationException(
                $"All values of column '{column.Name}' are {store.Minimum}: "
                + $"there is nothing to learn from {store.Count} images without any contrast.");
        }
        store.Mean = mean;
        store.Deviation = Math.Sqrt(squaredDeviations / ((double)store.Count * format.ValueCount));
        return store;
    }

    // Errors of the source have another type or a cause; those of the reader's own checks name the row already.
    static bool ReadNext(
        IDataView data, DataViewSchema.Column column, ImageFormat format, DataViewRowCursor cursor, PixelReader reader, float[] row)
    {
        try
        {
            if (!cursor.MoveNext())
                return false;
            reader.Read(row);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException
            && (exception is not InvalidOperationException || exception.InnerException is not null))
        {
            throw UnreadableRow.Error(data, column, exception, current =>
            {
                var again = new PixelReader(format, current, column, capacity: 1);
                return () => again.Read(slot: 0);
            });
        }
    }

    Span<float> Append(long? expected)
    {
        int row = Count % _rowsPerChunk;
        if (row == 0)
        {
            long left = expected is long count ? Math.Max(1, count - Count) : _rowsPerChunk;
            int rows = (int)Math.Min(_rowsPerChunk, left);
            // A wrong row count of the source wastes memory, but loses no rows: only the last chunk may be smaller than the others.
            _chunks.Add(new float[(expected is long total && total - Count == rows ? rows : _rowsPerChunk) * _format.ValueCount]);
        }
        else if ((row + 1) * _format.ValueCount > _chunks[^1].Length)
        {
            float[] last = _chunks[^1];
            Array.Resize(ref last, _rowsPerChunk * _format.ValueCount);
            _chunks[^1] = last;
        }
        if (Count == int.MaxValue)
            throw new InvalidOperationException($"More than {int.MaxValue} rows: train on a sample of them.");
        Count++;
        return _chunks[^1].AsSpan(row * _format.ValueCount, _format.ValueCount);
    }

    // Each row is summed around its own mean and merged into the running moments, so that a large offset loses no precision.
    void Accumulate(ReadOnlySpan<float> row, ref double mean, ref double squaredDeviations)
    {
        double sum = 0;
        float minimum = float.PositiveInfinity, maximum = float.NegativeInfinity;
        foreach (float value in row)
        {
            sum += value;
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }
        double rowMean = sum / row.Length, rowDeviations = 0;
        foreach (float value in row)
            rowDeviations += (value - rowMean) * (value - rowMean);
        double before = (double)(Count - 1) * row.Length, after = before + row.Length, difference = rowMean - mean;
        mean += difference * row.Length / after;
        squaredDeviations += rowDeviations + difference * difference * before * row.Length / after;
        Minimum = Math.Min(Minimum, minimum);
        Maximum = Math.Max(Maximum, maximum);
    }

    /// <summary>The images as one tensor [images, C, H, W] on the CPU, owned by the caller. Thread-safe.</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        ReadOnlySpan<int> rows = examples.Span;
        int length = _format.ValueCount;
        Tensor batch = empty([rows.Length, _format.Channels, _format.Height, _format.Width], dtype: ScalarType.Float32);
        Span<float> values = MemoryMarshal.Cast<byte, float>(batch.bytes);
        for (int i = 0; i < rows.Length; i++)
        {
            float[] chunk = _chunks[rows[i] / _rowsPerChunk];
            chunk.AsSpan(rows[i] % _rowsPerChunk * length, length).CopyTo(values[(i * length)..]);
        }
        return [batch];
    }
}

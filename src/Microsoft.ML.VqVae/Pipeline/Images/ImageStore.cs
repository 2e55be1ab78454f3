using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static System.FormattableString;
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
        ImageFormat format = PixelInput.Resolve(column, options.Pixels);
        ImageCodecOptions codec = options.Codec.Copy();
        (codec.Height, codec.Width, codec.Channels) = (format.Height, format.Width, format.Channels);
        (codec.ByteOffset, codec.ByteScale) = (format.ImageOffset, format.ImageScale);
        codec.Validate();
        if (options.ReconstructionAsImage)
            format.RequireImage($"vectors ({nameof(options.ReconstructionAsImage)} = false)");
        ImageStore images = ImageStore.Read(input, column, format, options.Training, asBytes);
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
        settings.Add("Codec", Codec, SavedJson.Default.ImageCodecOptions)
            .Add("images", Images.Count).Add("mean", Images.Mean).Add("deviation", Images.Deviation)
            .Add("minimum", Images.Minimum).Add("maximum", Images.Maximum);
        return new(new TrainingTask(network, network, Images, settings),
            string.Create(CultureInfo.InvariantCulture, $"{kind} on {Images.Count} images of {Format} ({Images.Memory})"), create);
    }
}

/// <summary>
/// All training images as planar values in the units of the column, read and checked in one pass: as bytes as long as every value is that
/// of a byte, as Single otherwise; in memory up to a limit, then in a temporary file.
/// </summary>
internal sealed class ImageStore : IExampleStore, IDisposable
{
    readonly ImageFormat _format;
    readonly long? _expected;
    readonly long _memoryLimit;
    // The values of the 256 bytes.
    readonly float[] _values;
    RowChunks<byte>? _bytes;
    RowChunks<float>? _singles;
    double _squaredDeviations;

    /// <param name="format">The layout of the pixels.</param>
    /// <param name="rows">The number of rows that will probably come; null where it is not known.</param>
    /// <param name="memoryLimit">Bytes of images that may lie in memory.</param>
    public ImageStore(ImageFormat format, long? rows, long memoryLimit)
    {
        (_format, _expected, _memoryLimit) = (format, rows * format.ImagesOfRow, memoryLimit);
        _values = [.. Enumerable.Range(0, 256).Select(value => (value - format.ImageOffset) * format.ImageScale)];
        Memory = new DataMemory(memoryLimit);
        _bytes = new(format.ValueCount, _expected, Memory);
    }

    public int Count => _bytes?.Count ?? _singles!.Count;

    public double Mean { get; private set; }

    /// <summary>The standard deviation of all values.</summary>
    public double Deviation => Math.Sqrt(_squaredDeviations / ((double)Count * _format.ValueCount));

    public double Minimum { get; private set; } = double.PositiveInfinity;

    public double Maximum { get; private set; } = double.NegativeInfinity;

    /// <summary>Whether the values are kept as bytes.</summary>
    public bool IsOfBytes => _bytes is not null;

    /// <summary>The memory of the images.</summary>
    public DataMemory Memory { get; private set; }

    /// <summary>Reads the whole column; throws at the first unsuitable row, and if there are no rows.</summary>
    public static ImageStore Read(
        IDataView data, DataViewSchema.Column column, ImageFormat format, TrainingOptions options, bool asBytes = false)
    {
        var store = new ImageStore(format, data.GetRowCount(), options.DataMemoryLimitOrDefault);
        try
        {
            using DataViewRowCursor cursor = data.GetRowCursor([column]);
            var reader = new PixelReader(format, cursor, column, capacity: 1);
            float[] row = new float[format.ValuesOfRow];
            while (store.ReadNext(data, column, cursor, reader, row))
            {
                options.CancellationToken.ThrowIfCancellationRequested();
                store.Add(row);
            }
            store.RequireContrast(column);
            if (asBytes)
                PixelInput.CheckBytes(column.Name, store.Minimum, store.Maximum, format);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Adds the images of a row, planar.</summary>
    public void Add(ReadOnlySpan<float> row)
    {
        for (int at = 0; at < row.Length; at += _format.ValueCount)
        {
            ReadOnlySpan<float> image = row.Slice(at, _format.ValueCount);
            Append(image);
            Accumulate(image);
        }
    }

    /// <summary>Throws if there are no images, or all values are the same.</summary>
    public void RequireContrast(DataViewSchema.Column column)
    {
        if (Count == 0)
            throw new InvalidOperationException($"The data view has no rows: there is nothing in column '{column.Name}' to train on.");
        if (!(Minimum < Maximum))
        {
            throw new InvalidOperationException(Invariant(
                $"All values of column '{column.Name}' are {Minimum}: there is nothing to learn from {Count} images without any contrast."));
        }
    }

    // Errors of the source have another type or a cause; those of the reader's own checks name the row already.
    bool ReadNext(IDataView data, DataViewSchema.Column column, DataViewRowCursor cursor, PixelReader reader, float[] row)
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
            throw UnreadableRow.Error(data, column, exception, current => new PixelReader(_format, current, column, capacity: 1));
        }
    }

    void Append(ReadOnlySpan<float> image)
    {
        if (_bytes is not null && !AreBytes(image))
            ChangeToSingles();
        if (_bytes is null)
        {
            image.CopyTo(_singles!.Append());
            return;
        }
        Span<byte> bytes = _bytes.Append();
        for (int i = 0; i < image.Length; i++)
            bytes[i] = ByteOf(image[i]);
    }

    bool AreBytes(ReadOnlySpan<float> image)
    {
        foreach (float value in image)
        {
            // Every bit, so that the values read back are these: −0 is no byte.
            if (BitConverter.SingleToInt32Bits(value) != BitConverter.SingleToInt32Bits(_values[ByteOf(value)]))
                return false;
        }
        return true;
    }

    byte ByteOf(float value) => (byte)Math.Clamp(MathF.Round((value / _format.ImageScale) + _format.ImageOffset), 0, 255);

    void ChangeToSingles()
    {
        Memory = new DataMemory(_memoryLimit);
        _singles = new(_format.ValueCount, _expected, Memory);
        for (int row = 0; row < _bytes!.Count; row++)
            Expand(_bytes[row], _singles.Append());
        _bytes.Dispose();
        _bytes = null;
    }

    void Expand(ReadOnlySpan<byte> bytes, Span<float> image)
    {
        float[] values = _values;
        for (int i = 0; i < bytes.Length; i++)
            image[i] = values[bytes[i]];
    }

    // Each row is summed around its own mean and merged into the running moments, so that a large offset loses no precision.
    void Accumulate(ReadOnlySpan<float> row)
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
        double before = (double)(Count - 1) * row.Length, after = before + row.Length, difference = rowMean - Mean;
        Mean += difference * row.Length / after;
        _squaredDeviations += rowDeviations + difference * difference * before * row.Length / after;
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
            Span<float> image = values.Slice(i * length, length);
            if (_bytes is not null)
                Expand(_bytes[rows[i]], image);
            else
                _singles![rows[i]].CopyTo(image);
        }
        return [batch];
    }

    public void Dispose()
    {
        _bytes?.Dispose();
        _singles?.Dispose();
    }
}

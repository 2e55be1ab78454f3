using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Generation;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>Decompresses a file of the compress sample block by block, and writes its images as PNG files.</summary>
internal sealed partial class DecompressSample(DecompressSettings settings, CancellationToken cancellation)
    : Sample<DecompressSettings>(settings, cancellation)
{
    protected override string Title => "Images decompressed from codes";

    protected override SampleResult Work(Stages stages)
    {
        if (!File.Exists(Settings.File))
        {
            throw new DataSetException(
                $"The compressed file '{Settings.File}', given as --data, does not exist. ./samples.sh compress writes one.");
        }
        using FileStream file = File.OpenRead(Settings.File);
        CompressedCodesInfo info = CodeCompressor.ReadInfo(file);
        file.Position = 0;
        using CompressionModel model = stages.Run("Load the codec and the prior", _ => CompressionModel.Open(ML, Settings.ModelFile));
        using var compressor = new CodeCompressor(model.Prior);
        using ImageVqVaeDecoderTransformer decoder = model.Codec.Decoder("Image", model.Prior.CodesColumnName, asImage: true);
        string folder = Out("images");
        Directory.CreateDirectory(folder);
        // Images of an earlier, longer file would pass for those of this one.
        foreach (string image in Directory.EnumerateFiles(folder, "*.png").Where(path => OwnName().IsMatch(Path.GetFileName(path))).ToArray())
            File.Delete(image);

        var watch = Stopwatch.StartNew();
        long written = stages.Run($"Decompress {info.Rows:N0} images", stage =>
        {
            long number = 0;
            foreach (IDataView block in compressor.DecompressBlocks(ML, file, cancellationToken: Cancellation))
            {
                number = Write(decoder.Transform(block), folder, number);
                stage.Report((double)number / info.Rows, $"{number:N0}/{info.Rows:N0}");
            }
            return number;
        });
        var metrics = new DecompressMetrics
        {
            Seconds = Seconds,
            Images = written,
            Bytes = info.Bytes,
            Blocks = info.Blocks,
            ImagesPerSecond = written / watch.Elapsed.TotalSeconds,
        };
        return new SampleResult(metrics, TableOf("Decompressed", "")
            .AddRow("images", $"{metrics.Images:N0}")
            .AddRow("bytes", $"{metrics.Bytes:N0}")
            .AddRow("blocks", $"{metrics.Blocks:N0}"), $"{written:N0} PNG files in {Path.GetFullPath(folder)}");
    }

    [GeneratedRegex(@"^\d{6,}\.png$")]
    private static partial Regex OwnName();

    static long Write(IDataView decoded, string folder, long number)
    {
        DataViewSchema.Column column = decoded.Schema["Image"];
        using DataViewRowCursor cursor = decoded.GetRowCursor([column]);
        ValueGetter<MLImage> getter = cursor.GetGetter<MLImage>(column);
        while (cursor.MoveNext())
        {
            MLImage image = null!;
            getter(ref image);
            using (image)
                image.Save(Path.Combine(folder, $"{number.ToString("D6", CultureInfo.InvariantCulture)}.png"));
            number++;
        }
        return number;
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record DecompressMetrics : SampleMetrics
{
    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required long Images { get; init; }

    /// <summary>The size of the compressed file.</summary>
    public required long Bytes { get; init; }

    public required int Blocks { get; init; }

    /// <summary>From the file to PNG files.</summary>
    public required double ImagesPerSecond { get; init; }
}

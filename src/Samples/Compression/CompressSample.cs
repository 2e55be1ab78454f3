using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>
/// Compresses images to one file with a codec and a prior over its codes, and compares its size with the bits of the prior, and with JPEG
/// and WebP at the same error.
/// </summary>
internal sealed class CompressSample(CompressSettings settings, CancellationToken cancellation)
    : Sample<CompressSettings>(settings, cancellation)
{
    public const string Name = "compress", FileName = "images.vqc";

    const int Shown = 10;

    protected override string Title => "Images compressed by codes and a prior";

    protected override SampleResult Work(Stages stages)
    {
        ImageData source = ImageDataSets.Open(ML, Settings, stages, orFlat: true);
        if (source.IsFlat && Settings.ModelFile is null)
        {
            throw new DataSetException("A folder of image files without subfolders has no classes and no test images to measure: give a "
                + "trained --model to compress it.");
        }
        using CompressionModel model = Settings.ModelFile is string file
            ? stages.Run("Load the codec and the prior", _ => CompressionModel.Open(ML, file))
            : CompressionModel.Train(ML, source, Settings.Training, stages, Cancellation);
        if (Settings.ModelFile is null)
            ML.Model.Save(model.Chain, source.Train.Schema, Out("model.zip"));
        LabelledImage[] images = [.. ML.Data.CreateEnumerable<LabelledImage>(
            ML.Data.TakeRows(source.IsFlat ? source.Train : source.Test, Settings.MaxImages), reuseRowObject: false)];
        float[][] originals = Array.ConvertAll(images, image => image.Pixels);

        // 1. Images → codes → a file.
        IDataView coded = ML.Data.Cache(model.Chain.Transform(ML.Data.LoadFromEnumerable(images, source.Shape.Schema)));
        uint[][] codes = stages.Run("Encode the images", _ => Codes(coded, model.Prior));
        using var compressor = new CodeCompressor(model.Prior);
        var watch = Stopwatch.StartNew();
        CompressedCodesInfo info = stages.Run($"Compress {images.Length:N0} images", _ => Compress(compressor, coded));
        double compressSeconds = watch.Elapsed.TotalSeconds;

        // 2. The file → codes → images.
        watch.Restart();
        IDataView back = stages.Run("Decompress them", _ =>
        {
            using FileStream stream = File.OpenRead(Out(FileName));
            return compressor.Decompress(ML, stream, Cancellation);
        });
        double decompressSeconds = watch.Elapsed.TotalSeconds;
        uint[][] codesBack = Codes(back, model.Prior);
        bool isLossless = codesBack.Length == codes.Length && codesBack.Zip(codes).All(pair => pair.First.SequenceEqual(pair.Second));
        double priorBits = stages.Run("Score them with the prior", _ => Bits(model.Prior.Transform(back), model.Prior).Average());
        using ImageVqVaeDecoderTransformer decoder = model.Codec.Decoder("Pixels", model.Prior.CodesColumnName);
        float[][] decoded = stages.Run("Decode the images", _ => Pixels(decoder.Transform(back)));

        // 3. The same images as JPEG and WebP.
        double psnr = ImageError.Psnr(originals, decoded), bytes = (double)info.Bytes / images.Length;
        List<RivalResult> equalPsnr = [], equalBytes = [];
        foreach (SKEncodedImageFormat format in (SKEncodedImageFormat[])[SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp])
        {
            foreach (bool oneFile in (bool[])[false, true])
            {
                var rival = new RivalFormat(format, source.Shape, originals, oneFile, Cancellation);
                stages.Run($"{rival.Name}{(oneFile ? ", all images in one file" : ", a file for each image")}", _ =>
                {
                    equalPsnr.Add(rival.AtPsnr(psnr));
                    if (oneFile)
                        equalBytes.Add(rival.AtBytes(bytes));
                });
            }
        }

        string remark = $"{images.Length:N0} images of {source.Shape}: {bytes:0.0} bytes each, {source.Shape.Values} uncompressed";
        int[] chosen = Choose([.. images.Select(image => image.Class)]);
        ImageRow RowOf(string name, double size, double? psnr, IReadOnlyList<float[]> all) => new(name,
            [.. chosen.Select(number => source.Shape.Tile(all[number]))],
            $"{size:#,0.0} bytes" + (psnr is null ? "" : $", {psnr:0.0} dB"));
        Canvas picture = ImageGrid.Draw($"{source.Name} compressed", remark, source.Shape,
        [
            RowOf("original", source.Shape.Values, null, originals),
            RowOf("codes and prior", bytes, psnr, decoded),
            .. equalPsnr.Concat(equalBytes).Select(result =>
                RowOf($"{result.Name}, quality {result.Quality}", result.BytesPerImage, result.Psnr, result.Images)),
        ]);
        Show(picture, "formats.png", "The same images in each format, with bytes per image and PSNR");

        double classBits = model.Prior.Conditions.Count > 0 ? Math.Log2(model.Prior.Conditions.Count) : 0;
        var metrics = new CompressMetrics
        {
            Seconds = Seconds,
            Images = images.Length,
            Bytes = info.Bytes,
            BitsPerImage = 8 * bytes,
            PriorBitsPerImage = priorBits,
            ClassBitsPerImage = classBits,
            Overhead = 8 * bytes / (priorBits + classBits) - 1,
            Lossless = isLossless,
            Psnr = psnr,
            AtEqualPsnr = [.. equalPsnr.Select(RivalMetrics.Of)],
            AtEqualBytes = [.. equalBytes.Select(RivalMetrics.Of)],
            ImagesPerSecondCompressing = images.Length / compressSeconds,
            ImagesPerSecondDecompressing = images.Length / decompressSeconds,
        };
        Table table = TableOf("Format", "bytes per image", "PSNR", "size to ours")
            .AddRow("codes and prior", $"{bytes:0.0}", $"{psnr:0.0} dB", "1");
        foreach (RivalResult rival in equalPsnr.Concat(equalBytes))
        {
            table.AddRow($"{rival.Name}, quality {rival.Quality}", $"{rival.BytesPerImage:0.0}", $"{rival.Psnr:0.0} dB",
                $"{rival.BytesPerImage / bytes:0.0}");
        }
        return new SampleResult(metrics, table,
            $"{metrics.BitsPerImage:0.0} bits per image; the prior says {priorBits + classBits:0.0} ({metrics.Overhead:+0.00%;-0.00%}). "
            + $"All codes came back exactly: {(isLossless ? "yes" : "no")}", isLossless);
    }

    /// <summary>The numbers of images to show: one of each class in turn.</summary>
    public static int[] Choose(IReadOnlyList<string> classes)
    {
        List<int>[] byClass = [.. Enumerable.Range(0, classes.Count).GroupBy(number => classes[number])
            .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => group.ToList())];
        return [.. Enumerable.Range(0, classes.Count).SelectMany(turn =>
            byClass.Where(numbers => numbers.Count > turn).Select(numbers => numbers[turn])).Take(Shown)];
    }

    /// <summary>Writes the file, first under another name: an interruption leaves no broken file.</summary>
    CompressedCodesInfo Compress(CodeCompressor compressor, IDataView coded)
    {
        string temporary = Out(FileName + ".tmp");
        CompressedCodesInfo info;
        using (FileStream stream = File.Create(temporary))
            info = compressor.Compress(coded, stream, Cancellation);
        File.Move(temporary, Out(FileName), overwrite: true);
        return info;
    }

    static uint[][] Codes(IDataView view, PriorTransformer prior)
    {
        DataViewSchema.Column column = view.Schema[prior.CodesColumnName];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        ValueGetter<VBuffer<uint>> getter = cursor.GetGetter<VBuffer<uint>>(column);
        List<uint[]> rows = [];
        VBuffer<uint> row = default;
        while (cursor.MoveNext())
        {
            getter(ref row);
            rows.Add([.. row.DenseValues()]);
        }
        return [.. rows];
    }

    static IEnumerable<float> Bits(IDataView scored, PriorTransformer prior) => scored.GetColumn<float>(prior.OutputColumnName);

    float[][] Pixels(IDataView decoded) =>
        [.. ML.Data.CreateEnumerable<PixelsOfImage>(decoded, reuseRowObject: false).Select(image => image.Pixels)];

    sealed class PixelsOfImage
    {
        public float[] Pixels { get; set; } = [];
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record CompressMetrics : SampleMetrics
{
    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required int Images { get; init; }

    /// <summary>The size of the file, all included.</summary>
    public required long Bytes { get; init; }

    public required double BitsPerImage { get; init; }

    /// <summary>The mean of −log2 p of the codes of an image under the prior.</summary>
    public required double PriorBitsPerImage { get; init; }

    /// <summary>The bits of the class, as if all were equally frequent; 0 without classes.</summary>
    public required double ClassBitsPerImage { get; init; }

    /// <summary>The share by which the file is larger than the bits of prior and classes.</summary>
    public required double Overhead { get; init; }

    /// <summary>Whether all codes came back exactly.</summary>
    public required bool Lossless { get; init; }

    /// <summary>The PSNR of the decoded images, in decibels.</summary>
    public required double Psnr { get; init; }

    /// <summary>Other formats at the lowest quality with at least this PSNR.</summary>
    public required RivalMetrics[] AtEqualPsnr { get; init; }

    /// <summary>Other formats at the highest quality with at most this number of bytes, or at the lowest of all.</summary>
    public required RivalMetrics[] AtEqualBytes { get; init; }

    /// <summary>From codes to a file.</summary>
    public required double ImagesPerSecondCompressing { get; init; }

    /// <summary>From a file to codes.</summary>
    public required double ImagesPerSecondDecompressing { get; init; }
}

/// <summary>The figures of another format.</summary>
internal sealed record RivalMetrics(string Name, int Quality, double BytesPerImage, double Psnr)
{
    public static RivalMetrics Of(RivalResult result) => new(result.Name, result.Quality, result.BytesPerImage, result.Psnr);
}

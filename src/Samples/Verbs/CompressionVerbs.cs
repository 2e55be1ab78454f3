using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Compression;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The commands that compress images to a file, and decompress them.</summary>
internal static class CompressionVerbs
{
    public static SampleVerb Compress()
    {
        var verb = new SampleVerb(
            CompressSample.Name, "Compresses images with a codec and a prior over its codes, and compares the file with JPEG and WebP.",
            "IDX files, CIFAR-10 binary files or one subfolder of image files per class, whose test images are compressed; or image files "
            + "without subfolders, all of which are. Default: Fashion-MNIST.");
        Option<string?> model = verb.With(
            "--model", "A model.zip of the generate or the compress sample. Default: a codec and a prior without classes are trained.");
        Option<int?> images = verb.WithCount("--images", "Number of images to compress. Default: all, or 1000 with --quick.");
        return verb.Runs<CompressSettings>((settings, parsed, cancellation) => new CompressSample(
            settings with { ModelFile = parsed.GetValue(model), Images = parsed.GetValue(images) }, cancellation).Run());
    }

    public static SampleVerb Decompress()
    {
        var verb = new SampleVerb(
            "decompress", "Decompresses a file of the compress sample to PNG files.",
            "The compressed file. Default: out/compress/images.vqc.");
        Option<string> model = verb.With(
            "--model", "The model.zip that the file was compressed with.", Path.Combine("out", CompressSample.Name, "model.zip"));
        return verb.Runs<DecompressSettings>((settings, parsed, cancellation) => new DecompressSample(
            settings with { ModelFile = parsed.GetValue(model)! }, cancellation).Run());
    }
}

using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Anomalies;
using Microsoft.ML.VqVae.Samples.Compare;
using Microsoft.ML.VqVae.Samples.Compression;
using Microsoft.ML.VqVae.Samples.Features;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.TwoLevel;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The commands whose data are images.</summary>
internal static class ImageVerbs
{
    const string Data = "CIFAR-10 binary files (*.bin), the four IDX files of MNIST or its relatives, or one subfolder of image files per "
        + "class. Default: Fashion-MNIST.";

    const string CodesPerPosition = "Number of codes per position of the grid.";

    internal static Option<bool> SkipOption() => new("--skip-unreadable")
    {
        Description = "Leave out image files that cannot be decoded, and show their number. Default: the first is an error.",
    };

    static Option<bool> WithSkip(SampleVerb verb)
    {
        Option<bool> skip = SkipOption();
        verb.Add(skip);
        return skip;
    }

    public static SampleVerb Images()
    {
        var verb = new SampleVerb("images", "Trains a VQ-VAE on images, and a classifier on its codes.", Data);
        Option<bool> skip = WithSkip(verb);
        Option<int?> steps = verb.WithCount("--steps", "Training steps of the codec. Default: depends on the data set.");
        Option<int?> channels = verb.WithCount("--channels", "Channels of the codec's inner layers. Default: depends on the data set.");
        Option<int> codes = verb.WithCount("--codes-per-position", CodesPerPosition, 1);
        Option<string?> checkpoint = verb.WithCheckpoint();
        return verb.Runs<ImagesSettings>((settings, parsed, cancellation) => new ImagesSample(
            settings with
            {
                SkipUnreadable = parsed.GetValue(skip),
                Steps = parsed.GetValue(steps),
                Channels = parsed.GetValue(channels),
                CodesPerPosition = parsed.GetValue(codes),
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            cancellation).Run());
    }

    public static SampleVerb Compare()
    {
        var verb = new SampleVerb("compare", "Compares a VQ-VAE with a Gaussian VAE and VIMCO, in bits per dimension.", Data);
        Option<bool> skip = WithSkip(verb);
        Option<int?> steps = verb.WithCount("--steps", "Training steps of each model. Default: depends on the data set.");
        Option<int?> samples = verb.WithCount(
            "--samples", "Samples per image in a training step of VIMCO; the paper has 50. Default: 10, or 5 with --quick.");
        Option<int> codes = verb.WithCount("--codes-per-position", CodesPerPosition, 1);
        return verb.Runs<CompareSettings>((settings, parsed, cancellation) => new CompareSample(
            settings with
            {
                SkipUnreadable = parsed.GetValue(skip),
                Steps = parsed.GetValue(steps),
                Samples = parsed.GetValue(samples),
                CodesPerPosition = parsed.GetValue(codes),
            },
            cancellation).Run());
    }

    public static SampleVerb Generate()
    {
        var verb = new SampleVerb(
            "generate", "Trains a prior over the codes of images, samples new images of each class, and completes given images.", Data);
        Option<bool> skip = WithSkip(verb);
        Option<string?> model = verb.With("--model", "A model.zip of the images sample with the codec. Default: a codec is trained.");
        Option<string> prior = verb.With("--prior", "The network of the prior: a PixelCNN, or a causal transformer.", "pixelcnn");
        prior.AcceptOnlyFromAmong("pixelcnn", "transformer");
        Option<int?> steps = verb.WithCount("--prior-steps", "Training steps of the prior. Default: depends on the data set.");
        Option<int?> perClass = verb.WithCount("--per-class", "Number of images to sample per class. "
            + $"Default: {GeneratePlan.For(new()).PerClass}, or {GeneratePlan.For(new() { Quick = true }).PerClass} with --quick.");
        Option<double> temperature = verb.With(
            "--temperature", "The divisor of the prior's logits in sampling: below 1, likely codes are favored.", 1.0);
        temperature.Validators.Add(result =>
        {
            if (!(result.GetValueOrDefault<double>() is > 0 and <= 10))
                result.AddError("--temperature has to be a number above 0, up to 10.");
        });
        return verb.Runs<GenerateSettings>((settings, parsed, cancellation) => new GenerateSample(
            settings with
            {
                SkipUnreadable = parsed.GetValue(skip),
                ModelFile = parsed.GetValue(model),
                UsesTransformer = parsed.GetValue(prior) == "transformer",
                PriorSteps = parsed.GetValue(steps),
                PerClass = parsed.GetValue(perClass),
                Temperature = parsed.GetValue(temperature),
            },
            cancellation).Run());
    }

    public static SampleVerb TwoLevel()
    {
        var verb = new SampleVerb(
            "two-level", "Trains a second VQ-VAE on the codes of the first: an image becomes a few codes.", Data);
        Option<bool> skip = WithSkip(verb);
        Option<string?> model = verb.With(
            "--model", "A model.zip of the images sample with the codec of the first level. Default: a codec is trained.");
        Option<int> latents = verb.WithCount("--latents", "Number of latents (codes of the second level) per image.", 3);
        Option<int?> steps = verb.WithCount("--steps", "Training steps of the second level. "
            + $"Default: {TwoLevelPlan.For(new()).Steps}, or {TwoLevelPlan.For(new() { Quick = true }).Steps} with --quick.");
        return verb.Runs<TwoLevelSettings>((settings, parsed, cancellation) => new TwoLevelSample(
            settings with
            {
                ModelFile = parsed.GetValue(model),
                Latents = parsed.GetValue(latents),
                SkipUnreadable = parsed.GetValue(skip),
                Steps = parsed.GetValue(steps),
            },
            cancellation).Run());
    }

    public static SampleVerb Features()
    {
        var verb = new SampleVerb(
            "features", "Compares features for a classifier with few labels: raw values, codes, and those of networks over codes and pixels.",
            $"A folder of recordings with phones, as for phonemes, or of images: {Data}");
        Option<bool> skip = WithSkip(verb);
        Option<string> labels = verb.With("--labels", "Numbers of labelled rows, separated by commas.", "100,1000,10000");
        labels.Validators.Add(result =>
        {
            if (CountsOf(result.GetValueOrDefault<string>()) is null)
                result.AddError("--labels has to be numbers of 2 or more, separated by commas, as in 100,1000.");
        });
        Option<string[]> unlabelled = verb.With<string[]>("--unlabelled",
            "A folder of recordings without phones, as for phonemes, that codec and features are trained on too, where --data has recordings. "
            + "May be given several times.", []);
        Option<int?> steps = verb.WithCount("--steps", "Training steps of the features of images, or of speech. Default: depends on --quick.");
        Option<bool> codecs = verb.With(
            "--codecs", "Compare features of the codes of several codecs of images, instead of the kinds of features.", false);
        return verb.Runs<FeaturesSettings>((settings, parsed, cancellation) => new FeaturesSample(
            settings with
            {
                SkipUnreadable = parsed.GetValue(skip),
                Labels = CountsOf(parsed.GetValue(labels))!,
                UnlabelledFolders = parsed.GetValue(unlabelled)!,
                Steps = parsed.GetValue(steps),
                Codecs = parsed.GetValue(codecs),
            },
            cancellation).Run());
    }

    public static SampleVerb Anomalies()
    {
        var verb = new SampleVerb(
            AnomaliesSample.Name, "Detects classes left out of training, painted defects, and odd windows of a series, by the bits of codes.",
            Data);
        Option<bool> skip = WithSkip(verb);
        Option<int?> classes = verb.WithCount("--classes", "Number of classes to leave out, one at a time. "
            + $"Default: {AnomaliesPlan.For(new()).Classes}, or {AnomaliesPlan.For(new() { Quick = true }).Classes} with --quick.");
        return verb.Runs<AnomaliesSettings>((settings, parsed, cancellation) => new AnomaliesSample(
            settings with { SkipUnreadable = parsed.GetValue(skip), Classes = parsed.GetValue(classes) }, cancellation).Run());
    }

    public static SampleVerb Compress()
    {
        var verb = new SampleVerb(
            CompressSample.Name, "Compresses images with a codec and a prior over its codes, and compares the file with JPEG and WebP.",
            "IDX files, CIFAR-10 binary files or one subfolder of image files per class, whose test images are compressed; or image files "
            + "without subfolders, all of which are. Default: Fashion-MNIST.");
        Option<bool> skip = WithSkip(verb);
        Option<string?> model = verb.With(
            "--model", "A model.zip of the generate or the compress sample. Default: a codec and a prior without classes are trained.");
        Option<int?> images = verb.WithCount("--images", "Number of images to compress. Default: all, or 1000 with --quick.");
        return verb.Runs<CompressSettings>((settings, parsed, cancellation) => new CompressSample(
            settings with
            {
                SkipUnreadable = parsed.GetValue(skip),
                ModelFile = parsed.GetValue(model),
                Images = parsed.GetValue(images),
            },
            cancellation).Run());
    }

    public static SampleVerb Decompress()
    {
        var verb = new SampleVerb(
            "decompress", "Decompresses a file of the compress sample to PNG files.",
            "The compressed file. Default: out/compress/images.vqc.", trains: false);
        Option<string> model = verb.With(
            "--model", "The model.zip that the file was compressed with.", Path.Combine("out", CompressSample.Name, "model.zip"));
        return verb.Runs<DecompressSettings>((settings, parsed, cancellation) => new DecompressSample(
            settings with { ModelFile = parsed.GetValue(model)! }, cancellation).Run());
    }

    /// <summary>Numbers separated by commas, in ascending order; null if they are not.</summary>
    static int[]? CountsOf(string? text)
    {
        int?[] counts = [.. (text ?? "").Split(',').Select(part => int.TryParse(part, out int count) && count > 1 ? count : (int?)null)];
        return counts.Contains(null) ? null : [.. counts.Select(count => count!.Value).Distinct().Order()];
    }
}

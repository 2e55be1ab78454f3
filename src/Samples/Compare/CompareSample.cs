using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Training;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>
/// Section 4.1 of the paper (arXiv 1711.00937): a VQ-VAE, a Gaussian VAE and VIMCO with the same encoder and decoder, trained for the same
/// number of steps on the same images, compared by their bound on the bits of images that they have not seen.
/// </summary>
internal sealed class CompareSample(CompareSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    const double PaperVqVae = 4.67, PaperGaussianVae = 4.51, PaperVimco = 5.14;
    const int ShownImages = 10;

    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        var (metrics, models) = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics, models);
        return 0;
    }

    (CompareMetrics Metrics, ComparedModel[] Models) Work(Stages stages)
    {
        ImageData data = stages.Run("Read the pictures", _ => ImageDataSets.Open(_ml, settings.DataFolder));
        ComparePlan plan = ComparePlan.For(data, settings);
        IDataView test = _ml.Data.TakeRows(data.Test, plan.TestRows);

        // 1. The continuous model.
        ImageGaussianVaeOptions gaussian = plan.GaussianVae(data, settings);
        using GaussianVaeTransformer gaussianVae = Train(stages, "the Gaussian VAE", gaussian, data,
            () => _ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", gaussian));
        ComparedModel vae = Measure(stages, "Gaussian VAE", PaperGaussianVae, gaussianVae, gaussianVae.TrainingSummary!, data.Shape, test);

        // 2. The VQ-VAE. Its codes are chosen, not drawn: its bound is what its pixels and its codes cost, these under a uniform prior.
        ImageVqVaeOptions vq = plan.VqVae(data, settings);
        vq.ReconstructionBitsColumnName = nameof(ComparedImage.BoundBits);
        using ImageVqVaeTransformer codec = Train(stages, "the VQ-VAE", vq, data,
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", vq));
        IDataView encoded = _ml.Data.Cache(codec.Transform(test));
        VqVaeMetrics quality = stages.Run("Measure the VQ-VAE", _ => VqVaeMetrics.Evaluate(encoded, "Codes", "Pixels",
            nameof(ComparedImage.Reconstruction), reconstructionBitsColumnName: nameof(ComparedImage.BoundBits)));
        TrainingSummary training = codec.TrainingSummary!;
        var vqVae = new ComparedModel("VQ-VAE", quality.TotalBitsPerDimension!.Value, PaperVqVae,
            [.. training.LearningCurve.Where(at => at.Step > vq.VectorQuantizer.UnquantizedSteps)
                .Select(at => ((double)at.Step, at.Terms["reconstruction bits"] + quality.BitsPerDimension))],
            Reconstructions(encoded), training.Elapsed.TotalSeconds);

        // 3. The discrete model without a codebook: a bound over samples, since no gradient passes through a choice.
        ImageVimcoOptions options = plan.Vimco(data, settings);
        using VimcoTransformer vimcoTransformer = Train(stages, $"VIMCO with {plan.Samples} samples", options, data,
            () => _ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", options));
        ComparedModel vimco =
            Measure(stages, "VIMCO", PaperVimco, vimcoTransformer, vimcoTransformer.TrainingSummary!, data.Shape, test);

        ComparedModel[] models = [vae, vqVae, vimco];
        stages.Run("Draw the pictures", _ => Draw(data, plan, models, test));
        return (new CompareMetrics
        {
            Dataset = data.Name,
            TrainRows = data.TrainRows,
            TestRows = quality.RowCount,
            Steps = plan.Steps,
            BatchSize = plan.BatchSize,
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            VqvaeBitsPerDim = vqVae.BitsPerDim,
            VaeBitsPerDim = vae.BitsPerDim,
            VimcoBitsPerDim = vimco.BitsPerDim,
            VqvaeCodeBitsPerDim = quality.BitsPerDimension,
            VqvaePerplexity = quality.Perplexity,
            VimcoSamples = plan.Samples,
            VqvaeTrainingSeconds = Math.Round(vqVae.Seconds, 1),
            VaeTrainingSeconds = Math.Round(vae.Seconds, 1),
            VimcoTrainingSeconds = Math.Round(vimco.Seconds, 1),
        }, models);
    }

    TTransformer Train<TTransformer>(
        Stages stages, string what, ImageModelOptions options, ImageData data, Func<IEstimator<TTransformer>> estimator)
        where TTransformer : class, ITransformer => stages.Run($"Train {what} on {data.TrainRows:N0} × {data.Shape}", stage =>
        {
            options.Training.Progress = new TrainingReport(stage);
            options.Training.CancellationToken = cancellation;
            return estimator().Fit(data.Train);
        });

    ComparedModel Measure(
        Stages stages, string name, double paper, ITransformer model, TrainingSummary training, ImageShape shape, IDataView test)
    {
        IDataView measured = _ml.Data.Cache(model.Transform(test));
        double bits = stages.Run($"Measure the {name}", _ => Read(measured).Average(image =>
        {
            cancellation.ThrowIfCancellationRequested();
            return (double)image.BoundBits;
        }));
        return new ComparedModel(name, bits / shape.Values, paper, [.. training.LearningCurve.Select(at => ((double)at.Step, at.Loss))],
            Reconstructions(measured), training.Elapsed.TotalSeconds);
    }

    IEnumerable<ComparedImage> Read(IDataView view) => _ml.Data.CreateEnumerable<ComparedImage>(view, reuseRowObject: false);

    List<float[]> Reconstructions(IDataView view) => [.. Read(view).Take(ShownImages).Select(image => image.Reconstruction)];

    void Draw(ImageData data, ComparePlan plan, ComparedModel[] models, IDataView test)
    {
        float[][] originals =
            [.. _ml.Data.CreateEnumerable<LabelledImage>(test, reuseRowObject: false).Take(ShownImages).Select(image => image.Pixels)];
        string title = $"{data.Name}: the same network and {plan.Steps} steps of {plan.BatchSize} images for each";
        ComparePictures.Curves(title, data.Name, plan, models).Save(Out("learning-curves.png"));
        ComparePictures.Reconstructions(title, data.Shape, originals, models).Save(Out("reconstructions.png"));
    }

    void Show(CompareMetrics metrics, ComparedModel[] models)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("Bits per dimension", $"{metrics.Dataset}, {metrics.Steps:N0} steps", "paper: CIFAR-10, 250,000 steps", "training");
        foreach (ComparedModel model in models)
        {
            table.AddRow(model.Name, model.BitsPerDim.ToString("0.000", invariant), model.PaperBitsPerDim.ToString("0.00", invariant),
                model.Seconds.ToString("0 s", invariant));
        }
        console.Write(table);
        console.WriteLine(string.Create(invariant,
            $"On {metrics.TestRows:N0} test pictures; {metrics.VqvaeCodeBitsPerDim:0.000} of the VQ-VAE's bits are those of its codes."));
        console.WriteLine(string.Create(invariant, $"{metrics.Seconds:0} s. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}

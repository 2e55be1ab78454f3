using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Training;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>
/// Section 4.1 of the paper (arXiv 1711.00937): a VQ-VAE, a Gaussian VAE and VIMCO with the same encoder and decoder, trained for the same
/// number of steps on the same images, compared by their bound on the bits of held-out images.
/// </summary>
internal sealed class CompareSample(CompareSettings settings, CancellationToken cancellation)
    : Sample<CompareSettings>(settings, cancellation)
{
    const double PaperVqVae = 4.67, PaperGaussianVae = 4.51, PaperVimco = 5.14;
    const int ShownImages = 10;

    protected override string Title => "A VQ-VAE, a Gaussian VAE and VIMCO";

    protected override SampleResult Work(Stages stages)
    {
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        ComparePlan plan = ComparePlan.For(data, Settings);
        IDataView test = ML.Data.TakeRows(data.Test, plan.TestRows);

        // 1. The continuous model.
        ImageGaussianVaeOptions gaussian = plan.GaussianVae(data, Settings);
        using GaussianVaeTransformer gaussianVae = Train(stages, "the Gaussian VAE", gaussian, data,
            () => ML.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", gaussian));
        ComparedModel vae = Measure(stages, "Gaussian VAE", PaperGaussianVae, gaussianVae, gaussianVae.TrainingSummary!, data.Shape, test);

        // 2. The VQ-VAE. Its codes are deterministic: its bound is the bits of the pixels plus the bits of the codes, under a uniform prior as
        // in the paper, and under a prior that is learned afterwards.
        ImageVqVaeOptions vq = plan.VqVae(data, Settings);
        vq.ReconstructionBitsColumnName = nameof(ComparedImage.BoundBits);
        using ImageVqVaeTransformer codec = Train(stages, "the VQ-VAE", vq, data,
            () => ML.Transforms.VqVae.EncodeImages("Codes", "Pixels", vq));
        PriorOptions priorOptions = plan.Prior(Settings);
        using PriorTransformer prior = stages.Train(
            $"Train the prior on the codes of {data.TrainRows:N0} images", priorOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.Prior("PriorBits", "Codes", null, priorOptions).Fit(codec.Transform(data.Train)));
        IDataView encoded = ML.Data.Cache(prior.Transform(codec.Transform(test)));
        VqVaeMetrics quality = stages.Run("Evaluate the VQ-VAE", _ => VqVaeMetrics.Evaluate(encoded, "Codes", "Pixels",
            nameof(ComparedImage.Reconstruction), priorBitsColumnName: "PriorBits",
            reconstructionBitsColumnName: nameof(ComparedImage.BoundBits)));
        double withUniformPrior = quality.ReconstructionBitsPerDimension!.Value + quality.BitsPerDimension;
        TrainingSummary training = codec.TrainingSummary!;
        var vqVae = new ComparedModel("VQ-VAE", withUniformPrior, PaperVqVae,
            [.. training.LearningCurve.Where(at => at.Perplexity is not null)
                .Select(at => ((double)at.Step, at.Terms["reconstruction bits"] + quality.BitsPerDimension))],
            Reconstructions(encoded), training.Elapsed.TotalSeconds);

        // 3. The discrete model without a codebook: a multi-sample bound, since a discrete choice has no gradient.
        ImageVimcoOptions options = plan.Vimco(data, Settings);
        using VimcoTransformer vimcoTransformer = Train(stages, $"VIMCO with {plan.Samples} samples", options, data,
            () => ML.Transforms.VqVae.EncodeVimco("Latents", "Pixels", options));
        ComparedModel vimco =
            Measure(stages, "VIMCO", PaperVimco, vimcoTransformer, vimcoTransformer.TrainingSummary!, data.Shape, test);

        ComparedModel[] models = [vae, vqVae, vimco];
        stages.Run("Draw the figures", _ => Draw(data, plan, models, test));
        var metrics = new CompareMetrics
        {
            Dataset = data.Name,
            TrainRows = data.TrainRows,
            TestRows = quality.RowCount,
            Steps = plan.Steps,
            BatchSize = plan.BatchSize,
            Seconds = Seconds,
            VqvaeBitsPerDim = vqVae.BitsPerDim,
            VaeBitsPerDim = vae.BitsPerDim,
            VimcoBitsPerDim = vimco.BitsPerDim,
            VqvaeCodeBitsPerDim = quality.BitsPerDimension,
            VqvaeBitsPerDimWithPrior = quality.TotalBitsPerDimension!.Value,
            VqvaePriorBitsPerDim = quality.PriorBitsPerDimension!.Value,
            VqvaePerplexity = quality.Perplexity,
            VimcoSamples = plan.Samples,
            VqvaeTrainingSeconds = Math.Round(vqVae.Seconds, 1),
            VaeTrainingSeconds = Math.Round(vae.Seconds, 1),
            VimcoTrainingSeconds = Math.Round(vimco.Seconds, 1),
        };
        Table table = TableOf(
            "Bits per dimension", $"{metrics.Dataset}, {metrics.Steps:N0} steps", "paper: CIFAR-10, 250,000 steps", "training");
        foreach (ComparedModel model in models)
            table.AddRow(model.Name, $"{model.BitsPerDim:0.000}", $"{model.PaperBitsPerDim:0.00}", $"{model.Seconds:0} s");
        table.AddRow("VQ-VAE with a learned prior", $"{metrics.VqvaeBitsPerDimWithPrior:0.000}", "",
            $"{prior.TrainingSummary!.Elapsed.TotalSeconds:0} s");
        string summary = $"{metrics.TestRows:N0} test images; the codes take {metrics.VqvaeCodeBitsPerDim:0.000} of the bits per "
            + $"dimension of the VQ-VAE, {metrics.VqvaePriorBitsPerDim:0.000} with the prior; {metrics.Seconds:0} s";
        return new SampleResult(metrics, table, summary);
    }

    TTransformer Train<TTransformer>(
        Stages stages, string model, ImageModelOptions options, ImageData data, Func<IEstimator<TTransformer>> estimator)
        where TTransformer : class, ITransformer => stages.Train(
            $"Train {model} on {data.TrainRows:N0} × {data.Shape}", options.Training, Cancellation, () => estimator().Fit(data.Train));

    ComparedModel Measure(
        Stages stages, string name, double paper, ITransformer model, TrainingSummary training, ImageShape shape, IDataView test)
    {
        IDataView measured = ML.Data.Cache(model.Transform(test));
        double bits = stages.Run($"Evaluate the {name}", _ => Read(measured).Average(image =>
        {
            Cancellation.ThrowIfCancellationRequested();
            return (double)image.BoundBits;
        }));
        return new ComparedModel(name, bits / shape.Values, paper, [.. training.LearningCurve.Select(at => ((double)at.Step, at.Loss))],
            Reconstructions(measured), training.Elapsed.TotalSeconds);
    }

    IEnumerable<ComparedImage> Read(IDataView view) => ML.Data.CreateEnumerable<ComparedImage>(view, reuseRowObject: false);

    List<float[]> Reconstructions(IDataView view) => [.. Read(view).Take(ShownImages).Select(image => image.Reconstruction)];

    void Draw(ImageData data, ComparePlan plan, ComparedModel[] models, IDataView test)
    {
        float[][] originals =
            [.. ML.Data.CreateEnumerable<LabelledImage>(test, reuseRowObject: false).Take(ShownImages).Select(image => image.Pixels)];
        string title = $"{data.Name}: one network, {plan.Steps:N0} steps of {plan.BatchSize} images";
        Show(CompareFigures.Curves(title, data.Name, plan, models), "learning-curves.png",
            "Bits per dimension of the three models over their training steps, and a table of the results");
        ImageRow RowOf(string name, IEnumerable<float[]> images) => new(name, [.. images.Select(data.Shape.Tile)]);
        Show(ImageGrid.Draw(title, "Test images and their reconstructions by the three models", data.Shape,
            [RowOf("original", originals), .. models.Select(model => RowOf(model.Name, model.Reconstructions))]), "reconstructions.png",
            "Test images, and their reconstructions by each model");
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record CompareMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    public required long TestRows { get; init; }

    /// <summary>The steps of each model.</summary>
    public required int Steps { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>Of the whole run.</summary>
    public required double Seconds { get; init; }

    public required double VqvaeBitsPerDim { get; init; }

    public required double VaeBitsPerDim { get; init; }

    public required double VimcoBitsPerDim { get; init; }

    /// <summary>The bits of the codes under a uniform prior; part of vqvae_bits_per_dim.</summary>
    public required double VqvaeCodeBitsPerDim { get; init; }

    /// <summary>The bound with a prior over the codes that is learned after the codec.</summary>
    public required double VqvaeBitsPerDimWithPrior { get; init; }

    /// <summary>The bits of the codes under that prior; part of vqvae_bits_per_dim_with_prior.</summary>
    public required double VqvaePriorBitsPerDim { get; init; }

    public required double VqvaePerplexity { get; init; }

    /// <summary>Samples of VIMCO's bound in training.</summary>
    public required int VimcoSamples { get; init; }

    public required double VqvaeTrainingSeconds { get; init; }

    public required double VaeTrainingSeconds { get; init; }

    public required double VimcoTrainingSeconds { get; init; }
}

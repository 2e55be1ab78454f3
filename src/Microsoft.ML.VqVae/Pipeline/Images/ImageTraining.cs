using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>What a model of images is trained on.</summary>
internal sealed record ImageTrainingData(ImageCodecOptions Codec, ImageFormat Format, RowStore Rows, Device Device);

/// <summary>Hands a network and the stored rows to the training loop.</summary>
internal static class ImageTraining
{
    public static (ImageModel Model, TrainingSummary Summary) VqVae(
        IHostEnvironment environment, ImageVqVaeOptions options, ImageTrainingData data)
    {
        VectorQuantizerOptions quantizer = options.Quantizer.Copy();
        var settings = new SettingsFingerprint().Add("Quantizer", quantizer, SavedModelJson.Default.VectorQuantizerOptions);
        return Run<ImageVqVae, ImageVqVaeOutput, ImageModel>(environment, options, data, $"a VQ-VAE of {quantizer.Codes} codes",
            settings,
            seed => new ImageVqVae(data.Codec, quantizer, seed), (network, pixels, moment) => Loss(network, pixels, moment),
            network => new ImageModel(
                new ImageModelDescription(data.Codec, quantizer, data.Format, options.PredictionBatchSize), network, data.Device));
    }

    static StepLoss Loss(ImageVqVae network, Tensor pixels, TrainingMoment moment)
    {
        network.Quantizer.EnableRestartsAt(moment.Fraction);
        VqVaeLosses losses = network.Losses(pixels, moment.Step);
        var terms = new Dictionary<string, Tensor>
        {
            ["reconstruction"] = losses.Reconstruction,
            ["codebook"] = losses.Codebook,
            ["commitment"] = losses.Commitment,
        };
        if (losses.ReconstructionBits is { } bits)
            terms["reconstruction bits"] = bits;
        return new StepLoss(losses.Total, terms, losses.Counts);
    }

    public static (GaussianVaeModel Model, TrainingSummary Summary) GaussianVae(
        IHostEnvironment environment, ImageGaussianVaeOptions options, ImageTrainingData data)
    {
        int channels = options.LatentChannels;
        var settings = new SettingsFingerprint().Add("latents at a position", channels);
        return Run<ImageGaussianVae, GaussianPosterior, GaussianVaeModel>(environment, options, data,
            $"a Gaussian VAE of {channels} latents a position", settings,
            seed => new ImageGaussianVae(data.Codec, channels, seed),
            (network, pixels, moment) => Loss(network.Losses(pixels, moment.Step)),
            network => new GaussianVaeModel(
                new GaussianVaeDescription(data.Codec, channels, data.Format, options.PredictionBatchSize), network, data.Device));
    }

    public static (VimcoModel Model, TrainingSummary Summary) Vimco(
        IHostEnvironment environment, ImageVimcoOptions options, ImageTrainingData data)
    {
        VimcoOptions latents = options.Latents.Copy();
        var settings = new SettingsFingerprint().Add("Latents", latents, SavedModelJson.Default.VimcoOptions);
        return Run<ImageVimco, Tensor, VimcoModel>(environment, options, data,
            $"a VIMCO model of {latents.Samples} samples", settings,
            seed => new ImageVimco(data.Codec, latents, seed),
            (network, pixels, moment) => Loss(network.Losses(pixels, moment.Step)),
            network => new VimcoModel(
                new VimcoDescription(data.Codec, latents, data.Format, options.PredictionBatchSize), network, data.Device));
    }

    static StepLoss Loss(BoundLosses losses) => new(losses.Total, new Dictionary<string, Tensor>
    {
        ["reconstruction bits"] = losses.ReconstructionBits,
        ["latent bits"] = losses.LatentBits,
    });

    /// <summary>Trains one kind of model of images.</summary>
    /// <param name="environment">Where seed and log are.</param>
    /// <param name="options">The length and pace of training.</param>
    /// <param name="data">The images.</param>
    /// <param name="what">What is trained, for the log.</param>
    /// <param name="settings">What of the kind of model decides the weights.</param>
    /// <param name="create">Makes the network by a seed.</param>
    /// <param name="loss">Its loss for a batch of images.</param>
    /// <param name="build">Makes the model of the trained network.</param>
    static (TModel Model, TrainingSummary Summary) Run<TNetwork, TOutput, TModel>(
        IHostEnvironment environment, ImageModelOptions options, ImageTrainingData data, string what, SettingsFingerprint settings,
        Func<int, TNetwork> create, Func<TNetwork, Tensor, TrainingMoment, StepLoss> loss, Func<TNetwork, TModel> build)
        where TNetwork : ImageAutoencoder<TOutput>
        where TModel : TrainedModel
    {
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options.Training);
        RowStore rows = data.Rows;
        TNetwork network = create(seed);
        network.SetPixelStatistics(rows.Mean, rows.Deviation, rows.Minimum, rows.Maximum);
        var task = new TrainingTask
        {
            Network = network,
            Examples = rows.Count,
            ReadBatch = numbers => [rows.ReadBatch(numbers.Span)],
            Loss = (batch, moment) => loss(network, batch[0], moment),
            Fingerprint = settings
                .Add("Codec", data.Codec, SavedModelJson.Default.ImageCodecOptions)
                .Add("images", rows.Count).Add("mean", rows.Mean).Add("deviation", rows.Deviation)
                .Add("minimum", rows.Minimum).Add("maximum", rows.Maximum).Add("seed", seed).ToString(),
        };
        return NetworkTraining.Run(environment, task, training, data.Device,
            string.Create(CultureInfo.InvariantCulture, $"{what} on {rows.Count} images of {data.Format}"), () => build(network));
    }
}

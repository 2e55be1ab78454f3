using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Quantization;
using Microsoft.ML.VqVae.Rows;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Hands a network and the stored rows to the training loop.</summary>
internal static class ImageTraining
{
    /// <summary>The share of a run after which dead codes are left alone, so that the decoder can settle on a codebook that
    /// stays.</summary>
    const double RestartUntilFraction = 0.85;

    public static (ImageModel Model, TrainingSummary Summary) Run(
        IHostEnvironment environment, ImageVqVaeOptions options, ImageCodecOptions codec, ImageFormat format, RowStore rows, Device device)
    {
        VectorQuantizerOptions quantizer = options.Quantizer.Copy();
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options.Training);
        var network = new ImageVqVae(codec, quantizer, seed);
        network.SetPixelStatistics(rows.Mean, rows.Deviation, rows.Minimum, rows.Maximum);
        var task = new TrainingTask
        {
            Network = network,
            Examples = rows.Count,
            ReadBatch = numbers => [rows.ReadBatch(numbers.Span)],
            Loss = (batch, moment) => Loss(network, batch[0], moment),
            Fingerprint = FingerprintOf(codec, quantizer, rows, seed),
        };
        var description = new ImageModelDescription(codec, quantizer, format, options.PredictionBatchSize);
        return NetworkTraining.Run(environment, task, training, device,
            string.Create(CultureInfo.InvariantCulture, $"a VQ-VAE on {rows.Count} images of {format}: {quantizer.Codes} codes"),
            () => new ImageModel(description, network, device));
    }

    static StepLoss Loss(ImageVqVae network, Tensor pixels, TrainingMoment moment)
    {
        network.Quantizer.RestartsEnabled = moment.Fraction < RestartUntilFraction;
        VqVaeLosses losses = network.Losses(pixels, moment.Step);
        return new StepLoss(losses.Total, new Dictionary<string, Tensor>
        {
            ["reconstruction"] = losses.Reconstruction,
            ["codebook"] = losses.Codebook,
            ["commitment"] = losses.Commitment,
        }, losses.Counts);
    }

    static string FingerprintOf(ImageCodecOptions codec, VectorQuantizerOptions quantizer, RowStore rows, int seed) => new SettingsFingerprint()
        .Add("Codec", codec, SavedModelJson.Default.ImageCodecOptions)
        .Add("Quantizer", quantizer, SavedModelJson.Default.VectorQuantizerOptions)
        .Add("images", rows.Count).Add("mean", rows.Mean).Add("deviation", rows.Deviation)
        .Add("minimum", rows.Minimum).Add("maximum", rows.Maximum).Add("seed", seed).ToString();
}

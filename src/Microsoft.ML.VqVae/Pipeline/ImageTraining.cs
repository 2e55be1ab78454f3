using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Persistence;
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
        TrainingOptions training = options.Training.Copy();
        int seed = training.Seed ?? MLNetInternals.SeedOf(environment) ?? (training.CheckpointFolder is null ? Random.Shared.Next() : 0);
        training.Seed = seed;

        var network = new ImageVqVae(codec, quantizer, seed);
        try
        {
            network.SetPixelStatistics(rows.Mean, rows.Deviation, rows.Minimum, rows.Maximum);
            var task = new TrainingTask
            {
                Network = network,
                Examples = rows.Count,
                ReadBatch = numbers => [rows.ReadBatch(numbers.Span)],
                Loss = (batch, moment) => Loss(network, batch[0], moment),
                Fingerprint = Fingerprint(codec, quantizer, rows, seed),
            };
            using IChannel channel = environment.Start("VqVae");
            channel.Info(MessageSensitivity.None, string.Create(CultureInfo.InvariantCulture,
                $"Training a VQ-VAE on {rows.Count} images of {format}: {quantizer.Codes} codes, on {device}, seed {seed}."));
            TrainingSummary summary = TrainingLoop.Run(task, training, device, line => channel.Info(MessageSensitivity.None, line));
            var description = new ImageModelDescription(codec, quantizer, format, options.PredictionBatchSize);
            return (new ImageModel(description, network, device), summary);
        }
        catch
        {
            network.Dispose();
            throw;
        }
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

    // What a checkpoint must agree with for training to go on from it: everything that decides the weights.
    static string Fingerprint(ImageCodecOptions codec, VectorQuantizerOptions quantizer, RowStore rows, int seed) => string.Join('\n',
        new (string Name, IFormattable Value)[]
        {
            ("height", codec.Height), ("width", codec.Width), ("channels", codec.Channels), ("hidden channels", codec.HiddenChannels),
            ("outer channels", codec.OuterChannels), ("residual channels", codec.ResidualChannels),
            ("residual blocks", codec.ResidualBlocks),
            ("downsamplings", codec.Downsamplings), ("flips", codec.FlipHorizontally ? 1 : 0), ("codes", quantizer.Codes),
            ("dimensions", quantizer.Dimensions), ("codes per position", quantizer.CodesPerPosition),
            ("separate codebooks", quantizer.SeparateCodebooks ? 1 : 0), ("commitment cost", quantizer.CommitmentCost),
            ("learning", quantizer.Learning), ("decay", quantizer.Decay), ("smoothing", quantizer.Smoothing),
            ("initialize from data", quantizer.InitializeFromData ? 1 : 0), ("unquantized steps", quantizer.UnquantizedSteps),
            ("k-means iterations", quantizer.KMeansIterations), ("restart every steps", quantizer.RestartEverySteps),
            ("restart below", quantizer.RestartBelow), ("images", rows.Count), ("mean", rows.Mean), ("deviation", rows.Deviation),
            ("minimum", rows.Minimum), ("maximum", rows.Maximum), ("seed", seed),
        }.Select(setting => $"{setting.Name}={setting.Value.ToString(null, CultureInfo.InvariantCulture)}"));
}

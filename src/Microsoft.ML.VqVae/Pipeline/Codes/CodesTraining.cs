using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Hands a codec of codes and the stored codes to the training loop.</summary>
internal static class CodesTraining
{
    public static (CodesModel Model, TrainingSummary Summary) Run(
        IHostEnvironment environment, CodesVqVaeOptions options, CodesCodecOptions codec, CodeFormat format, CodeStore rows, Device device)
    {
        VectorQuantizerOptions quantizer = options.Quantizer.Copy();
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options.Training);
        var network = new CodesVqVae(codec, quantizer, seed);
        var task = new TrainingTask
        {
            Network = network,
            Examples = rows.Count,
            ReadBatch = examples => rows.ReadBatch(examples.Numbers.Span),
            Loss = (batch, moment) => Loss(network, batch[0], moment),
            Fingerprint = new SettingsFingerprint()
                .Add("Codec", codec, SavedModelJson.Default.CodesCodecOptions)
                .Add("Quantizer", quantizer, SavedModelJson.Default.VectorQuantizerOptions)
                .Add("rows", rows.Count).Add("seed", seed).ToString(),
        };
        var description = new CodesModelDescription(codec, quantizer, format, options.PredictionBatchSize);
        return NetworkTraining.Run(environment, task, training, device, string.Create(CultureInfo.InvariantCulture,
            $"a VQ-VAE on {rows.Count} grids of {format.Length} codes: {quantizer.CodesPerPosition} latents of {quantizer.Codes} codes"),
            () => new CodesModel(description, network, device));
    }

    static StepLoss Loss(CodesVqVae network, Tensor codes, TrainingMoment moment)
    {
        network.Quantizer.EnableRestartsAt(moment.Fraction);
        CodesVqVaeLosses losses = network.Losses(codes, moment.Step);
        return new StepLoss(losses.Total, new Dictionary<string, Tensor>
        {
            ["bits per code"] = losses.BitsPerCode,
            ["codebook"] = losses.Codebook,
            ["commitment"] = losses.Commitment,
        }, losses.Counts);
    }
}

using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Hands a prior and the stored codes to the training loop.</summary>
internal static class PriorTraining
{
    static readonly double BitsPerNat = 1 / Math.Log(2);

    public static (PriorModel Model, TrainingSummary Summary) Run(
        IHostEnvironment environment, TrainingOptions options, PriorDescription description, CodeStore rows, Device device)
    {
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options);
        CodePrior network = description.Build(seed);
        var task = new TrainingTask
        {
            Network = network,
            Examples = rows.Count,
            ReadBatch = numbers => rows.ReadBatch(numbers.Span),
            Loss = (batch, moment) => Loss(network, batch, description.Format.Length is null, moment),
            Fingerprint = FingerprintOf(description, rows, seed),
        };
        string conditions = description.Conditions is { } set ? $" given one of {set.Count} conditions" : "";
        return NetworkTraining.Run(environment, task, training, device,
            string.Create(CultureInfo.InvariantCulture, $"a prior on {rows.Count} rows of {description.Format.ToColumnType()}{conditions}"),
            () => new PriorModel(description, network, device));
    }

    static StepLoss Loss(CodePrior network, Tensor[] batch, bool lengthsDiffer, TrainingMoment moment)
    {
        Tensor nats = network.Loss(batch[0], batch.Length > 2 ? batch[2] : null, lengthsDiffer ? batch[1] : null, moment.Step);
        return new StepLoss(nats, new Dictionary<string, Tensor> { ["bits per code"] = nats.detach() * BitsPerNat });
    }

    static string FingerprintOf(PriorDescription description, CodeStore rows, int seed)
    {
        var fingerprint = new SettingsFingerprint();
        if (description.PixelCnn is not null)
            fingerprint.Add("PixelCnn", description.PixelCnn, SavedModelJson.Default.PixelCnnOptions);
        if (description.WaveNet is not null)
            fingerprint.Add("WaveNet", description.WaveNet, SavedModelJson.Default.WaveNetPriorOptions);
        return fingerprint.Add("rows", rows.Count).Add("codes", rows.TotalCodes).Add("seed", seed).ToString();
    }
}

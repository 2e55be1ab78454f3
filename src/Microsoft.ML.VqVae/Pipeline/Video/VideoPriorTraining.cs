using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Hands a prior over video and the stored episodes to the training loop.</summary>
internal static class VideoPriorTraining
{
    static readonly double BitsPerNat = 1 / Math.Log(2);

    public static (VideoPriorModel Model, TrainingSummary Summary) Run(
        IHostEnvironment environment, TrainingOptions options, VideoPriorDescription description, EpisodeStore episodes, Device device)
    {
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options);
        int context = description.Network.ContextFrames;
        int[] frames = episodes.FramesWith(context);
        if (frames.Length == 0)
        {
            throw new InvalidOperationException($"The longest episode has {episodes.Episodes.Max(episode => episode.Length)} frames; the "
                + $"prior looks back {context} (Network.ContextFrames), so an episode needs {context + 1} frames or more.");
        }
        var network = new VideoCodePrior(description.Network, seed);
        var task = new TrainingTask
        {
            Network = network,
            Examples = frames.Length,
            ReadBatch = batch => episodes.ReadBatch(Array.ConvertAll(batch.Span.ToArray(), number => frames[number]), context + 1),
            Loss = (batch, moment) => Loss(network, batch[0], batch[1], context, moment),
            Fingerprint = new SettingsFingerprint()
                .Add("Network", description.Network, SavedModelJson.Default.VideoCodePriorOptions)
                .Add("frames", frames.Length).Add("codes", episodes.TotalCodes).Add("seed", seed).ToString(),
        };
        return NetworkTraining.Run(environment, task, training, device, string.Create(CultureInfo.InvariantCulture,
            $"a prior on {frames.Length} frames of {description.Format.ToColumnType()} in {episodes.Episodes.Count} episodes"),
            () => new VideoPriorModel(description, network, device));
    }

    static StepLoss Loss(VideoCodePrior network, Tensor codes, Tensor actions, int context, TrainingMoment moment)
    {
        Tensor nats = network.Loss(codes.select(1, context), codes.narrow(1, 0, context), actions.narrow(1, 1, context), moment.Step);
        return new StepLoss(nats, new Dictionary<string, Tensor> { ["bits per code"] = nats.detach() * BitsPerNat });
    }
}

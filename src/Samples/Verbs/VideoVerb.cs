using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The command for action-conditioned video prediction.</summary>
internal static class VideoVerb
{
    public static SampleVerb Create()
    {
        var verb = new SampleVerb(
            "video", "Trains a VQ-VAE on video frames and an action-conditioned prior over their codes, and rolls it out.",
            "A folder of frame strips (*.png, square frames side by side) and actions.tsv (strip, frame, action). "
            + "Default: walks through Freedoom, played once by dsda-doom and kept in the cache.");
        VideoPlan plan = VideoPlan.For(new VideoSettings()), quick = VideoPlan.For(new VideoSettings { Quick = true });
        Option<int?> codecSteps = verb.WithCount(
            "--codec-steps", $"Training steps of the codec. Default: {plan.CodecSteps}, or {quick.CodecSteps} with --quick.");
        Option<int?> priorSteps = verb.WithCount(
            "--prior-steps", $"Training steps of the prior. Default: {plan.PriorSteps}, or {quick.PriorSteps} with --quick.");
        Option<string?> checkpoint = verb.WithCheckpoint();
        return verb.Runs<VideoSettings>((settings, parsed, cancellation) => new VideoSample(
            settings with
            {
                CodecSteps = parsed.GetValue(codecSteps),
                PriorSteps = parsed.GetValue(priorSteps),
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            cancellation).Run());
    }
}

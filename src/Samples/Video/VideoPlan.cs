using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The options of the video command.</summary>
internal sealed record VideoSettings : SampleSettings
{
    public int? CodecSteps { get; init; }

    public int? PriorSteps { get; init; }

    public string? CheckpointFolder { get; init; }
}

/// <summary>The amount of data and the training budget.</summary>
/// <param name="Episodes">Episodes of the default data.</param>
/// <param name="CodecSteps">Training steps of the codec.</param>
/// <param name="PriorSteps">Training steps of the prior.</param>
/// <param name="Starts">The number of starts of rollouts in the test episodes.</param>
internal sealed record VideoPlan(int Episodes, int CodecSteps, int PriorSteps, int Starts)
{
    /// <summary>The numbers of given and generated frames of a rollout, as in section 4.4 of the paper.</summary>
    public const int FramesGiven = 6, FramesMade = 10;

    /// <summary>The codec is trained on every second frame, since consecutive frames are similar.</summary>
    public const int CodecEveryFrame = 2;

    /// <summary>Of 256 codes many stand for the same surface, and which of them comes next is chance: two bits less at each position cost
    /// 1 dB, and halve what the prior has to guess (docs/video.md).</summary>
    const int Codes = 64;

    /// <summary>The rollouts of the true actions from each start, whose mean frames are compared with the true ones.</summary>
    public int RolloutsInMean { get; init; } = 8;

    public static VideoPlan For(VideoSettings settings)
    {
        VideoPlan plan = settings.Quick
            ? new(Episodes: 8, CodecSteps: 200, PriorSteps: 200, Starts: 12) { RolloutsInMean = 2 }
            : new(Episodes: 32, CodecSteps: 1200, PriorSteps: 3000, Starts: 64);
        return plan with { CodecSteps = settings.CodecSteps ?? plan.CodecSteps, PriorSteps = settings.PriorSteps ?? plan.PriorSteps };
    }

    /// <summary>The FastVideo preset with fewer codes and the steps of this plan.</summary>
    public ImageVqVaeOptions CodecOptions(VideoSettings settings)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.FastVideo();
        options.VectorQuantizer.Codes = Codes;
        options.Training.Precision = TrainingPrecision.Auto;
        options.ReconstructionColumnName = nameof(DecodedFrame.Decoded);
        options.Training.Steps = CodecSteps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = CheckpointFolder(settings, "codec");
        options.PredictionBatchSize = 16;
        return options;
    }

    public VideoPriorOptions PriorOptions(VideoSettings settings)
    {
        VideoPriorOptions options = VideoPriorOptions.Fast();
        options.Training.Precision = TrainingPrecision.Auto;
        options.Training.Steps = PriorSteps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = CheckpointFolder(settings, "prior");
        return options;
    }

    static string? CheckpointFolder(VideoSettings settings, string model) =>
        settings.CheckpointFolder is { } folder ? Path.Combine(folder, model) : null;
}

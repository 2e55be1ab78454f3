namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>How much data, and how long to train. Steps are the same on every machine; minutes are not.</summary>
/// <param name="Episodes">Episodes of the default data.</param>
/// <param name="CodecSteps">Training steps of the codec.</param>
/// <param name="PriorSteps">Training steps of the prior.</param>
/// <param name="Starts">How many places in the test episodes rollouts start from.</param>
internal sealed record VideoPlan(int Episodes, int CodecSteps, int PriorSteps, int Starts)
{
    /// <summary>How many frames a rollout is given, and how many it makes: six and ten, as in section 4.4 of the paper.</summary>
    public const int FramesGiven = 6, FramesMade = 10;

    /// <summary>Frames that follow each other are much alike: the codec learns from every second one.</summary>
    public const int CodecEveryFrame = 2;

    public static VideoPlan For(VideoSettings settings)
    {
        VideoPlan plan = settings.Quick
            ? new(Episodes: 8, CodecSteps: 200, PriorSteps: 200, Starts: 12)
            : new(Episodes: 32, CodecSteps: 1000, PriorSteps: 2400, Starts: 64);
        return plan with { CodecSteps = settings.CodecSteps ?? plan.CodecSteps, PriorSteps = settings.PriorSteps ?? plan.PriorSteps };
    }

    /// <summary>The library's settings for video on CPUs.</summary>
    public ImageVqVaeOptions CodecOptions(VideoSettings settings)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.FastVideo();
        options.ReconstructionColumnName = nameof(DecodedFrame.Decoded);
        // The first steps go unquantised, so that the codebook can start from an encoder that has learnt something.
        options.VectorQuantizer.UnquantizedSteps = Math.Min(options.VectorQuantizer.UnquantizedSteps, CodecSteps / 5);
        options.Training.Steps = CodecSteps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = CheckpointFolder(settings, "codec");
        options.PredictionBatchSize = 16;
        return options;
    }

    public VideoPriorOptions PriorOptions(VideoSettings settings)
    {
        VideoPriorOptions options = VideoPriorOptions.Fast();
        options.Training.Steps = PriorSteps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = CheckpointFolder(settings, "prior");
        return options;
    }

    static string? CheckpointFolder(VideoSettings settings, string model) =>
        settings.CheckpointFolder is { } folder ? Path.Combine(folder, model) : null;
}

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file. Squared errors are in squared levels of 0 …
/// 255.</summary>
internal sealed record VideoMetrics
{
    public required string Dataset { get; init; }

    public required int TrainFrames { get; init; }

    public required int TestFrames { get; init; }

    public required string CodeGrid { get; init; }

    /// <summary>Of the whole run, the making of the data included where there was none yet.</summary>
    public required double Seconds { get; init; }

    public required double DataSeconds { get; init; }

    public required double CodecSeconds { get; init; }

    public required double PriorSeconds { get; init; }

    public required double RolloutSeconds { get; init; }

    /// <summary>Of the test frames through the codec.</summary>
    public required double FramePsnrDb { get; init; }

    public required double Perplexity { get; init; }

    public required double BitsPerFrameTrueActions { get; init; }

    public required double BitsPerFrameShuffledActions { get; init; }

    /// <summary>Shuffled minus true, frame by frame: the standard error of the mean.</summary>
    public required double BitsDifferenceStandardError { get; init; }

    /// <summary>The squared error of taking the frame before for a test frame.</summary>
    public required double CopyLastFrameBitsOrMse { get; init; }

    /// <summary>Rollouts under the true actions against the truth, for each step.</summary>
    public required double[] RolloutMseByStep { get; init; }

    /// <summary>The last frame given against the truth, for each step.</summary>
    public required double[] RolloutMseCopyLastByStep { get; init; }

    /// <summary>The first step from which on rollouts are nearer to the truth than the last frame given; counted from 1, 0 for
    /// never.</summary>
    public required int RolloutsBetterFromStep { get; init; }

    /// <summary>The share of the rollouts of "turn left" and "turn right" whose picture moves to the right side, as a whole.</summary>
    public required double LeftRightFlowAgreement { get; init; }

    /// <summary>The same of single steps.</summary>
    public required double LeftRightFlowAgreementOfSteps { get; init; }

    /// <summary>The same of single steps in true video while the player turns: how far the estimate can be trusted.</summary>
    public required double FlowAgreementOfTrueTurns { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record SpeakerMetrics
{
    public required string Dataset { get; init; }

    /// <summary>Of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>Of the codec.</summary>
    public required double TrainMinutes { get; init; }

    public required int Speakers { get; init; }

    /// <summary>Utterances that were converted to each other voice.</summary>
    public required int TestUtterances { get; init; }

    /// <summary>The share of converted utterances that the judge of speakers takes for the voice asked for.</summary>
    public required double ConvertedRecognisedAsTarget { get; init; }

    /// <summary>The share that it takes for the voice that spoke.</summary>
    public required double ConvertedRecognisedAsSource { get; init; }

    /// <summary>How often the judge of speakers is right about recordings that it did not learn from.</summary>
    public required double OriginalRecognised { get; init; }

    /// <summary>How often the judge of phones is right about recordings that it did not learn from.</summary>
    public required double PhoneAccuracyOriginal { get; init; }

    /// <summary>About what the codes are decoded to in the voice that spoke.</summary>
    public required double PhoneAccuracyReconstructed { get; init; }

    /// <summary>About what the codes are decoded to in other voices.</summary>
    public required double PhoneAccuracyConverted { get; init; }

    /// <summary>What always naming the same speaker reaches.</summary>
    public required double ChanceSpeaker { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record SpeechPriorMetrics
{
    /// <summary>Of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>Of held-out utterances, given who speaks.</summary>
    public required double PriorBitsPerCode { get; init; }

    public required double UniformBitsPerCode { get; init; }

    /// <summary>What a second of held-out speech costs under the prior.</summary>
    public required double BitsPerSecond { get; init; }

    public required int Samples { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

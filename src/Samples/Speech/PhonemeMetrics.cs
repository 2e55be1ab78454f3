namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record PhonemeMetrics
{
    public required string Dataset { get; init; }

    /// <summary>"mel" or "waveform".</summary>
    public required string Codec { get; init; }

    public required double CodeRateHz { get; init; }

    /// <summary>How many codes the codebook holds.</summary>
    public required int Codes { get; init; }

    /// <summary>How many phones the training data has.</summary>
    public required int Phones { get; init; }

    /// <summary>Of the codec.</summary>
    public required double TrainMinutes { get; init; }

    /// <summary>Codes of the test data.</summary>
    public required int TestFrames { get; init; }

    /// <summary>Of the whole run, from its start to the comparison with the second process.</summary>
    public required double Seconds { get; init; }

    /// <summary>The share of test codes whose most frequent phone in training is the one that is spoken.</summary>
    public required double MapAccuracy { get; init; }

    /// <summary>What always saying the most frequent phone of the training data reaches.</summary>
    public required double ChanceAccuracy { get; init; }

    /// <summary>What the map from codes to phones reaches where codes and phones were shuffled against each other.</summary>
    public required double ShuffledCodesAccuracy { get; init; }

    /// <summary>How many codes the linear classifier sees: the one in question and its neighbours.</summary>
    public required int WindowCodes { get; init; }

    /// <summary>What a linear classifier on the code and its neighbours reaches.</summary>
    public required double WindowClassifierAccuracy { get; init; }

    /// <summary>The share of codes that occur in the test data.</summary>
    public required double CodebookUsage { get; init; }

    public required double Perplexity { get; init; }

    public required double BitsPerSecond { get; init; }

    public required bool ReloadIdentical { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

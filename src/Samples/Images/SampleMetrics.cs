namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    public required int TestRows { get; init; }

    public required long Steps { get; init; }

    /// <summary>Of the whole run, from its start to the comparison with the second process.</summary>
    public required double Seconds { get; init; }

    public required double Mse { get; init; }

    public required double Nmse { get; init; }

    public required double PsnrDb { get; init; }

    public required double CodebookUsage { get; init; }

    public required double Perplexity { get; init; }

    public required int CodesPerImage { get; init; }

    public required double ClassifierMicroAccuracy { get; init; }

    /// <summary>What always guessing the most frequent class of the test set would reach.</summary>
    public required double ChanceAccuracy { get; init; }

    public required bool ReloadIdentical { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

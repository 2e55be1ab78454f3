namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record GenerateMetrics
{
    /// <summary>Of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>Of held-out pictures, given their class.</summary>
    public required double PriorBitsPerCode { get; init; }

    public required double UniformBitsPerCode { get; init; }

    public required double SamplingSecondsCached { get; init; }

    /// <summary>For as many samples, with a pass over the whole grid for each code.</summary>
    public required double SamplingSecondsNaive { get; init; }

    public required double SamplingSpeedup { get; init; }

    public required int Samples { get; init; }

    /// <summary>The share of the samples that a classifier of real pictures takes for the class that was asked for.</summary>
    public required double ClassifierAgreement { get; init; }

    /// <summary>How well the bits alone tell held-out pictures from the same ones with their rows of pixels shuffled.</summary>
    public required double AnomalyAuc { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

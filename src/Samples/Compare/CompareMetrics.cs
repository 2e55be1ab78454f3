namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file.</summary>
internal sealed record CompareMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    public required long TestRows { get; init; }

    /// <summary>Of each model.</summary>
    public required int Steps { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>Of the whole run.</summary>
    public required double Seconds { get; init; }

    public required double VqvaeBitsPerDim { get; init; }

    public required double VaeBitsPerDim { get; init; }

    public required double VimcoBitsPerDim { get; init; }

    /// <summary>What the codes cost under a uniform prior; part of vqvae_bits_per_dim.</summary>
    public required double VqvaeCodeBitsPerDim { get; init; }

    public required double VqvaePerplexity { get; init; }

    /// <summary>Samples of VIMCO's bound in training.</summary>
    public required int VimcoSamples { get; init; }

    public required double VqvaeTrainingSeconds { get; init; }

    public required double VaeTrainingSeconds { get; init; }

    public required double VimcoTrainingSeconds { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}

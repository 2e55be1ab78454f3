using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Random examples for the codec for speech: the values do not matter to the time that they take.</summary>
public sealed class MelData : IDisposable
{
    public const int Examples = 64;

    public MelData(MelSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        using var generator = new Generator(1);
        Inputs = randn(Examples, size.Coefficients, size.Frames, generator: generator);
        Targets = randn(Examples, size.Bands, size.Frames, generator: generator);
        // Means, then a matrix that is not far from the identity.
        using Tensor means = randn(Examples, 1, size.Coefficients, generator: generator);
        using Tensor noise = randn(Examples, size.Coefficients, size.Coefficients, generator: generator);
        using Tensor matrices = eye(size.Coefficients) + 0.1 * noise;
        Normalizers = cat([means, matrices], 1);
        Speakers = arange(Examples, dtype: ScalarType.Int64).remainder_(size.Speakers);
        Lengths = full([Examples], size.Frames, ScalarType.Int64);
    }

    /// <summary>[N, C, T].</summary>
    public Tensor Inputs { get; }

    /// <summary>[N, bands, T].</summary>
    public Tensor Targets { get; }

    /// <summary>[N, 1 + C, C].</summary>
    public Tensor Normalizers { get; }

    /// <summary>Int64 [N].</summary>
    public Tensor Speakers { get; }

    /// <summary>Int64 [N]: all frames are real.</summary>
    public Tensor Lengths { get; }

    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
        Normalizers.Dispose();
        Speakers.Dispose();
        Lengths.Dispose();
    }
}

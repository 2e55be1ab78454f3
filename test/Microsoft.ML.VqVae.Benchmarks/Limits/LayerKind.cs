namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>The operators that the work of a network is counted in.</summary>
public enum LayerKind
{
    /// <summary>A one-dimensional convolution.</summary>
    Convolution1d,

    /// <summary>A two-dimensional convolution.</summary>
    Convolution2d,

    /// <summary>A two-dimensional transposed convolution.</summary>
    TransposedConvolution,

    /// <summary>The distances of vectors to the codes of a codebook, a matrix product.</summary>
    NearestCode,
}

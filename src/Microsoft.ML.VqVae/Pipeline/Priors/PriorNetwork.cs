namespace Microsoft.ML.VqVae;

/// <summary>Which network learns the distribution of codes.</summary>
public enum PriorNetwork
{
    /// <summary>A PixelCNN for codes in a grid, vectors with two or three dimensions; a WaveNet for all others.</summary>
    FromColumn,

    /// <summary>A gated PixelCNN: a code depends on those above it and to its left. For pictures.</summary>
    PixelCnn,

    /// <summary>A WaveNet: a code depends on those before it in the line. For sound, and for rows of any length.</summary>
    WaveNet,
}

namespace Microsoft.ML.VqVae;

/// <summary>The order of the values in a vector of pixels.</summary>
public enum PixelLayout
{
    /// <summary>Taken from the column's dimensions: [C, H, W] or [H, W, C]. A vector without dimensions is planar.</summary>
    FromColumn,

    /// <summary>All values of one channel, then all of the next: [C, H, W]. What ExtractPixels makes unless told otherwise.</summary>
    Planar,

    /// <summary>The channels of a pixel side by side: [H, W, C]. What ExtractPixels makes with <c>interleavePixelColors</c>.</summary>
    Interleaved,
}

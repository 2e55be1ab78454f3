namespace Microsoft.ML.VqVae.Networks;

/// <summary>p(x|z): what a decoder of images says of a pixel, and so what its bits are counted by and its training weighs errors
/// by.</summary>
/// <remarks>
/// Bits are always those of 8-bit values, −log2 of the probability of the byte that a pixel is. A density is not a probability: for the two
/// Gaussians the byte stands for all numbers that round to it, and its bits are the mean of −log2 p over them (uniform dequantisation;
/// Theis et al. 2015, arXiv 1511.01844). By Jensen's inequality that is never less than −log2 of the probability of the bin, so that what
/// is reported stays a bound. The other two are distributions over the 256 bytes themselves.
/// </remarks>
public enum PixelLikelihood
{
    /// <summary>A Gaussian with the standard deviation of the training data: training minimises the squared error. The default.</summary>
    UnitGaussian,

    /// <summary>A Gaussian whose mean and deviation the decoder gives for each value.</summary>
    Gaussian,

    /// <summary>A logistic distribution whose mean and scale the decoder gives for each value, integrated over the bin of each byte. The
    /// first and the last bin reach to infinity (Salimans et al. 2017, arXiv 1701.05517, with one component).</summary>
    DiscretizedLogistic,

    /// <summary>A probability for each of the 256 bytes, by softmax (van den Oord et al. 2016, arXiv 1601.06759). The decoder's last layer
    /// gets 256 times as wide.</summary>
    Categorical,
}

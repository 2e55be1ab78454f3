namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>A row that went through one of the models.</summary>
internal sealed class ComparedImage
{
    public float[] Reconstruction { get; set; } = [];

    /// <summary>The model's bound on the bits of the whole image.</summary>
    public float BoundBits { get; set; }
}

/// <summary>What one of the models came to.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="BitsPerDim">Its bound on the test images.</param>
/// <param name="PaperBitsPerDim">What the paper reports for CIFAR-10.</param>
/// <param name="Curve">Its bound on the training images over the steps, where there was one.</param>
/// <param name="Reconstructions">The first test images, decoded.</param>
/// <param name="Seconds">How long its training took.</param>
internal sealed record ComparedModel(
    string Name, double BitsPerDim, double PaperBitsPerDim, IReadOnlyList<(double Step, double Bits)> Curve,
    IReadOnlyList<float[]> Reconstructions, double Seconds);

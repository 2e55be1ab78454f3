using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The sizes of PixelCNN that are measured.</summary>
/// <param name="Side">Height and width of the grid of codes.</param>
/// <param name="Batch">Rows in a training step.</param>
public sealed record PriorSize(string Name, int Side, int Classes, int Layers, int Channels, int Batch)
{
    /// <summary>Codes to choose from, in all sizes.</summary>
    public const int Codes = 512;

    static readonly PriorSize[] All =
    [
        // The Fast preset on the codes of Fashion-MNIST.
        new("fast-prior", 7, 10, 6, 64, 64),
        // The network whose sampling is measured.
        new("wide-prior", 32, 0, 15, 128, 2),
    ];

    public static PriorSize Wide => All[1];

    public static PriorSize? Find(string name) => All.FirstOrDefault(size => size.Name == name);

    public PixelCnnOptions Options =>
        new() { Height = Side, Width = Side, Codes = Codes, Conditions = Classes, Layers = Layers, Channels = Channels };
}


namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="PixelCnn"/>: the grid of codes, what conditions them, and the size of the network.</summary>
public sealed class PixelCnnOptions
{
    /// <summary>Rows of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, where it is to be taken from the column.</value>
    public int Height { get; set; }

    /// <summary>Columns of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, where it is to be taken from the column.</value>
    public int Width { get; set; }

    /// <summary>G: how many codes a position has. Each sees those before it in its own position.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int CodesPerPosition { get; set; } = 1;

    /// <summary>K: how many codes there are to choose from.</summary>
    /// <value>At least 2; 0, the default, where it is to be taken from the column.</value>
    public int Codes { get; set; }

    /// <summary>How many classes the codes are conditioned on.</summary>
    /// <value>Zero or more. The default is 0: on no class.</value>
    public int Conditions { get; set; }

    /// <summary>How many numbers of a map condition each position.</summary>
    /// <value>Zero or more. The default is 0: no map.</value>
    public int MapChannels { get; set; }

    /// <summary>How many gated layers the network has. A code sees <see cref="Layers"/> · ⌊<see cref="KernelSize"/> / 2⌋ positions to
    /// each side and one more row above and column to the left.</summary>
    /// <value>At least 1. The default is 15, as in section 4.2 of the paper on Gated PixelCNN (arXiv 1606.05328).</value>
    public int Layers { get; set; } = 15;

    /// <summary>Channels of both stacks.</summary>
    /// <value>At least 1. The default is 128.</value>
    public int Channels { get; set; } = 128;

    /// <summary>The side of the window that a layer of the vertical stack would see if nothing were hidden from it: it sees the middle row
    /// and those above. The horizontal stack sees the middle column and those to the left.</summary>
    /// <value>An odd number of at least 3. The default is 3.</value>
    public int KernelSize { get; set; } = 3;

    /// <summary>Channels between the layers' skip connections and the logits.</summary>
    /// <value>At least 1, or 0, the default, for as many as <see cref="Channels"/>.</value>
    public int SkipChannels { get; set; }

    /// <summary>The share of channels left out in training.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>Made for a CPU and grids of up to about 10×10 codes: 6 layers of 64 channels. Minutes for Fashion-MNIST's 7×7 codes of 512;
    /// a learning rate of 2e-3 with batches of 64 suits it.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static PixelCnnOptions Fast() => new() { Layers = 6, Channels = 64 };

    /// <summary>Checks all settings together, the grid included: set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The PixelCNN's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Height), Height, 1);
        problems.AtLeast(nameof(Width), Width, 1);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Conditions), Conditions, 0);
        problems.AtLeast(nameof(MapChannels), MapChannels, 0);
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.Require(KernelSize >= 3 && KernelSize % 2 == 1, nameof(KernelSize), "an odd number of 3 or more", KernelSize);
        problems.AtLeast(nameof(SkipChannels), SkipChannels, 0);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }

    internal int SkipChannelsOrDefault => SkipChannels > 0 ? SkipChannels : Channels;

    internal int Positions => checked(Height * Width);

    internal PixelCnnOptions Copy() => (PixelCnnOptions)MemberwiseClone();
}

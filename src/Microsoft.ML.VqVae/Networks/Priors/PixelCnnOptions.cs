namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="PixelCnn"/>: the grid of codes, their conditions, and the size of the network.</summary>
public sealed class PixelCnnOptions : CodePriorOptions
{
    /// <summary>Rows of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, where it is to be taken from the column.</value>
    public int Height { get; set; }

    /// <summary>Columns of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, where it is to be taken from the column.</value>
    public int Width { get; set; }

    /// <summary>G: number of codes at a position. Each sees those before it in its own position.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int CodesPerPosition { get; set; } = 1;

    /// <summary>K: number of codes to choose from.</summary>
    /// <value>At least 2; 0, the default, where it is to be taken from the column.</value>
    public int Codes { get; set; }

    /// <summary>Number of classes that the codes are conditioned on.</summary>
    /// <value>Zero or more. The default is 0: on no class.</value>
    public int Conditions { get; set; }

    /// <summary>Number of values of a map that condition each position.</summary>
    /// <value>Zero or more. The default is 0: no map.</value>
    public int MapChannels { get; set; }

    /// <summary>Number of gated layers. A code sees <see cref="Layers"/> · ⌊<see cref="KernelSize"/> / 2⌋ positions to
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

    /// <summary>The share of channels dropped in training.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>Creates the settings of a small network for a CPU and grids of up to about 10×10 codes: 6 layers of 64 channels. Training
    /// takes minutes on the 7×7 codes of 512 of Fashion-MNIST, with a learning rate of 2e-3 and batches of 64.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static PixelCnnOptions Fast() => new() { Layers = 6, Channels = 64 };

    /// <inheritdoc/>
    /// <remarks>Sizes that the settings leave open (0) are taken from the grid; <see cref="MapChannels"/> stays as it is.</remarks>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new PixelCnn(For(grid, conditions), seed);

    /// <summary>The settings for a grid.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The settings and the grid contradict each other.</exception>
    internal PixelCnnOptions For(CodeGrid grid, int conditions)
    {
        ArgumentNullException.ThrowIfNull(grid);
        PixelCnnOptions copy = Copy();
        var problems = new OptionProblems(Heading);
        problems.Require(!grid.IsSequence, nameof(grid), "a grid or a line, since a PixelCNN takes no sequences of any length", grid);
        copy.Height = Agreed(nameof(Height), Height, grid.Height);
        copy.Width = Agreed(nameof(Width), Width, grid.Width);
        copy.CodesPerPosition = Agreed(nameof(CodesPerPosition), CodesPerPosition, grid.CodesPerPosition, open: 1);
        copy.Codes = Agreed(nameof(Codes), Codes, grid.Codes);
        copy.Conditions = Agreed(nameof(Conditions), Conditions, conditions);
        problems.ThrowIfAny();
        return copy;

        int Agreed(string option, int asked, int found, int open = 0)
        {
            problems.Require(asked == open || asked == found, option, $"{found}, as in the data, or {open}", asked);
            return found;
        }
    }

    private protected override string Heading => "The PixelCNN's options cannot be used";

    internal override void Describe(OptionProblems problems)
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

    /// <summary>A copy in which sizes that are still to be taken from a column are valid, to check all other settings.</summary>
    internal PixelCnnOptions WithOpenSizes()
    {
        PixelCnnOptions copy = Copy();
        copy.Height = Height == 0 ? 1 : Height;
        copy.Width = Width == 0 ? 1 : Width;
        copy.Codes = Codes == 0 ? 2 : Codes;
        return copy;
    }

    internal PixelCnnOptions Copy() => (PixelCnnOptions)MemberwiseClone();
}

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="WaveNetPrior"/>.</summary>
public sealed class WaveNetPriorOptions : CodePriorOptions
{
    /// <summary>K: number of codes to choose from.</summary>
    /// <value>At least 2; 0, the default, where it is to be taken from the column.</value>
    public int Codes { get; set; }

    /// <summary>Number of classes, such as speakers, that the codes are conditioned on.</summary>
    /// <value>Zero or more; 0, the default, where codes are conditioned on nothing or the number is to be taken from the column.</value>
    public int Conditions { get; set; }

    /// <summary>Number of times that the dilations 1, 2, 4, … are repeated.</summary>
    /// <value>From 1 to 64. The default is 2.</value>
    public int Blocks { get; set; } = 2;

    /// <summary>Number of layers in a block: the dilations are 1, 2, 4, …, 2 to the power of this minus 1.</summary>
    /// <value>From 1 to 16. The default is 6: two blocks see 127 codes, which at 25 codes a second are five seconds.</value>
    public int LayersPerBlock { get; set; } = 6;

    /// <summary>Taps of the dilated convolutions.</summary>
    /// <value>2, the default, or 3.</value>
    public int KernelSize { get; set; } = 2;

    /// <summary>Channels of the residual path and of the gates.</summary>
    /// <value>At least 1. The default is 128.</value>
    public int Channels { get; set; } = 128;

    /// <summary>Channels of the sum over all layers, from which the logits are made.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int SkipChannels { get; set; } = 256;

    /// <summary>Creates settings with half the default's layers and channels, for a CPU or for few sequences to learn from.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static WaveNetPriorOptions Fast() => new() { Blocks = 1, Channels = 64, SkipChannels = 128 };

    /// <inheritdoc/>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new WaveNetPrior(For(grid, conditions), seed);

    /// <summary>The settings for the codes of a grid, in a line.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The settings and the grid contradict each other.</exception>
    internal WaveNetPriorOptions For(CodeGrid grid, int conditions)
    {
        ArgumentNullException.ThrowIfNull(grid);
        var problems = new OptionProblems(Heading);
        problems.Require(Codes == 0 || Codes == grid.Codes, nameof(Codes), $"{grid.Codes}, as in the data, or 0", Codes);
        problems.Require(
            Conditions == 0 || Conditions == conditions, nameof(Conditions), $"{conditions}, as in the data, or 0", Conditions);
        problems.ThrowIfAny();
        WaveNetPriorOptions copy = Copy();
        (copy.Codes, copy.Conditions) = (grid.Codes, conditions);
        return copy;
    }

    private protected override string Heading => "The WaveNet prior's options cannot be used";

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Conditions), Conditions, 0);
        GatedStackShape.Describe(problems, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);
    }

    internal GatedStackShape Shape => new(Codes, Conditions, 0, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);

    /// <summary>A copy in which the number of codes is valid if it is still to be taken from a column, to check all other
    /// settings.</summary>
    internal WaveNetPriorOptions WithOpenSizes()
    {
        WaveNetPriorOptions copy = Copy();
        copy.Codes = Codes == 0 ? 2 : Codes;
        return copy;
    }

    internal WaveNetPriorOptions Copy() => (WaveNetPriorOptions)MemberwiseClone();
}

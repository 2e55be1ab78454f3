
namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="WaveNetPrior"/>.</summary>
public sealed class WaveNetPriorOptions
{
    /// <summary>K: how many codes there are.</summary>
    /// <value>At least 2; 0, the default, where it is to be taken from the column.</value>
    public int Codes { get; set; }

    /// <summary>How many classes, such as speakers, the codes can be conditioned on.</summary>
    /// <value>Zero or more; 0, the default, where codes are conditioned on nothing or the number is to be taken from the column.</value>
    public int Conditions { get; set; }

    /// <summary>How often the dilations 1, 2, 4, … are repeated.</summary>
    /// <value>From 1 to 64. The default is 2.</value>
    public int Blocks { get; set; } = 2;

    /// <summary>Layers of a block: the dilations are 1, 2, 4, …, 2 to the power of this minus 1.</summary>
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

    /// <summary>Half the default's layers and channels: for a CPU, or where there are few sequences to learn from.</summary>
    public static WaveNetPriorOptions Fast() => new() { Blocks = 1, Channels = 64, SkipChannels = 128 };

    /// <summary>Checks all settings together; set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The WaveNet prior's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Conditions), Conditions, 0);
        GatedStackShape.Describe(problems, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);
    }

    internal GatedStackShape Shape => new(Codes, Conditions, 0, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);

    internal WaveNetPriorOptions Copy() => (WaveNetPriorOptions)MemberwiseClone();
}

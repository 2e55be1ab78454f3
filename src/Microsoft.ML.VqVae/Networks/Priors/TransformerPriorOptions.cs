namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="TransformerPrior"/>. Set <c>PriorOptions.CustomNetwork</c> to use it in a pipeline.</summary>
/// <remarks>The number of codes, the grid and the number of conditions are taken from the columns.</remarks>
public sealed class TransformerPriorOptions : CodePriorOptions
{
    /// <summary>Number of layers, each with self-attention and a feed-forward network.</summary>
    /// <value>At least 1. The default is 3.</value>
    public int Layers { get; set; } = 3;

    /// <summary>Channels of the residual path.</summary>
    /// <value>At least 2, a multiple of twice the number of <see cref="Heads"/>. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>Number of attention heads, which share the <see cref="Channels"/>.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Heads { get; set; } = 4;

    /// <summary>Channels of the hidden layer of the feed-forward networks.</summary>
    /// <value>At least 1, or 0, the default, for four times as many as <see cref="Channels"/>.</value>
    public int FeedForwardChannels { get; set; }

    /// <summary>The share of channels dropped in training: of the heads' outputs and of the feed-forward networks' hidden layers.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>Creates the default settings: a small network for a CPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static TransformerPriorOptions Fast() => new();

    /// <summary>Creates the settings of a large network for a GPU: 6 layers of 256 channels with 8 heads.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static TransformerPriorOptions Large() => new() { Layers = 6, Channels = 256, Heads = 8 };

    /// <inheritdoc/>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new TransformerPrior(this, grid, conditions, seed);

    private protected override string Heading => "The transformer prior's options cannot be used";

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Heads), Heads, 1);
        // Rotary positions rotate pairs of the channels of a head.
        problems.Require(Channels >= 2 && (Heads < 1 || Channels % (2L * Heads) == 0),
            nameof(Channels), $"a positive multiple of {nameof(Heads)} · 2", Channels);
        problems.AtLeast(nameof(FeedForwardChannels), FeedForwardChannels, 0);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }

    internal int FeedForwardChannelsOrDefault => FeedForwardChannels > 0 ? FeedForwardChannels : checked(4 * Channels);

    internal TransformerPriorOptions Copy() => (TransformerPriorOptions)MemberwiseClone();
}

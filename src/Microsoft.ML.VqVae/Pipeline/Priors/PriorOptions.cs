using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The kind of network of a prior.</summary>
public enum PriorNetwork
{
    /// <summary>A PixelCNN for codes in a grid, vectors with two or three dimensions; a WaveNet for all others;
    /// <see cref="PriorOptions.CustomNetwork"/> if it is set.</summary>
    FromColumn,

    /// <summary>A gated PixelCNN (arXiv 1606.05328), in which a code depends on the codes above it and to its left. For images.</summary>
    PixelCnn,

    /// <summary>A WaveNet (arXiv 1609.03499), in which a code depends on the preceding codes. For sound, and for rows of any
    /// length.</summary>
    WaveNet,

    /// <summary>The network of <see cref="PriorOptions.CustomNetwork"/>.</summary>
    Custom,
}

/// <summary>The settings of <see cref="PriorEstimator"/>: the network, its training, and the output columns.</summary>
/// <remarks>The defaults are for a CPU: narrow networks, and 1,000 steps with warmup and linear decay of the learning rate. Training takes
/// minutes for images of 7×7 or 8×8 codes. The <see cref="Large"/> preset is for a GPU.</remarks>
public sealed class PriorOptions : NetworkOptions
{
    /// <summary>Creates options with the default settings.</summary>
    public PriorOptions() => Training = new()
    {
        LearningRate = 2e-3,
        BatchSize = 64,
        Steps = 1000,
        Schedule = LearningRateSchedule.WarmupAtMost(50, holdUntilFraction: 0.4, finalFraction: 0.02),
    };

    /// <summary>The kind of network.</summary>
    /// <value>The default is <see cref="PriorNetwork.FromColumn"/>: <see cref="PixelCnn"/> for grids, <see cref="WaveNet"/> for all
    /// others, or <see cref="CustomNetwork"/> if it is set.</value>
    public PriorNetwork Network { get; set; } = PriorNetwork.FromColumn;

    /// <summary>The network for grids of codes. The grid, K and the number of conditions are taken from the columns; for a vector without
    /// dimensions set height and width.</summary>
    /// <value>The default has 6 layers of 64 channels.</value>
    public PixelCnnOptions PixelCnn { get; set; } = new();

    /// <summary>The network for sequences of codes. K and the number of conditions are taken from the columns.</summary>
    /// <value>The default has 6 layers of 64 channels.</value>
    public WaveNetPriorOptions WaveNet { get; set; } = new();

    /// <summary>The settings of another network, used instead of <see cref="PixelCnn"/> and <see cref="WaveNet"/>: a transformer
    /// (<see cref="TransformerPriorOptions"/>) or a network of your own, see <see cref="CodePriorOptions"/>.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public CodePriorOptions? CustomNetwork { get; set; }

    /// <summary>The name of a column for −log2 p of each code in bits: a vector of <see cref="float"/> with the dimensions of the
    /// codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? PerCodeColumnName { get; set; }

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static PriorOptions Fast() => new();

    /// <summary>The settings for a GPU: <see cref="PixelCnnOptions.Large"/>, <see cref="WaveNetPriorOptions.Large"/>, and 10
    /// epochs.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static PriorOptions Large() => new()
    {
        PixelCnn = PixelCnnOptions.Large(),
        WaveNet = WaveNetPriorOptions.Large(),
        Training = new() { Epochs = TrainingOptions.DefaultEpochs },
    };

    /// <summary>The network for a column of this format.</summary>
    internal CodePriorOptions NetworkFor(CodeFormat format) => Network switch
    {
        _ when CustomNetwork is CodePriorOptions custom => custom,
        PriorNetwork.PixelCnn => PixelCnn,
        PriorNetwork.WaveNet => WaveNet,
        _ when format.Dimensions.Length is 2 or 3 => PixelCnn,
        _ when format.Dimensions.Length == 1 && PixelCnn is { Height: > 0, Width: > 0 } => PixelCnn,
        _ => WaveNet,
    };

    /// <summary>Whether rows of any length are refused, whatever the column.</summary>
    internal bool NeedsGrid => (CustomNetwork ?? (Network == PriorNetwork.PixelCnn ? PixelCnn : null)) is PixelCnnOptions;

    private protected override string Method => "Prior";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Enum.IsDefined(Network), nameof(Network), $"one of {string.Join(", ", Enum.GetNames<PriorNetwork>())}", Network);
        problems.Require(PixelCnn is not null, nameof(PixelCnn), "set", PixelCnn);
        problems.Require(WaveNet is not null, nameof(WaveNet), "set", WaveNet);
        problems.Require(Network != PriorNetwork.Custom || CustomNetwork is not null,
            nameof(CustomNetwork), $"set where {nameof(Network)} is {Network}", CustomNetwork);
        problems.Require(CustomNetwork is null || Network is PriorNetwork.FromColumn or PriorNetwork.Custom,
            nameof(CustomNetwork), $"null where {nameof(Network)} is {Network}", CustomNetwork);
        if (CustomNetwork is not null)
        {
            WithOpenSizes(CustomNetwork).Describe(problems);
        }
        else
        {
            if (Network != PriorNetwork.WaveNet)
                PixelCnn?.WithOpenSizes().Describe(problems);
            if (Network != PriorNetwork.PixelCnn)
                WaveNet?.WithOpenSizes().Describe(problems);
        }
        RequireName(problems, nameof(PerCodeColumnName), PerCodeColumnName);
    }

    static CodePriorOptions WithOpenSizes(CodePriorOptions network) => network switch
    {
        PixelCnnOptions pixelCnn => pixelCnn.WithOpenSizes(),
        WaveNetPriorOptions waveNet => waveNet.WithOpenSizes(),
        _ => network,
    };
}

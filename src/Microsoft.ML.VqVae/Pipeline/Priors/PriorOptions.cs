using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="PriorEstimator"/>: the network, its training, and the columns that are made.</summary>
/// <remarks>The defaults are networks for a GPU; <see cref="Fast"/> is made for a CPU.</remarks>
public sealed partial class PriorOptions
{
    /// <summary>The number of rows that the network is given at once when a data view is read, where nothing else is set.</summary>
    public const int DefaultPredictionBatchSize = 64;

    /// <summary>Which network learns the distribution of the codes.</summary>
    /// <value>The default is <see cref="PriorNetwork.FromColumn"/>: <see cref="PixelCnn"/> for grids, <see cref="WaveNet"/> for all
    /// others.</value>
    public PriorNetwork Network { get; set; } = PriorNetwork.FromColumn;

    /// <summary>The network for grids of codes. The grid, K and the number of conditions are taken from the columns; for a vector without
    /// dimensions set height and width.</summary>
    /// <value>The default has 15 layers of 128 channels.</value>
    public PixelCnnOptions PixelCnn { get; set; } = new();

    /// <summary>The network for sequences of codes. K and the number of conditions are taken from the columns.</summary>
    /// <value>The default has 12 layers of 128 channels.</value>
    public WaveNetPriorOptions WaveNet { get; set; } = new();

    /// <summary>Steps, learning rate, seed, progress, cancellation, checkpoints. A seed of null is the MLContext's; where that has none
    /// either, it is 0 with a checkpoint folder and another one each time without.</summary>
    /// <value>The default is Adam at 2e-4, batches of 128, 10 epochs.</value>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>The name of a column for the bits of each code, a vector of <see cref="float"/> in the dimensions of the codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? PerCodeColumnName { get; set; }

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>Checks all settings together; what is to be taken from the columns is not checked.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of Prior cannot be used");
        problems.Require(Enum.IsDefined(Network), nameof(Network), $"one of {string.Join(", ", Enum.GetNames<PriorNetwork>())}", Network);
        problems.Require(PixelCnn is not null, nameof(PixelCnn), "set", PixelCnn);
        problems.Require(WaveNet is not null, nameof(WaveNet), "set", WaveNet);
        problems.Require(Training is not null, nameof(Training), "set", Training);
        if (PixelCnn is not null && Network != PriorNetwork.WaveNet)
            WithSizes(PixelCnn).Describe(problems);
        if (WaveNet is not null && Network != PriorNetwork.PixelCnn)
            WithSizes(WaveNet).Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        problems.AtLeast(nameof(PredictionBatchSize), PredictionBatchSize, 1);
        problems.Require(PerCodeColumnName != "", nameof(PerCodeColumnName), "a name or null", "\"\"");
        problems.ThrowIfAny();
    }

    // What is not known yet is no problem yet.
    static PixelCnnOptions WithSizes(PixelCnnOptions options)
    {
        options = options.Copy();
        options.Height = options.Height == 0 ? 1 : options.Height;
        options.Width = options.Width == 0 ? 1 : options.Width;
        options.Codes = options.Codes == 0 ? 2 : options.Codes;
        return options;
    }

    static WaveNetPriorOptions WithSizes(WaveNetPriorOptions options)
    {
        options = options.Copy();
        options.Codes = options.Codes == 0 ? 2 : options.Codes;
        return options;
    }
}

using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>Settings common to all estimators that train a network.</summary>
/// <remarks>The defaults are those of the methods without options, made for a CPU; only EncodeVideo has others, those of
/// <see cref="ImageVqVaeOptions.FastVideo"/>. To change some of them, set properties of the objects that are
/// there, as in <c>new ImageVqVaeOptions { Training = { Steps = 5000 } }</c>: a new <see cref="TrainingOptions"/> starts from general defaults
/// instead of those of the model.</remarks>
public abstract class NetworkOptions
{
    /// <summary>The default of <see cref="PredictionBatchSize"/>.</summary>
    public const int DefaultPredictionBatchSize = 64;

    // Cursors hold the values of as many rows; larger batches are no faster.
    const int MaxPredictionBatchSize = 1 << 16;

    private protected NetworkOptions()
    {
    }

    /// <summary>Steps, learning rate, seed, progress, cancellation and checkpoints. If the seed is null, the seed of the MLContext is used;
    /// if that is null too, the seed is 0 with a checkpoint folder or a training group, and random without.</summary>
    /// <value>The default is a schedule with warmup and linear decay of the learning rate, which each class sets for its model.</value>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>Number of rows that a cursor reads ahead and that the network processes at once; of long rows of unequal length it processes
    /// fewer.</summary>
    /// <value>From 1 to 65536. The default is 64, except in classes that document another.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>A trained transformer of the same kind, whose weights training starts from: all weights of the network, its codebook, and
    /// the statistics by which it normalizes data. The steps before quantization are left out, as there is a codebook; the optimizer and
    /// the learning rate start anew.</summary>
    /// <remarks>The settings of the network must be those of the transformer. Classes, such as speakers, actions or the conditions of a
    /// prior, must be the same in the same order. Codes that are read may have key numbers in another order: they are matched by their key
    /// values. The statistics of each speaker in the new data are measured anew, other speakers keep theirs, and the range of pixels is
    /// extended to the new data. The transformer is only read, and may be disposed after <c>Fit</c>.</remarks>
    /// <value>The default is <see langword="null"/>: random weights, drawn from the seed.</value>
    public NetworkTransformer? WarmStart { get; set; }

    /// <summary>Checks all settings together; sizes that are taken from the columns are not checked.</summary>
    /// <exception cref="ArgumentException">Some settings are invalid. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems($"The options of {Method} cannot be used");
        problems.Require(Training is not null, nameof(Training), "set", Training);
        Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        DescribeBatchSize(problems, PredictionBatchSize);
        problems.ThrowIfAny();
    }

    internal static void DescribeBatchSize(OptionProblems problems, int found) => problems.Require(
        found is >= 1 and <= MaxPredictionBatchSize, nameof(PredictionBatchSize), $"from 1 to {MaxPredictionBatchSize}", found);

    /// <summary>The method of the catalog that takes these options, for messages.</summary>
    private protected abstract string Method { get; }

    /// <summary>Checks the settings of the derived class.</summary>
    private protected abstract void Describe(OptionProblems problems);

    private protected static void RequireName(OptionProblems problems, string option, string? name) =>
        problems.Require(name != "", option, "a name or null", "\"\"");
}

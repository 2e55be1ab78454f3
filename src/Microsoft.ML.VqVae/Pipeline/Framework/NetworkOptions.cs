using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>Settings common to all estimators that train a network.</summary>
public abstract class NetworkOptions
{
    /// <summary>Number of rows that the network is given at once when a data view is read, unless set otherwise.</summary>
    public const int DefaultPredictionBatchSize = 64;

    private protected NetworkOptions()
    {
    }

    /// <summary>Steps, learning rate, seed, progress, cancellation and checkpoints. With a seed of null the seed of the MLContext is used;
    /// if that has none either, the seed is 0 with a checkpoint folder and random without.</summary>
    /// <value>The default is Adam at 2e-4, batches of 128, 10 epochs.</value>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>Number of rows that a cursor reads ahead and gives to the network at once.</summary>
    /// <value>At least 1. The default is 64 unless the class of the options says otherwise.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>Checks all settings together; sizes that are taken from the columns are not checked.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems($"The options of {Method} cannot be used");
        problems.Require(Training is not null, nameof(Training), "set", Training);
        Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        problems.AtLeast(nameof(PredictionBatchSize), PredictionBatchSize, 1);
        problems.ThrowIfAny();
    }

    /// <summary>The method of the catalog that takes these options, for messages.</summary>
    private protected abstract string Method { get; }

    /// <summary>Checks the settings of the derived class.</summary>
    private protected abstract void Describe(OptionProblems problems);

    private protected static void RequireName(OptionProblems problems, string option, string? name) =>
        problems.Require(name != "", option, "a name or null", "\"\"");
}

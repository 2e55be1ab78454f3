using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A network that computes its own training loss.</summary>
internal interface ITrainable
{
    /// <summary>Computes the loss of a batch on the network's device: with the network in training mode, or in evaluation mode and without
    /// gradients for held-out examples. Randomness must derive from a seed and <see cref="TrainingMoment.Step"/>.</summary>
    /// <param name="batch">The tensors of the batch, as the example store of the network's kind reads them.</param>
    /// <param name="moment">The position in the training run.</param>
    StepLoss Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment);
}

/// <summary>A network that shows what it has learned in a picture.</summary>
internal interface IReconstructing
{
    /// <summary>Draws the examples of a batch side by side above their reconstructions. The network is in evaluation mode, on the device of
    /// the batch.</summary>
    /// <returns>A picture, Byte [1 or 3, height, width].</returns>
    Tensor Picture(IReadOnlyList<Tensor> batch);
}

/// <summary>A part of a network with lengths in steps, which a run shortens where they are those of a preset and too long for it.</summary>
internal interface IShortensLengths
{
    /// <summary>The lengths in a run of so many steps.</summary>
    IEnumerable<RunLength> LengthsIn(long totalSteps);
}

/// <summary>A length in a run.</summary>
/// <param name="Option">The name of the option that has it.</param>
/// <param name="Value">The value of the option.</param>
/// <param name="Shortened">The value that the run takes where the option is that of a preset.</param>
/// <param name="IsSet">Whether the option was set, so that no run shortens it.</param>
internal readonly record struct RunLength(string Option, double Value, double Shortened, bool IsSet)
{
    /// <summary>The value that the run takes.</summary>
    public double InRun => IsSet ? Value : Shortened;
}

/// <summary>A position in a training run.</summary>
/// <param name="Step">Number of completed steps: 0 for the first batch.</param>
/// <param name="TotalSteps">Number of steps of the whole run.</param>
public sealed record TrainingMoment(long Step, long TotalSteps)
{
    /// <summary>Completed share of the run, 0 … 1.</summary>
    public double Fraction => (double)Step / TotalSteps;

    /// <summary>Whether the run shortens lengths of presets that are too long for it, as all runs do but those that version 0.1
    /// began.</summary>
    internal bool ShortensLengths { get; init; } = true;
}

/// <summary>The loss of a batch. The training loop disposes the tensors.</summary>
/// <param name="Total">The scalar to minimize, a mean over the examples of the batch.</param>
/// <param name="Terms">Scalars to report, by name, in the order of the report; trained on only as far as they are in the total.</param>
/// <param name="CodeCounts">Number of times each code was chosen, [codebooks, codes] or [codes], for the perplexity; or null.</param>
public sealed record StepLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Terms, Tensor? CodeCounts = null)
{
    /// <summary>Scalars that add up to the total, by name, in the order of the report; empty for a total of one part.</summary>
    public IReadOnlyDictionary<string, Tensor> Parts { get; init; } = new Dictionary<string, Tensor>();

    /// <summary>Moves the tensors out of the current dispose scope.</summary>
    internal StepLoss MoveToOuterDisposeScope()
    {
        Total.MoveToOuterDisposeScope();
        foreach (Tensor term in Terms.Values.Concat(Parts.Values))
            term.MoveToOuterDisposeScope();
        CodeCounts?.MoveToOuterDisposeScope();
        return this;
    }
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>What <see cref="TrainingLoop"/> trains: a network, its examples and its loss.</summary>
public sealed class TrainingTask
{
    /// <summary>The network whose parameters are trained. It is moved to the device of the run and stays there, in evaluation mode.
    /// All of its state must be in parameters and persistent buffers.</summary>
    public required nn.Module Network { get; init; }

    /// <summary>Number of examples; they are numbered from 0.</summary>
    public required int Examples { get; init; }

    /// <summary>Makes the CPU tensors of a batch from example numbers. Called ahead of the training on another thread, never twice at
    /// a time. It must give the same values for the same numbers and step each time, or a resumed run differs. The loop disposes the
    /// tensors.</summary>
    public required Func<BatchExamples, Tensor[]> ReadBatch { get; init; }

    /// <summary>Computes the loss of a batch, whose tensors are on the device: with the network in training mode, or in evaluation mode and
    /// without gradients for the held-out examples. Randomness must derive from a seed and <see cref="TrainingMoment.Step"/>.</summary>
    public required Func<Tensor[], TrainingMoment, StepLoss> Loss { get; init; }

    /// <summary>What a checkpoint must match besides the training options: a line <c>name=value</c> for each setting of the network and the
    /// loss (dimensions, seeds, …). Where a checkpoint differs, the error names the lines that do.</summary>
    public required string Fingerprint { get; init; }
}

/// <summary>The examples of a batch.</summary>
/// <param name="Numbers">Their numbers, counted from 0.</param>
/// <param name="Step">The step that the batch is made for, from which random crops and the like may derive; null for examples that are held
/// out, of which every measurement must see the same.</param>
public readonly record struct BatchExamples(ReadOnlyMemory<int> Numbers, long? Step)
{
    /// <summary>The numbers of the examples.</summary>
    public ReadOnlySpan<int> Span => Numbers.Span;

    /// <summary>How many examples there are.</summary>
    public int Length => Numbers.Length;
}

/// <summary>Where in a run a batch is.</summary>
/// <param name="Step">Number of steps done before this one: 0 for the first.</param>
/// <param name="TotalSteps">Number of steps of the whole run.</param>
public sealed record TrainingMoment(long Step, long TotalSteps)
{
    /// <summary>Share of the run that is done: 0 … 1.</summary>
    public double Fraction => (double)Step / TotalSteps;
}

/// <summary>The loss of a batch. The tensors are disposed by the loop.</summary>
/// <param name="Total">The scalar that is minimised, a mean over the examples of the batch.</param>
/// <param name="Terms">Scalars to report, by name, in the order of the report; trained on only as far as they are in the total.</param>
/// <param name="CodeCounts">How often each code was chosen, [codebooks, codes] or [codes], for the perplexity; or null.</param>
public sealed record StepLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Terms, Tensor? CodeCounts = null);

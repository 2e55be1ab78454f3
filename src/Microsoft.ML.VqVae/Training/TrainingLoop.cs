using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The one training loop of the library.</summary>
internal static class TrainingLoop
{
    /// <summary>Trains a network.</summary>
    /// <remarks>On a CPU the same task, options and number of threads give bitwise the same weights, with or without interruptions.
    /// torch's global generator is not touched.</remarks>
    /// <param name="task">The network, its examples and its loss.</param>
    /// <param name="options">The training options.</param>
    /// <param name="device">The device of the network and its batches; the network is moved there.</param>
    /// <param name="report">Receives a line of text every few seconds, for a log.</param>
    /// <param name="warn">Receives warnings; null for <paramref name="report"/>.</param>
    /// <param name="time">The clock; null for that of the system.</param>
    /// <returns>The result of the run. Besides the network's own, no tensor outlives the call.</returns>
    /// <exception cref="ArgumentException">The options are wrong, leave no example to train on, or a batch has fewer examples than the group
    /// has ranks.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled, and the model so far was not asked for, or there was
    /// none.</exception>
    /// <exception cref="IOException">The checkpoint folder cannot be written.</exception>
    /// <exception cref="NotFiniteNumberException">A loss became NaN or infinite.</exception>
    /// <exception cref="InvalidOperationException">The folder holds the checkpoint of another run, or the ranks of the group have different
    /// settings or data.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is truncated or no checkpoint.</exception>
    public static TrainingSummary Run(
        TrainingTask task, TrainingOptions options, Device device, Action<string>? report = null, Action<string>? warn = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        time ??= TimeProvider.System;
        TrainingRun? run = null;
        try
        {
            Prepare(options);
            var plan = new BatchPlan(task.Examples.Count, options, task.Examples.RowOf);
            bool reports = options.Group is null or { Rank: 0 };
            run = new TrainingRun(
                task, options, plan, device, reports ? new(options, report, warn, time) : ProgressReporter.Silent(options, time));
            return run.ToTheEnd();
        }
        catch (Exception e) when (options.Group is not null && run?.EndsOnAllRanks(e) != true)
        {
            // The other ranks would wait for this one forever.
            options.Group.Abort(e.Message);
            throw;
        }
        finally
        {
            run?.Dispose();
        }
    }

    /// <summary>Finds out, before any work, whether the options can be used and the folders for checkpoints and event files can be
    /// written.</summary>
    /// <exception cref="ArgumentException">The options are wrong.</exception>
    /// <exception cref="IOException">The checkpoint folder cannot be written.</exception>
    public static void Prepare(TrainingOptions options)
    {
        options.Validate();
        if (options.CheckpointFolder is not null && (options.Group is null or { Rank: 0 }))
            AtomicFile.PrepareFolder(nameof(options.CheckpointFolder), options.CheckpointFolder, Checkpoint.FileName);
        if (options.TensorBoardFolder is not null && options.Group is null or { Rank: 0 })
            AtomicFile.PrepareFolder(nameof(options.TensorBoardFolder), options.TensorBoardFolder, "events");
    }
}

/// <summary>The input of <see cref="TrainingLoop"/>.</summary>
/// <param name="Network">The network whose parameters are trained. It is moved to the device of the run and stays there, in evaluation
/// mode.
/// All of its state must be in parameters and persistent buffers.</param>
/// <param name="Objective">Computes the loss, as a rule the network itself.</param>
/// <param name="Examples">The training data.</param>
/// <param name="Fingerprint">Settings of network and data that a checkpoint must match besides the training options. Where a checkpoint
/// differs, the error names them.</param>
internal sealed record TrainingTask(nn.Module Network, ITrainable Objective, IExampleStore Examples, SettingsFingerprint Fingerprint)
{
    /// <summary>The lengths of the network's quantizer in a run of so many steps.</summary>
    public IEnumerable<RunLength> LengthsIn(long totalSteps) => Network.modules().Prepend(Network).OfType<IShortensLengths>()
        .SelectMany(part => part.LengthsIn(totalSteps)).Distinct();
}

/// <summary>Training examples in memory, as batches of tensors.</summary>
internal interface IExampleStore
{
    /// <summary>Number of examples; they are numbered from 0.</summary>
    int Count { get; }

    /// <summary>Creates the CPU tensors of a batch; the caller disposes them. The loop calls this ahead of the training on another thread,
    /// one call at a time. The same numbers and step must give the same values each time, or a resumed run differs.</summary>
    Tensor[] ReadBatch(BatchExamples examples);

    /// <summary>The number of the row that an example is made of, by default that of the example. Examples of a row may hold the same data, and
    /// are held out together.</summary>
    int RowOf(int example) => example;

    /// <summary>A digest of the data that the examples are made of, where making them may give other last bits on another processor; null
    /// where the examples themselves can be compared.</summary>
    string? Content => null;
}

/// <summary>The examples of a batch.</summary>
/// <param name="Numbers">Their numbers, counted from 0.</param>
/// <param name="Step">The step for which the batch is made, from which random crops and the like derive; null for held-out examples, which
/// are the same in every validation.</param>
internal readonly record struct BatchExamples(ReadOnlyMemory<int> Numbers, long? Step)
{
    // The place in the batch that these examples are a part of.
    int _first { get; init; }

    int? _batch { get; init; }

    /// <summary>The numbers of the examples.</summary>
    public ReadOnlySpan<int> Span => Numbers.Span;

    /// <summary>Number of examples.</summary>
    public int Length => Numbers.Length;

    /// <summary>A number for each example of each training step, from which its random numbers derive; null for held-out examples.</summary>
    /// <param name="index">The index of the example among these.</param>
    public long? Draw(int index) => Step * (_batch ?? Length) + _first + index;

    /// <summary>Some of the examples, with the same random numbers.</summary>
    public BatchExamples Slice(int start, int count) =>
        new(Numbers.Slice(start, count), Step) { _first = _first + start, _batch = _batch ?? Length };
}

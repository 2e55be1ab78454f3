using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>One call of <see cref="TrainingLoop.Run(TrainingTask, TrainingOptions, Device, Action{string}?)"/>.</summary>
internal sealed class TrainingRun : IDisposable
{
    // Enough examples to distinguish data sets, few enough to cost no noticeable time.
    const int HashedExamples = 64;

    readonly TrainingTask task;
    readonly TrainingOptions options;
    readonly BatchPlan plan;
    readonly Device device;
    readonly bool reduced;
    readonly ProgressReporter reporter;
    readonly TrainingTensors tensors;
    readonly LossMeter meter = new();
    readonly Checkpoint? checkpoint;
    TrainingState state = new();
    long? resumedFrom;
    double learningRate;

    internal TrainingRun(TrainingTask task, TrainingOptions options, BatchPlan plan, Device device, ProgressReporter reporter)
    {
        (this.task, this.options, this.plan, this.device, this.reporter) = (task, options, plan, device, reporter);
        reduced = FastBFloat16.Uses(options.Precision, device);
        if (options.CheckpointFolder is not null)
            checkpoint = new Checkpoint(options.CheckpointFolder, Settings());
        tensors = new TrainingTensors(task.Network, device);
    }

    bool Finished => state.StoppedEarly || state.Step >= plan.TotalSteps;

    bool ValidationDue => !state.StoppedEarly && state.ValidatedStep != state.Step && plan.ValidatesAfter(state.Step);

    bool OnGpu => device.type != DeviceType.CPU;

    internal TrainingSummary ToTheEnd()
    {
        using var gradients = enable_grad();
        try
        {
            Resume();
            reporter.Begin(state);
            if (reduced)
                reporter.Line($"Training in {nameof(TrainingPrecision.BFloat16)}.");
            using (var feeder = new BatchFeeder(task.Examples.ReadBatch, plan.From(state.Step, ValidationDue), device.type == DeviceType.CUDA))
                Train(feeder);
            if (options.EarlyStoppingPatience is not null)
                tensors.RestoreBest();
        }
        finally
        {
            task.Network.eval();
        }

        reporter.Line($"Training ended after {state.Step} of {plan.TotalSteps} steps, {reporter.Elapsed:hh\\:mm\\:ss}.");
        return new TrainingSummary(
            state.Step, plan.TotalSteps, resumedFrom, state.StoppedEarly, state.Last!, state.BestValidationLoss, state.BestValidationStep,
            reporter.Elapsed, state.LearningCurve);
    }

    public void Dispose()
    {
        meter.Dispose();
        tensors.Dispose();
    }

    void Resume()
    {
        if (checkpoint?.TryRestore(tensors, meter, device) is not { } saved)
            return;
        state = saved;
        resumedFrom = state.Step;
        reporter.Line($"Training goes on from the checkpoint after {state.Step} of {plan.TotalSteps} steps.");
    }

    // Everything between two steps happens at the head of the loop. There the state is consistent and can be saved, and there a resumed run
    // enters: whatever the interrupted one had still to do after its last step is done first.
    void Train(BatchFeeder feeder)
    {
        var saved = resumedFrom is not null;
        task.Network.train();
        while (true)
        {
            if (ValidationDue)
            {
                reporter.Pause(() => Validate(feeder));
                saved = false;
            }

            if (meter.Examples > 0 && (Finished || state.Step % options.ProgressEverySteps == 0))
                Report();
            if (checkpoint is not null && !saved && (Finished || (state.Step > 0 && state.Step % options.CheckpointEverySteps == 0)))
                reporter.Pause(Save);
            if (Finished)
                return;

            var batch = Take(feeder);
            Step(batch);
            saved = false;
        }
    }

    void Step(Tensor[] batch)
    {
        using var scope = NewDisposeScope();
        learningRate = options.LearningRate * options.Schedule.FactorAt(state.Step, plan.TotalSteps);
        tensors.DropGradients();
        StepLoss loss;
        using (reduced ? MixedPrecision.BFloat16() : null)
            loss = task.Objective.Loss(ToDevice(batch, scope), new TrainingMoment(state.Step, plan.TotalSteps));
        meter.Add(loss, plan.BatchSize);
        state.Step++;
        // Reading the loss would make a GPU wait; there it is looked at when progress is reported.
        if (!OnGpu && !meter.IsFinite)
            throw NotFinite();
        loss.Total.backward();
        if (options.GradientClipNorm is { } norm)
            tensors.ClipGradients(norm);
        tensors.Step(learningRate);
    }

    void Validate(BatchFeeder feeder)
    {
        using var validation = new LossMeter();
        var left = plan.Validation.Count;
        task.Network.eval();
        using (no_grad())
        {
            for (var i = 0; i < plan.ValidationBatches; i++)
            {
                var batch = Take(feeder);
                using var scope = NewDisposeScope();
                var loss = task.Objective.Loss(ToDevice(batch, scope), new TrainingMoment(state.Step, plan.TotalSteps));
                var examples = Math.Min(plan.BatchSize, left);
                validation.Add(loss, examples);
                left -= examples;
            }
        }

        task.Network.train();
        var mean = validation.Read().Loss;
        if (!double.IsFinite(mean))
            throw NotFinite(mean, "validation loss");
        if (state.Validated(mean))
        {
            if (options.EarlyStoppingPatience is not null)
                tensors.KeepAsBest();
        }
        else if (state.ValidationsSinceBest >= options.EarlyStoppingPatience)
        {
            state.StoppedEarly = true;
            reporter.Line(
                $"Training stops early: no lower validation loss since step {state.BestValidationStep}, {state.BestValidationLoss:G5}.");
        }
    }

    void Report()
    {
        if (!meter.IsFinite)
            throw NotFinite();
        var progress = reporter.Progress(state, plan, meter, learningRate);
        state.Reported(progress);
        reporter.Publish(progress, important: Finished || (state.ValidatedStep == state.Step));
    }

    void Save()
    {
        if (!meter.IsFinite)
            throw NotFinite();
        state.Elapsed = reporter.Elapsed;
        checkpoint!.Save(state, tensors, meter);
    }

    Tensor[] Take(BatchFeeder feeder)
    {
        try
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            return feeder.Take(options.CancellationToken);
        }
        catch (OperationCanceledException) when (options.CancellationToken.IsCancellationRequested)
        {
            reporter.Line($"Training was canceled after {state.Step} of {plan.TotalSteps} steps.");
            if (checkpoint is not null && meter.IsFinite)
                Save();
            throw;
        }
    }

    Tensor[] ToDevice(Tensor[] batch, DisposeScope scope)
    {
        foreach (var tensor in batch)
            scope.Attach(tensor);
        return OnGpu ? [.. batch.Select(t => t.to(device, non_blocking: true))] : batch;
    }

    NotFiniteNumberException NotFinite()
    {
        var batches = meter.Batches;
        return NotFinite(meter.Read().Loss, batches == 1 || !OnGpu ? "loss" : $"loss of the last {batches} steps");
    }

    NotFiniteNumberException NotFinite(double value, string what) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The {what} is {value} at step {state.Step} of {plan.TotalSteps}, with learning rate {learningRate:G4}. Lower " +
            $"{nameof(TrainingOptions)}.{nameof(TrainingOptions.LearningRate)} ({options.LearningRate:G4}), set " +
            $"{nameof(TrainingOptions.GradientClipNorm)}, or look for extreme values in the data."),
        value);

    // The settings that must be the same for a resumed run to produce the same weights.
    Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>
        {
            ["examples"] = Text(task.Examples.Count),
            ["content of the examples"] = HashOfExamples(),
            [nameof(options.LearningRate)] = Text(options.LearningRate),
            [nameof(options.Schedule)] = options.Schedule.ToString(),
            [nameof(options.BatchSize)] = Text(options.BatchSize),
            [nameof(options.Steps)] = Text(plan.TotalSteps),
            [nameof(options.GradientClipNorm)] = Text(options.GradientClipNorm),
            [nameof(options.ValidationFraction)] = Text(options.ValidationFraction),
            [nameof(options.ValidateEverySteps)] = Text(plan.ValidateEverySteps),
            [nameof(options.EarlyStoppingPatience)] = Text(options.EarlyStoppingPatience),
            [nameof(options.Seed)] = Text(options.Seed ?? 0),
        };
        // In Single there is no entry, as in checkpoints of version 0.1.
        if (reduced)
            settings[nameof(options.Precision)] = nameof(TrainingPrecision.BFloat16);
        foreach (var line in task.Fingerprint.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var split = line.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = split < 0 ? ("task", line) : (line[..split].TrimEnd(), line[(split + 1)..].TrimStart());
            settings[name] = settings.TryGetValue(name, out var former) ? $"{former}, {value}" : value;
        }

        return settings;
    }

    string HashOfExamples()
    {
        var count = Math.Min(Math.Min(HashedExamples, plan.BatchSize), task.Examples.Count);
        var examples = Enumerable.Range(0, count).Select(i => (int)((long)i * task.Examples.Count / count)).ToArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in BatchFeeder.Make(task.Examples.ReadBatch, new(examples, Step: null), pinned: false))
        {
            using var contiguous = tensor.contiguous();
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.dtype}[{string.Join(",", tensor.shape)}]"));
            hash.AppendData(contiguous.bytes);
            tensor.Dispose();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    static string Text(object? value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "none";
}

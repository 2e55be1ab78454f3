using System.Globalization;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>One call of <see cref="TrainingLoop"/>.</summary>
internal sealed class TrainingRun : IDisposable
{
    // Between ranks that compute the same with other instructions; what is not the same differs by more.
    const double LargestRounding = 1e-3;

    readonly TrainingTask task;
    readonly TrainingOptions options;
    readonly BatchPlan plan;
    readonly Device device;
    readonly bool reduced;
    readonly ProgressReporter reporter;
    readonly TrainingTensors tensors;
    readonly LossMeter meter = new();
    readonly Checkpoint? checkpoint;
    readonly GroupShare? share;
    // In a group, canceled at the step after which all ranks know that one was.
    readonly CancellationTokenSource agreed = new();
    readonly CancellationToken cancellation;
    readonly RunSettings? settings;
    bool ranksDiffer;
    TensorBoardLog? log;
    TrainingState state = new() { ShortensLengths = true };
    LearningRateSchedule schedule;
    Exception? saveProblem;
    long? resumedFrom;
    double learningRate;

    internal TrainingRun(TrainingTask task, TrainingOptions options, BatchPlan plan, Device device, ProgressReporter reporter)
    {
        (this.task, this.options, this.plan, this.device, this.reporter) = (task, options, plan, device, reporter);
        schedule = options.Schedule;
        reduced = options.UsesBFloat16(device);
        share = options.Group is null ? null : new GroupShare(options.Group, plan.BatchSize);
        cancellation = share is null ? options.CancellationToken : agreed.Token;
        settings = options.CheckpointFolder is null && share is null ? null : new(task, options, plan, reduced);
        if (options.CheckpointFolder is not null)
            checkpoint = new Checkpoint(options.CheckpointFolder, settings!);
        tensors = new TrainingTensors(task.Network, device);
    }

    bool Finished => state.StoppedEarly || state.Step >= plan.TotalSteps;

    bool ValidationDue => !state.StoppedEarly && state.ValidatedStep != state.Step && plan.ValidatesAfter(state.Step);

    bool OnGpu => device.type != DeviceType.CPU;

    TrainingMoment Moment => new(state.Step, plan.TotalSteps) { ShortensLengths = state.ShortensLengths };

    /// <summary>Whether an exception of this run is thrown on all ranks of the group, none of which waits for another then: they have
    /// different settings, or agreed on a cancellation.</summary>
    internal bool EndsOnAllRanks(Exception exception) =>
        ranksDiffer || (exception is OperationCanceledException canceled && canceled.CancellationToken == agreed.Token);

    internal TrainingSummary ToTheEnd()
    {
        using IDisposable gradients = enable_grad();
        bool canceled = false;
        try
        {
            Meet();
            Resume();
            if (options.TensorBoardFolder is not null && share is not { IsFirst: false })
                log = new TensorBoardLog(options.TensorBoardFolder, task, device);
            reporter.Begin(state);
            if (reduced)
                reporter.Line($"Training in {nameof(TrainingPrecision.BFloat16)}.");
            canceled = !TrainUnlessCanceled();
            if (options.EarlyStoppingPatience is not null || canceled)
                tensors.RestoreBest();
            Part();
        }
        finally
        {
            task.Network.eval();
            NativeSettings.ReturnMemory();
        }

        TimeSpan elapsed = reporter.Elapsed;
        reporter.Line($"Training ended after {state.Step} of {plan.TotalSteps} steps, {(int)elapsed.TotalHours:00}:{elapsed:mm\\:ss}.");
        return new TrainingSummary(
            state.Step, plan.TotalSteps, resumedFrom, state.StoppedEarly, state.Last!, state.BestValidationLoss, state.BestValidationStep,
            elapsed, state.LearningCurve)
        {
            Canceled = canceled,
        };
    }

    public void Dispose()
    {
        log?.Dispose();
        meter.Dispose();
        tensors.Dispose();
        agreed.Dispose();
    }

    /// <summary>All ranks have the same settings, and start from the weights of rank 0: statistics of the data may differ in the last bit
    /// between machines.</summary>
    void Meet()
    {
        if (share is null)
            return;
        if (share.DifferenceOf(settings!.OfRank(options)) is string difference)
        {
            ranksDiffer = true;
            throw new InvalidOperationException(difference);
        }
        tensors.TakeFromFirst(share);
        if (share.Any(options.CancellationToken.IsCancellationRequested))
            agreed.Cancel();
    }

    /// <summary>All ranks end with the weights of rank 0, from which they differ by rounding at most.</summary>
    void Part()
    {
        if (share is null)
            return;
        double difference = share.Max(tensors.TakeFromFirst(share));
        if (difference > LargestRounding)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The weights of the ranks differ by {difference:G3} after training. A quantizer or prior of another assembly that keeps " +
                $"statistics of batches, or draws random numbers for them, cannot be trained by a group."));
        }
    }

    void Resume()
    {
        if (checkpoint?.TryRestore(tensors, meter, device, plan.TotalSteps, share) is not var (saved, plannedSteps))
            return;
        state = saved;
        resumedFrom = state.Step;
        if (share is { IsFirst: false })
            meter.ZeroSums();
        schedule = state.ShortensLengths ? schedule : schedule.Unshortened;
        // For a report before the first step.
        if (state.Step > 0)
            learningRate = options.LearningRate * schedule.FactorAt(state.Step - 1, plannedSteps);
        reporter.Line($"Training goes on from the checkpoint after {state.Step} of {plan.TotalSteps} steps.");
        if (plannedSteps == plan.TotalSteps)
            return;
        ReportChangeOfPlan(plannedSteps);
        if (state.ShortensLengths && state.Step > 0)
            WarnOfChangedLengths(plannedSteps);
    }

    void WarnOfChangedLengths(long plannedSteps)
    {
        string[] changed = [.. task.LengthsIn(plannedSteps).Zip(task.LengthsIn(plan.TotalSteps))
            .Where(length => length.First.InRun != length.Second.InRun)
            .Select(length => string.Create(
                CultureInfo.InvariantCulture, $"{length.First.Option} {length.First.InRun:G4} instead of {length.Second.InRun:G4}"))];
        if (changed.Length == 0)
            return;
        reporter.Warn(
            $"The run was planned for {plannedSteps} steps and is now {plan.TotalSteps} steps long: the quantizer's lengths, which follow the " +
            $"steps of a run that is too short for them, were others in the {state.Step} steps so far ({string.Join(", ", changed)}). The " +
            $"weights will differ from those of {plan.TotalSteps} uninterrupted steps. Set these options to have the same in runs of any length.");
    }

    void ReportChangeOfPlan(long plannedSteps)
    {
        double Rate(long step, long totalSteps) => options.LearningRate * schedule.FactorAt(step, totalSteps);
        long first = 0L;
        while (first < state.Step && Rate(first, plannedSteps) == Rate(first, plan.TotalSteps))
            first++;
        if (first == state.Step)
        {
            reporter.Line(
                $"The run was planned for {plannedSteps} steps; its learning rate so far is also that of {plan.TotalSteps} steps.");
            return;
        }

        long last = state.Step - 1;
        reporter.Warn(string.Create(
            CultureInfo.InvariantCulture,
            $"The run was planned for {plannedSteps} steps and is now {plan.TotalSteps} steps long, by the schedule {schedule}: from " +
            $"step {first + 1} to {state.Step} its learning rate was another than in a run of {plan.TotalSteps} steps " +
            $"({Rate(last, plannedSteps):G4} in the last one, instead of {Rate(last, plan.TotalSteps):G4}), and from now on it is the " +
            $"same ({Rate(state.Step, plan.TotalSteps):G4} in the next). The weights will differ from those of {plan.TotalSteps} " +
            $"uninterrupted steps."));
    }

    /// <summary>Trains to the end of the run, or until it is canceled, if a canceled run is to return.</summary>
    bool TrainUnlessCanceled()
    {
        IEnumerable<BatchExamples> batches = plan.From(state.Step, ValidationDue);
        using var feeder = new BatchFeeder(task.Examples.ReadBatch, share?.Of(batches) ?? batches, device.type == DeviceType.CUDA);
        try
        {
            Train(feeder);
            return true;
        }
        catch (OperationCanceledException)
            when (options.ReturnModelWhenCanceled && state.Step > 0 && cancellation.IsCancellationRequested)
        {
            if (meter.Examples > 0)
                Report();
            return false;
        }
    }

    // Everything between two steps happens at the head of the loop. There the state is consistent and can be saved, and there a resumed run
    // enters: whatever the interrupted one had still to do after its last step is done first.
    void Train(BatchFeeder feeder)
    {
        bool saved = resumedFrom is not null;
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

            Tensor[] batch = Take(feeder);
            Step(batch);
            saved = false;
        }
    }

    void Step(Tensor[] batch)
    {
        using DisposeScope scope = NewDisposeScope();
        learningRate = options.LearningRate * schedule.FactorAt(state.Step, plan.TotalSteps);
        tensors.DropGradients();
        StepLoss loss;
        using (reduced ? MixedPrecision.BFloat16() : null)
        using (share?.Use())
            loss = task.Objective.Loss(ToDevice(batch, scope), Moment);
        meter.Add(loss, plan.BatchSize, share?.Rows ?? plan.BatchSize);
        state.Step++;
        // Reading the loss would make a GPU wait; there it is looked at when progress is reported.
        if (!OnGpu && !meter.IsFinite)
            throw NotFinite();
        BackwardPass.Run(() => loss.Total.backward());
        if (share is not null
            && tensors.SumGradients(share, (double)share.Rows / plan.BatchSize, options.CancellationToken.IsCancellationRequested))
        {
            agreed.Cancel();
        }
        if (options.GradientClipNorm is { } norm)
            tensors.ClipGradients(norm);
        tensors.Step(learningRate);
    }

    void Validate(BatchFeeder feeder)
    {
        double mean = share is { IsFirst: false } ? 0 : ValidationLoss(feeder);
        mean = share?.FromFirst(mean) ?? mean;
        if (!double.IsFinite(mean))
            throw NotFinite(mean, "validation loss");
        if (state.Validated(mean))
        {
            // Also for a run that is canceled, in this process or after a resume.
            tensors.KeepAsBest();
        }
        else if (state.ValidationsSinceBest >= options.EarlyStoppingPatience)
        {
            state.StoppedEarly = true;
            reporter.Line(
                $"Training stops early: no lower validation loss since step {state.BestValidationStep}, {state.BestValidationLoss:G5}.");
        }
    }

    double ValidationLoss(BatchFeeder feeder)
    {
        using var validation = new LossMeter();
        int left = plan.Validation.Count;
        task.Network.eval();
        using (no_grad())
        {
            for (int i = 0; i < plan.ValidationBatches; i++)
            {
                // In a group, the others wait for this rank's result: a canceled run ends at the next training batch, on all ranks alike.
                Tensor[] batch = share is null ? Take(feeder) : feeder.Take(CancellationToken.None);
                using DisposeScope scope = NewDisposeScope();
                StepLoss loss = task.Objective.Loss(ToDevice(batch, scope), Moment);
                int examples = Math.Min(plan.BatchSize, left);
                validation.Add(loss, examples, examples);
                left -= examples;
            }
        }

        task.Network.train();
        return validation.Read().Loss;
    }

    void Report()
    {
        if (share is not null)
            meter.SumOver(share);
        if (!meter.IsFinite)
            throw NotFinite();
        TrainingProgress progress = reporter.Progress(state, plan, meter, learningRate);
        state.Reported(progress);
        reporter.Publish(progress, important: Finished || (state.ValidatedStep == state.Step));
        if (log is not null)
            reporter.Pause(() => Log(log, progress));
    }

    void Log(TensorBoardLog log, TrainingProgress progress)
    {
        try
        {
            log.Write(progress, last: Finished);
        }
        catch (IOException e)
        {
            reporter.Warn(e.Message);
        }
    }

    // Training is worth more than its checkpoints: where one cannot be written, it goes on.
    void Save()
    {
        if (share is not null && meter.Examples > 0)
            meter.SumOver(share);
        if (!meter.IsFinite)
            throw NotFinite();
        if (share is { IsFirst: false })
        {
            meter.ZeroSums();
            return;
        }
        state.Elapsed = reporter.Elapsed;
        try
        {
            checkpoint!.Save(state, tensors, meter);
            saveProblem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            saveProblem = e;
            reporter.Warn($"The checkpoint after {state.Step} of {plan.TotalSteps} steps could not be written: {e.Message}");
        }
    }

    Tensor[] Take(BatchFeeder feeder)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return feeder.Take(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            reporter.Line($"Training was canceled after {state.Step} of {plan.TotalSteps} steps.");
            if (checkpoint is not null && (share is not null || meter.IsFinite))
                Save();
            if (saveProblem is null)
                throw;
            throw new OperationCanceledException(
                $"Training was canceled, and its checkpoint could not be written: {saveProblem.Message}", saveProblem,
                cancellation);
        }
    }

    Tensor[] ToDevice(Tensor[] batch, DisposeScope scope)
    {
        foreach (Tensor tensor in batch)
            scope.Attach(tensor);
        return OnGpu ? [.. batch.Select(t => t.to(device, non_blocking: true))] : batch;
    }

    NotFiniteNumberException NotFinite()
    {
        long batches = meter.Batches;
        return NotFinite(meter.Read().Loss, batches == 1 || !OnGpu ? "loss" : $"loss of the last {batches} steps");
    }

    NotFiniteNumberException NotFinite(double value, string what) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The {what} is {value} at step {state.Step} of {plan.TotalSteps}, with learning rate {learningRate:G4}. Lower " +
            $"{nameof(TrainingOptions)}.{nameof(TrainingOptions.LearningRate)} ({options.LearningRate:G4}), set " +
            $"{nameof(TrainingOptions.GradientClipNorm)}, or look for extreme values in the data."),
        value);
}

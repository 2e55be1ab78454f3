namespace Microsoft.ML.VqVae.Training;

/// <summary>The state of a run without its tensors, kept as JSON in a checkpoint.</summary>
internal sealed class TrainingState
{
    const int LongestCurve = 1000;

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>Whether lengths of presets that are too long for the run are shortened. False in the checkpoints of version 0.1, whose runs
    /// go on as they began.</summary>
    public bool ShortensLengths { get; set; }

    /// <summary>Steps done when the validation loss was last measured.</summary>
    public long ValidatedStep { get; set; }

    public double? ValidationLoss { get; set; }

    public double? BestValidationLoss { get; set; }

    public long? BestValidationStep { get; set; }

    public int ValidationsSinceBest { get; set; }

    public bool StoppedEarly { get; set; }

    /// <summary>Examples and batches that the running means hold.</summary>
    public long MeterExamples { get; set; }

    /// <inheritdoc cref="MeterExamples"/>
    public long MeterBatches { get; set; }

    /// <summary>Time in training until this checkpoint.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>The last progress report.</summary>
    public TrainingProgress? Last { get; set; }

    /// <summary>Progress reports so far.</summary>
    public long Reports { get; set; }

    /// <summary>The number of reports per point of the learning curve.</summary>
    public long CurveStride { get; set; } = 1;

    public List<TrainingProgress> LearningCurve { get; set; } = [];

    /// <summary>A state that no run of so many steps can be in, in words; or null.</summary>
    internal string? Problem(long plannedSteps) => true switch
    {
        _ when Step < 0 || Step > plannedSteps => $"its run has done {Step} of {plannedSteps} steps",
        _ when ValidatedStep < 0 || ValidatedStep > Step || BestValidationStep < 0 || BestValidationStep > Step
            || ValidationsSinceBest < 0 => "its validations are not those of the steps that were done",
        _ when BestValidationLoss.HasValue != BestValidationStep.HasValue => "its best validation has a loss or a step alone",
        _ when MeterExamples < 0 || MeterBatches < 0 || MeterBatches > Step || MeterExamples < MeterBatches
            || (MeterBatches == 0) != (MeterExamples == 0) => $"its means are those of {MeterExamples} examples in {MeterBatches} batches",
        _ when Elapsed < TimeSpan.Zero => $"its time in training is {Elapsed}",
        _ when Reports < 0 || CurveStride < 1 || LearningCurve is null || LearningCurve.Exists(report => report?.Terms is null)
            || (Last is not null && Last.Terms is null) => "its learning curve is incomplete",
        _ when Last is null && (StoppedEarly || (Step > 0 && MeterBatches == 0)) => "it has no report of the last step",
        _ => null,
    };

    /// <summary>Notes a report. Of a learning curve grown long every other point is dropped: it stays evenly spaced.</summary>
    internal void Reported(TrainingProgress progress)
    {
        Last = progress;
        if (Reports++ % CurveStride != 0)
            return;
        LearningCurve.Add(progress);
        if (LearningCurve.Count <= LongestCurve)
            return;
        int index = 0;
        LearningCurve.RemoveAll(_ => index++ % 2 == 1);
        CurveStride *= 2;
    }

    /// <summary>Notes a measurement of the validation loss.</summary>
    /// <returns>Whether it is the lowest so far.</returns>
    internal bool Validated(double loss)
    {
        (ValidatedStep, ValidationLoss) = (Step, loss);
        if (BestValidationLoss is { } best && loss >= best)
        {
            ValidationsSinceBest++;
            return false;
        }

        (BestValidationLoss, BestValidationStep, ValidationsSinceBest) = (loss, Step, 0);
        return true;
    }
}

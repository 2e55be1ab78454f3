namespace Microsoft.ML.VqVae.Training;

/// <summary>Where a run is, tensors aside: what a checkpoint keeps as JSON.</summary>
internal sealed class TrainingState
{
    const int LongestCurve = 1000;

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

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

    /// <summary>Every how many-th report the learning curve keeps.</summary>
    public long CurveStride { get; set; } = 1;

    public List<TrainingProgress> LearningCurve { get; set; } = [];

    /// <summary>Notes a report. Of a learning curve grown long every other point is dropped: it stays evenly spaced.</summary>
    internal void Reported(TrainingProgress progress)
    {
        Last = progress;
        if (Reports++ % CurveStride != 0)
            return;
        LearningCurve.Add(progress);
        if (LearningCurve.Count <= LongestCurve)
            return;
        var index = 0;
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

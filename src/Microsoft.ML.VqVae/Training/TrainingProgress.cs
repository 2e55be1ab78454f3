namespace Microsoft.ML.VqVae.Training;

/// <summary>How far a training run is. Losses, perplexity and speed are those of the steps since the last report.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Loss">Mean of the total loss.</param>
/// <param name="Terms">Means of the named terms of the loss.</param>
/// <param name="Perplexity">exp of the entropy of the codes chosen, averaged over codebooks; null for a network without codes.</param>
/// <param name="ExamplesPerSecond">Training examples a second.</param>
/// <param name="Elapsed">Time in training, that before a resume included.</param>
/// <param name="Remaining">Estimated time until the last step.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ValidationLoss">Latest loss on the held-out examples; null before the first measurement.</param>
public sealed record TrainingProgress(
    long Step,
    long TotalSteps,
    double Loss,
    IReadOnlyDictionary<string, double> Terms,
    double? Perplexity,
    double ExamplesPerSecond,
    TimeSpan Elapsed,
    TimeSpan Remaining,
    double LearningRate,
    double? ValidationLoss)
{
    /// <summary>Share of the run that is done: 0 … 1.</summary>
    public double Fraction => (double)Step / TotalSteps;
}

/// <summary>What a training run came to.</summary>
/// <param name="Steps">Steps done, those before a resume included.</param>
/// <param name="TotalSteps">Steps that the run was planned for; larger than <paramref name="Steps"/> after an early stop.</param>
/// <param name="ResumedFromStep">Steps that a checkpoint had done already; null for a run from the start.</param>
/// <param name="StoppedEarly">Whether the validation loss ended the run.</param>
/// <param name="Last">The last progress report.</param>
/// <param name="BestValidationLoss">Lowest loss on the held-out examples; null without any.</param>
/// <param name="BestValidationStep">Steps done when it was measured.</param>
/// <param name="Elapsed">Time in training, that before a resume included.</param>
/// <param name="LearningCurve">Progress reports over the whole run, thinned out evenly where there were many.</param>
public sealed record TrainingSummary(
    long Steps,
    long TotalSteps,
    long? ResumedFromStep,
    bool StoppedEarly,
    TrainingProgress Last,
    double? BestValidationLoss,
    long? BestValidationStep,
    TimeSpan Elapsed,
    IReadOnlyList<TrainingProgress> LearningCurve);

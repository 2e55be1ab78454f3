namespace Microsoft.ML.VqVae.Training;

/// <summary>Which examples are trained on in which step, and which are held out: a function of the seed and the step number alone, so
/// that a run can go on anywhere.</summary>
internal sealed class BatchPlan
{
    const long ValidationStream = -1;

    readonly int[] training;
    readonly int[] validation;
    readonly int seed;
    (long Number, int[] Order) epoch = (-1, []);

    internal BatchPlan(int examples, TrainingOptions options)
    {
        seed = options.Seed ?? 0;
        var heldOut = 0;
        if (options.ValidationFraction > 0)
            heldOut = Math.Max(1, (int)Math.Round(options.ValidationFraction * examples, MidpointRounding.AwayFromZero));
        if (examples - heldOut < 1)
        {
            throw new ArgumentException(
                $"There is no example to train on: {examples} examples, {heldOut} of them held out by " +
                $"{nameof(TrainingOptions.ValidationFraction)}.",
                nameof(examples));
        }

        var all = Enumerable.Range(0, examples).ToArray();
        if (heldOut > 0)
            Shuffle(all, ValidationStream);
        (validation, training) = (all[..heldOut], all[heldOut..]);
        Array.Sort(validation);
        Array.Sort(training);

        BatchSize = Math.Min(options.BatchSize, training.Length);
        BatchesPerEpoch = training.Length / BatchSize;
        var epochs = options.Epochs ?? TrainingOptions.DefaultEpochs;
        TotalSteps = options.Steps ?? Math.Max(1, (long)Math.Round(epochs * BatchesPerEpoch, MidpointRounding.AwayFromZero));
        ValidateEverySteps = options.ValidateEverySteps ?? BatchesPerEpoch;
    }

    internal IReadOnlyList<int> Training => training;

    internal IReadOnlyList<int> Validation => validation;

    internal int BatchSize { get; }

    internal int BatchesPerEpoch { get; }

    internal long TotalSteps { get; }

    internal int ValidateEverySteps { get; }

    internal bool ValidatesAfter(long step) =>
        validation.Length > 0 && step > 0 && (step % ValidateEverySteps == 0 || step == TotalSteps);

    /// <summary>The batches of the rest of a run, those of each validation after the step that it follows.</summary>
    internal IEnumerable<BatchExamples> From(long step, bool validateFirst)
    {
        for (var next = step; ; next++)
        {
            if (next > step ? ValidatesAfter(next) : validateFirst)
            {
                for (var start = 0; start < validation.Length; start += BatchSize)
                    yield return new(validation.AsMemory(start, Math.Min(BatchSize, validation.Length - start)), Step: null);
            }

            if (next >= TotalSteps)
                yield break;
            yield return new(TrainingBatch(next), next);
        }
    }

    internal int ValidationBatches => (validation.Length + BatchSize - 1) / BatchSize;

    ReadOnlyMemory<int> TrainingBatch(long step)
    {
        var number = step / BatchesPerEpoch;
        if (epoch.Number != number)
        {
            epoch = (number, (int[])training.Clone());
            Shuffle(epoch.Order, number);
        }

        return epoch.Order.AsMemory((int)(step % BatchesPerEpoch) * BatchSize, BatchSize);
    }

    // Fisher-Yates with SplitMix64 (Steele, Lea, Flood 2014): the same order with every version of .NET.
    void Shuffle(int[] items, long stream)
    {
        var state = Mix(unchecked((ulong)seed + 0x9E3779B97F4A7C15UL)) ^ Mix(unchecked((ulong)stream * 0xD1342543DE82EF95UL));
        for (var i = items.Length - 1; i > 0; i--)
        {
            state = unchecked(state + 0x9E3779B97F4A7C15UL);
            var j = (int)Math.BigMul(Mix(state), (ulong)i + 1, out _);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    static ulong Mix(ulong z)
    {
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}

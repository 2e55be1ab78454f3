using System.Globalization;

namespace Microsoft.ML.VqVae.Training;

/// <summary>A learning rate schedule: a factor on <see cref="TrainingOptions.LearningRate"/> for every step.</summary>
/// <remarks>The hierarchy is closed: <see cref="Constant"/>, <see cref="WarmupHoldLinear"/>, <see cref="Cosine"/>.</remarks>
public abstract class LearningRateSchedule
{
    // The steps of the rise where none are set, and the most that they take of a run.
    const int DefaultWarmupSteps = 100;
    const long WarmupShare = 5;

    LearningRateSchedule()
    {
    }

    /// <summary>The learning rate of the options at every step.</summary>
    public static LearningRateSchedule Constant { get; } = new ConstantSchedule();

    /// <summary>Rises linearly, holds, then falls linearly until the end of the run.</summary>
    /// <param name="warmupSteps">Steps of the rise; 0 starts at the full rate. Null, the default, for 100, or a fifth of a run of fewer
    /// than 500 steps.</param>
    /// <param name="holdUntilFraction">Share of the run after which the rate starts to fall.</param>
    /// <param name="finalFraction">Share of the full rate that is reached at the end of the run.</param>
    /// <returns>The schedule.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of steps, or a fraction outside 0 … 1.</exception>
    public static LearningRateSchedule WarmupHoldLinear(
        int? warmupSteps = null, double holdUntilFraction = 0.4, double finalFraction = 0.02) =>
        new WarmupHoldLinearSchedule(
            Warmup.Of(warmupSteps), Fraction(holdUntilFraction, nameof(holdUntilFraction)), Fraction(finalFraction, nameof(finalFraction)));

    /// <summary><see cref="WarmupHoldLinear"/> with a rise of so many steps, or a fifth of a run that is too short for them.</summary>
    internal static LearningRateSchedule WarmupAtMost(int steps, double holdUntilFraction, double finalFraction) =>
        new WarmupHoldLinearSchedule(new(steps, Shortens: true), holdUntilFraction, finalFraction);

    /// <summary>Rises linearly, then falls along half a cosine until the end of the run (Loshchilov and Hutter 2016, arXiv 1608.03983,
    /// without restarts).</summary>
    /// <param name="warmupSteps">Steps of the rise; 0 starts at the full rate. Null, the default, for 100, or a fifth of a run of fewer
    /// than 500 steps.</param>
    /// <param name="finalFraction">Share of the full rate that is reached at the end of the run.</param>
    /// <returns>The schedule.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of steps, or a fraction outside 0 … 1.</exception>
    public static LearningRateSchedule Cosine(int? warmupSteps = null, double finalFraction = 0) =>
        new CosineSchedule(Warmup.Of(warmupSteps), Fraction(finalFraction, nameof(finalFraction)));

    /// <summary>The factor on the learning rate for one step.</summary>
    /// <param name="step">Number of steps done before this one: 0 for the first.</param>
    /// <param name="totalSteps">Number of steps of the whole run.</param>
    /// <returns>A number in 0 … 1.</returns>
    public abstract double FactorAt(long step, long totalSteps);

    /// <summary>The schedule with a rise that no run shortens, as in version 0.1.</summary>
    internal virtual LearningRateSchedule Unshortened => this;

    /// <summary>Whether the schedule has a rise that was set, of more steps than a run of so many would take for one that was not.</summary>
    internal virtual bool KeepsLongRise(long totalSteps) => false;

    /// <summary>The name and settings of the schedule, the same on every machine; a checkpoint must match it.</summary>
    /// <returns>For example <c>WarmupHoldLinear(100, 0.4, 0.02)</c>.</returns>
    public abstract override string ToString();

    static double Fraction(double value, string name) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "A fraction lies between 0 and 1.");

    /// <summary>The rise at the start of a run.</summary>
    readonly record struct Warmup(int Steps, bool Shortens)
    {
        public static Warmup Of(int? warmupSteps)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps ?? 0, nameof(warmupSteps));
            return new(warmupSteps ?? DefaultWarmupSteps, warmupSteps is null);
        }

        public bool KeepsLongRise(long totalSteps) => !Shortens && Steps > totalSteps / WarmupShare;

        public double FactorAt(long step, long totalSteps)
        {
            long steps = Shortens ? Math.Min(Steps, totalSteps / WarmupShare) : Steps;
            return step < steps ? (step + 1.0) / steps : 1;
        }
    }

    sealed class ConstantSchedule : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps) => 1;

        public override string ToString() => "Constant";
    }

    sealed class WarmupHoldLinearSchedule(Warmup warmup, double holdUntil, double final) : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps)
        {
            double done = (double)step / totalSteps;
            double fall = done <= holdUntil ? 1 : 1 - ((1 - final) * (done - holdUntil) / (1 - holdUntil));
            return Math.Min(warmup.FactorAt(step, totalSteps), fall);
        }

        internal override bool KeepsLongRise(long totalSteps) => warmup.KeepsLongRise(totalSteps);

        internal override LearningRateSchedule Unshortened =>
            new WarmupHoldLinearSchedule(warmup with { Shortens = false }, holdUntil, final);

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"WarmupHoldLinear({warmup.Steps}, {holdUntil}, {final})");
    }

    sealed class CosineSchedule(Warmup warmup, double final) : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps)
        {
            double fall = final + ((1 - final) * (1 + Math.Cos(Math.PI * step / totalSteps)) / 2);
            return Math.Min(warmup.FactorAt(step, totalSteps), fall);
        }

        internal override bool KeepsLongRise(long totalSteps) => warmup.KeepsLongRise(totalSteps);

        internal override LearningRateSchedule Unshortened => new CosineSchedule(warmup with { Shortens = false }, final);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Cosine({warmup.Steps}, {final})");
    }
}

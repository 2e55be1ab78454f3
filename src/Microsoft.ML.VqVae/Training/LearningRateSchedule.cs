using System.Globalization;

namespace Microsoft.ML.VqVae.Training;

/// <summary>How the learning rate changes over a run: a factor on <see cref="TrainingOptions.LearningRate"/> for every step.</summary>
/// <remarks>The hierarchy is closed: <see cref="Constant"/>, <see cref="WarmupHoldLinear"/>, <see cref="Cosine"/>.</remarks>
public abstract class LearningRateSchedule
{
    LearningRateSchedule()
    {
    }

    /// <summary>The learning rate of the options at every step.</summary>
    public static LearningRateSchedule Constant { get; } = new ConstantSchedule();

    /// <summary>Rises linearly, holds, then falls linearly until the end of the run.</summary>
    /// <param name="warmupSteps">Steps of the rise; 0 starts at the full rate.</param>
    /// <param name="holdUntilFraction">Share of the run after which the rate begins to fall.</param>
    /// <param name="finalFraction">Share of the full rate that is reached at the end of the run.</param>
    /// <returns>The schedule.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of steps, or a fraction outside 0 … 1.</exception>
    public static LearningRateSchedule WarmupHoldLinear(
        int warmupSteps = 100, double holdUntilFraction = 0.4, double finalFraction = 0.02) =>
        new WarmupHoldLinearSchedule(
            Steps(warmupSteps), Fraction(holdUntilFraction, nameof(holdUntilFraction)), Fraction(finalFraction, nameof(finalFraction)));

    /// <summary>Rises linearly, then falls along half a cosine until the end of the run (Loshchilov and Hutter 2016, arXiv 1608.03983,
    /// without restarts).</summary>
    /// <param name="warmupSteps">Steps of the rise; 0 starts at the full rate.</param>
    /// <param name="finalFraction">Share of the full rate that is reached at the end of the run.</param>
    /// <returns>The schedule.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of steps, or a fraction outside 0 … 1.</exception>
    public static LearningRateSchedule Cosine(int warmupSteps = 100, double finalFraction = 0) =>
        new CosineSchedule(Steps(warmupSteps), Fraction(finalFraction, nameof(finalFraction)));

    /// <summary>The factor on the learning rate for one step.</summary>
    /// <param name="step">Number of steps done before this one: 0 for the first.</param>
    /// <param name="totalSteps">Number of steps of the whole run.</param>
    /// <returns>A number in 0 … 1.</returns>
    public abstract double FactorAt(long step, long totalSteps);

    /// <summary>The name and settings of the schedule, the same on every machine: part of what a checkpoint must match.</summary>
    /// <returns>For example <c>WarmupHoldLinear(100, 0.4, 0.02)</c>.</returns>
    public abstract override string ToString();

    static double Rise(long step, int warmupSteps) => step < warmupSteps ? (step + 1.0) / warmupSteps : 1;

    static int Steps(int warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        return warmupSteps;
    }

    static double Fraction(double value, string name) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "A fraction lies between 0 and 1.");

    sealed class ConstantSchedule : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps) => 1;

        public override string ToString() => "Constant";
    }

    sealed class WarmupHoldLinearSchedule(int warmupSteps, double holdUntil, double final) : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps)
        {
            var done = (double)step / totalSteps;
            var fall = done <= holdUntil ? 1 : 1 - ((1 - final) * (done - holdUntil) / (1 - holdUntil));
            return Math.Min(Rise(step, warmupSteps), fall);
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"WarmupHoldLinear({warmupSteps}, {holdUntil}, {final})");
    }

    sealed class CosineSchedule(int warmupSteps, double final) : LearningRateSchedule
    {
        public override double FactorAt(long step, long totalSteps)
        {
            var fall = final + ((1 - final) * (1 + Math.Cos(Math.PI * step / totalSteps)) / 2);
            return Math.Min(Rise(step, warmupSteps), fall);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Cosine({warmupSteps}, {final})");
    }
}

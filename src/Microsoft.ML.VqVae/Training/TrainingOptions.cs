using System.Globalization;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The training options, shared by all models of the library.</summary>
/// <remarks>The optimizer is Adam (Kingma and Ba 2014, arXiv 1412.6980) with β₁ 0.9, β₂ 0.999 and ε 1e-8.</remarks>
public sealed class TrainingOptions
{
    /// <summary>Default of <see cref="LearningRate"/>: that of the VQ-VAE paper.</summary>
    public const double DefaultLearningRate = 2e-4;

    /// <summary>Default of <see cref="BatchSize"/>: that of the VQ-VAE paper.</summary>
    public const int DefaultBatchSize = 128;

    /// <summary>Default number of passes over the training examples, used if neither <see cref="Steps"/> nor <see cref="Epochs"/> is
    /// set.</summary>
    public const double DefaultEpochs = 10;

    /// <summary>Default of <see cref="ProgressEverySteps"/>.</summary>
    public const int DefaultProgressEverySteps = 10;

    /// <summary>Default of <see cref="CheckpointEverySteps"/>.</summary>
    public const int DefaultCheckpointEverySteps = 500;

    /// <summary>Adam's learning rate, before <see cref="Schedule"/>.</summary>
    /// <value>Default: 2e-4.</value>
    public double LearningRate { get; set; } = DefaultLearningRate;

    /// <summary>Examples in a step. An incomplete last batch of an epoch is left out; fewer examples than a batch are all used.</summary>
    /// <value>Default: 128.</value>
    public int BatchSize { get; set; } = DefaultBatchSize;

    /// <summary>Length of the run in steps. Set this or <see cref="Epochs"/>, not both.</summary>
    /// <value>Default: <see langword="null"/>; with <see cref="Epochs"/> also null, the run is 10 epochs long.</value>
    public int? Steps { get; set; }

    /// <summary>Length of the run in passes over the training examples; fractions are allowed. Set this or <see cref="Steps"/>, not
    /// both.</summary>
    /// <value>Default: <see langword="null"/>; with <see cref="Steps"/> also null, the run is 10 epochs long.</value>
    public double? Epochs { get; set; }

    /// <summary>The learning rate schedule.</summary>
    /// <value>Default: <see cref="LearningRateSchedule.Constant"/>.</value>
    public LearningRateSchedule Schedule { get; set; } = LearningRateSchedule.Constant;

    /// <summary>Largest Euclidean norm of all gradients together; larger ones are scaled down to it.</summary>
    /// <value>Default: <see langword="null"/>, no clipping.</value>
    public double? GradientClipNorm { get; set; }

    /// <summary>The precision of convolutions and matrix products in training steps. Weights, the optimizer, quantizers, losses, validation
    /// and checkpoints are in Single with every setting, and so is the trained model.</summary>
    /// <value>Default: <see cref="TrainingPrecision.Single"/>.</value>
    public TrainingPrecision Precision { get; set; }

    /// <summary>Share of the examples, chosen by <see cref="Seed"/>, that is held out of training to measure the loss on.</summary>
    /// <value>Default: 0, none.</value>
    public double ValidationFraction { get; set; }

    /// <summary>Steps between two measurements of the validation loss; the last step of the run is always followed by one.</summary>
    /// <value>Default: <see langword="null"/>, once an epoch.</value>
    public int? ValidateEverySteps { get; set; }

    /// <summary>Training stops after this many validations in a row without a new lowest loss. With this set, the network ends with the
    /// weights of its lowest validation loss; without, with those of the last step.</summary>
    /// <value>Default: <see langword="null"/>, no early stop.</value>
    public int? EarlyStoppingPatience { get; set; }

    /// <summary>Decides the held-out examples and the order of the others. torch's global generator is neither read nor written.</summary>
    /// <value>Default: <see langword="null"/>, which an estimator replaces by the MLContext's seed; the loop itself takes it as 0.</value>
    public int? Seed { get; set; }

    /// <summary>Stops training between two steps. With <see cref="CheckpointFolder"/> set a checkpoint is written first, so that the same
    /// call goes on from there; then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <value>Default: <see cref="CancellationToken.None"/>.</value>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Receives a <see cref="TrainingProgress"/> every <see cref="ProgressEverySteps"/> steps and after the last, on the training
    /// thread unless it is a <see cref="Progress{T}"/>, which posts.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public IProgress<TrainingProgress>? Progress { get; set; }

    /// <summary>Steps between two progress reports. Only then are losses read back from the device.</summary>
    /// <value>Default: 10.</value>
    public int ProgressEverySteps { get; set; } = DefaultProgressEverySteps;

    /// <summary>Folder for <c>checkpoint.safetensors</c>. A checkpoint found there that fits is resumed from; one that does not is an
    /// error. One run a folder.</summary>
    /// <value>Default: <see langword="null"/>, no checkpoints.</value>
    public string? CheckpointFolder { get; set; }

    /// <summary>Steps between two checkpoints. One more is written at the end of the run, and on cancellation.</summary>
    /// <value>Default: 500.</value>
    public int CheckpointEverySteps { get; set; } = DefaultCheckpointEverySteps;

    /// <summary>Bytes of training images, or of features of training utterances, that are kept in memory. What goes beyond lies in temporary
    /// files, from which training is slower where the operating system cannot keep them in memory.</summary>
    /// <value>Default: <see langword="null"/>, half of the memory that the process may use.</value>
    public long? DataMemoryLimit { get; set; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">Options contradict each other or are out of range; the message lists every problem.</exception>
    public void Validate()
    {
        var problems = Problems().ToList();
        if (problems.Count > 0)
            throw new ArgumentException($"Training options: {string.Join(" ", problems)}");
    }

    internal long DataMemoryLimitOrDefault => DataMemoryLimit ?? (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);

    internal TrainingOptions Copy() => (TrainingOptions)MemberwiseClone();

    internal IEnumerable<string> Problems()
    {
        if (!(LearningRate > 0) || !double.IsFinite(LearningRate))
            yield return Problem(nameof(LearningRate), "must be a positive number", LearningRate);
        if (BatchSize < 1)
            yield return Problem(nameof(BatchSize), "must be at least 1", BatchSize);
        if (Steps is not null && Epochs is not null)
            yield return $"Set {nameof(Steps)} or {nameof(Epochs)}, not both; found {Steps} steps and {Text(Epochs)} epochs.";
        if (Steps < 1)
            yield return Problem(nameof(Steps), "must be at least 1", Steps);
        if (Epochs is { } epochs && (!(epochs > 0) || !double.IsFinite(epochs)))
            yield return Problem(nameof(Epochs), "must be a positive number", Epochs);
        if (Schedule is null)
            yield return Problem(nameof(Schedule), "must be set", "null");
        if (GradientClipNorm is { } norm && (!(norm > 0) || !double.IsFinite(norm)))
            yield return Problem(nameof(GradientClipNorm), "must be a positive number or null", norm);
        if (!Enum.IsDefined(Precision))
            yield return Problem(nameof(Precision), $"must be one of {string.Join(", ", Enum.GetNames<TrainingPrecision>())}", Precision);
        if (!(ValidationFraction is >= 0 and < 1))
            yield return Problem(nameof(ValidationFraction), "must be at least 0 and below 1", ValidationFraction);
        if (ValidateEverySteps < 1)
            yield return Problem(nameof(ValidateEverySteps), "must be at least 1 or null", ValidateEverySteps);
        if (EarlyStoppingPatience < 1)
            yield return Problem(nameof(EarlyStoppingPatience), "must be at least 1 or null", EarlyStoppingPatience);
        if (EarlyStoppingPatience is not null && ValidationFraction == 0)
            yield return $"{nameof(EarlyStoppingPatience)} needs held-out examples: set {nameof(ValidationFraction)} above 0.";
        if (ProgressEverySteps < 1)
            yield return Problem(nameof(ProgressEverySteps), "must be at least 1", ProgressEverySteps);
        if (CheckpointEverySteps < 1)
            yield return Problem(nameof(CheckpointEverySteps), "must be at least 1", CheckpointEverySteps);
        if (DataMemoryLimit < 0)
            yield return Problem(nameof(DataMemoryLimit), "must be a number of bytes or null", DataMemoryLimit);
        if (CheckpointFolder is not null && string.IsNullOrWhiteSpace(CheckpointFolder))
            yield return Problem(nameof(CheckpointFolder), "must name a folder or be null", $"\"{CheckpointFolder}\"");
    }

    static string Problem(string option, string expected, object? found) => $"{option} {expected}; found {Text(found)}.";

    static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null";
}

/// <summary>A learning rate schedule: a factor on <see cref="TrainingOptions.LearningRate"/> for every step.</summary>
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
    /// <param name="holdUntilFraction">Share of the run after which the rate starts to fall.</param>
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

    /// <summary>The name and settings of the schedule, the same on every machine; a checkpoint must match it.</summary>
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

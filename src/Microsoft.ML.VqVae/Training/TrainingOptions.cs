using System.Globalization;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;

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

    /// <summary>Length of the run in steps. Set this or <see cref="Epochs"/>, not both. Lengths that a preset sets, such as the warm-up of
    /// the learning rate and the steps before quantization, are shortened where they are too long for the run; those that you set are
    /// kept.</summary>
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

    /// <summary>Share of the examples, chosen by <see cref="Seed"/>, that is held out of training to measure the loss on. Of rows that are
    /// cropped (sound, series, sequences of codes), whole ones are held out, until their crops are that share.</summary>
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
    /// call goes on from there; then <see cref="OperationCanceledException"/> is thrown, or the model so far is returned, see
    /// <see cref="ReturnModelWhenCanceled"/>.</summary>
    /// <value>Default: <see cref="CancellationToken.None"/>.</value>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Whether a canceled run returns the model so far instead of throwing <see cref="OperationCanceledException"/>: with the
    /// weights of the lowest validation loss if <see cref="ValidationFraction"/> is set and it was measured, or else with those of the last
    /// step. A run that is canceled before its first step, while the data are read for example, has no model and throws.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool ReturnModelWhenCanceled { get; set; }

    /// <summary>Receives a <see cref="TrainingProgress"/> every <see cref="ProgressEverySteps"/> steps and after the last, on the training
    /// thread unless it is a <see cref="Progress{T}"/>, which posts.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public IProgress<TrainingProgress>? Progress { get; set; }

    /// <summary>Steps between two progress reports. Only then are losses read back from the device.</summary>
    /// <value>Default: 10.</value>
    public int ProgressEverySteps { get; set; } = DefaultProgressEverySteps;

    /// <summary>Folder for <c>checkpoint.safetensors</c>. A checkpoint found there that fits is resumed from; one that does not is an
    /// error. Use a folder for each run. The number of steps may change: a finished run goes on if it is given more. The folder is tried
    /// before training; a checkpoint that cannot be written later, on a full disk for example, is a warning in the log.</summary>
    /// <value>Default: <see langword="null"/>, no checkpoints.</value>
    public string? CheckpointFolder { get; set; }

    /// <summary>Steps between two checkpoints. One more is written at the end of the run, and on cancellation.</summary>
    /// <value>Default: 500.</value>
    public int CheckpointEverySteps { get; set; } = DefaultCheckpointEverySteps;

    /// <summary>The processes that train the model together, each on its share of every batch. All call <c>Fit</c> with the same data and
    /// options, and get the same model, up to rounding that of one process with the same <see cref="BatchSize"/>, which is that of all
    /// processes together. Rank 0 validates, reports progress and writes checkpoints; a cancellation on any rank cancels all; where a rank
    /// fails, all end. See docs/distributed.md.</summary>
    /// <value>Default: <see langword="null"/>, this process alone.</value>
    public ITrainingGroup? Group { get; set; }

    /// <summary>Folder for an event file that TensorBoard shows (<c>tensorboard --logdir</c>): loss, its parts, perplexity, learning rate
    /// and speed of each progress report, and, of image models, pictures of eight training images above their reconstructions, about ten
    /// in a run. A folder for each run; a resumed run adds to it. The folder is tried before training; a file that cannot be written later
    /// is a warning in the log.</summary>
    /// <value>Default: <see langword="null"/>, no event file.</value>
    public string? TensorBoardFolder { get; set; }

    /// <summary>Bytes of training images, or of features of training utterances, that are kept in memory. The rest is kept in temporary
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

    /// <summary>Whether training on a device is in BFloat16.</summary>
    internal bool UsesBFloat16(torch.Device device) =>
        Precision == TrainingPrecision.BFloat16 || (Precision == TrainingPrecision.Auto && FastBFloat16.IsOn(device));

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
        if (TensorBoardFolder is not null && string.IsNullOrWhiteSpace(TensorBoardFolder))
            yield return Problem(nameof(TensorBoardFolder), "must name a folder or be null", $"\"{TensorBoardFolder}\"");
    }

    static string Problem(string option, string expected, object? found) => $"{option} {expected}; found {Text(found)}.";

    static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null";
}

#pragma warning disable CA1720 // They are the names of the types.
/// <summary>The precision of convolutions and matrix products in training.</summary>
public enum TrainingPrecision
{
    /// <summary>32-bit floating point.</summary>
    Single,

    /// <summary>Mixed precision: convolutions, matrix products and the activations between them in BFloat16, everything else in Single.
    /// Training is usually faster where the processor or the GPU has instructions for BFloat16, and slower elsewhere.</summary>
    BFloat16,

    /// <summary><see cref="BFloat16"/> where the processor (AVX512_BF16, AMX) or the GPU (compute capability 8.0 or above) computes it
    /// fast, <see cref="Single"/> elsewhere.</summary>
    Auto,
}
#pragma warning restore CA1720

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The learning rule of the codebook of a <see cref="VectorQuantizer"/>.</summary>
public enum CodebookLearning
{
    /// <summary>By the gradient of the codebook loss ‖sg[z] − e‖², equation 3 of the paper.</summary>
    Gradient,

    /// <summary>By exponential moving averages of the encoder outputs assigned to each code, appendix A.1 of the paper. No gradient reaches
    /// the codebook.</summary>
    MovingAverage,
}

/// <summary>
/// The settings of the bottleneck of a VQ-VAE ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937). The
/// defaults are one codebook of 512 codes with β = 0.25, learned by moving averages, initialized from the data, with restarts of dead
/// codes.
/// </summary>
/// <remarks>A codebook learned by gradient from random numbers, as in section 4 of the paper, often leaves most codes unused.
/// The lengths in training steps are those of a long run: <see cref="Decay"/>, <see cref="UnquantizedSteps"/> and
/// <see cref="RestartEverySteps"/> as a preset or a default has them are shortened in a run that is too short for them. Lengths that you
/// set are kept.</remarks>
public sealed class VectorQuantizerOptions : QuantizerOptions
{
    // The most that lengths of a preset take of a run: the steps before quantization, the interval of restarts, the window of averages.
    const long UnquantizedShare = 5, RestartShare = 16, WindowShare = 8;
    const double LeastDecay = 0.5;

    bool _decayIsSet, _unquantizedStepsAreSet, _restartEveryStepsIsSet;

    /// <summary>K: the number of codes in a codebook.</summary>
    /// <value>At least 2. The default is 512.</value>
    public int Codes { get; set; } = 512;

    /// <summary>D: the dimension of a code.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Dimensions { get; set; } = 64;

    /// <summary>G: the number of codes per position. The D·G channels of the encoder are split into G sub-vectors, each quantized on its
    /// own; the paper's CIFAR-10 model has 8×8×10 codes, that is G = 10.</summary>
    /// <value>At least 1. The default is 1.</value>
    public override int CodesPerPosition { get; set; } = 1;

    /// <summary>Whether each of the <see cref="CodesPerPosition"/> sub-vectors has a codebook of its own instead of sharing one.</summary>
    /// <value>The default is <see langword="false"/>: one codebook.</value>
    public bool SeparateCodebooks { get; set; }

    /// <summary>β: the weight of the commitment loss ‖z − sg[e]‖². It never weighs the codebook loss.</summary>
    /// <value>Zero or more. The default is 0.25.</value>
    public double CommitmentCost { get; set; } = 0.25;

    /// <summary>The learning rule of the codebook.</summary>
    /// <value>The default is <see cref="CodebookLearning.MovingAverage"/>.</value>
    public CodebookLearning Learning { get; set; } = CodebookLearning.MovingAverage;

    /// <summary>γ: how much of the moving averages of counts and sums survives a step. With <see cref="CodebookLearning.Gradient"/> it only
    /// smooths the counts that dead codes are detected by.</summary>
    /// <value>Between 0 and 1, both excluded. The default is 0.99, a window of 100 steps, but of at most an eighth of a run.</value>
    public double Decay { get; set => (field, _decayIsSet) = (value, true); } = 0.99;

    /// <summary>ε: the Laplace smoothing of the moving counts, which keeps the division by the count of an unused code finite.</summary>
    /// <value>More than 0. The default is 1e-5.</value>
    public double Smoothing { get; set; } = 1e-5;

    /// <summary>Whether the codebook is set from encoder outputs, by k-means, when quantization starts. Otherwise it starts uniform in
    /// ±1/K.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool InitializeFromData { get; set; } = true;

    /// <summary>The number of training steps in which the encoder outputs pass the quantizer unchanged and without quantizer losses,
    /// so that encoder and decoder know the data before codes are chosen. A longer run and a warm start do not go back to them.</summary>
    /// <value>Zero or more, and less than the steps of the run. The default is 0. The steps of a preset are at most a fifth of a
    /// run.</value>
    public int UnquantizedSteps { get; set => (field, _unquantizedStepsAreSet) = (value, true); }

    /// <summary>The number of iterations of Lloyd's algorithm after the k-means++ seeding of <see cref="InitializeFromData"/>.</summary>
    /// <value>Zero or more. The default is 8.</value>
    public int KMeansIterations { get; set; } = 8;

    /// <summary>The number of training steps between two checks, which move dead codes to random encoder outputs of the batch.</summary>
    /// <value>Zero, for never, or more. The default is 50. The steps of a preset are at most a sixteenth of a run.</value>
    public int RestartEverySteps { get; set => (field, _restartEveryStepsIsSet) = (value, true); } = 50;

    /// <summary>A code is dead when its moving count is below this share of the mean count of its codebook.</summary>
    /// <value>Between 0 and 1, both excluded. The default is 0.05.</value>
    public double RestartBelow { get; set; } = 0.05;

    /// <summary>The share of a training run after which dead codes are left alone, so that the decoder can settle on a codebook that
    /// stays. It is for estimators, which know how long they train.</summary>
    /// <value>From 0 to 1. The default is 0.85.</value>
    public double RestartUntilFraction { get; set; } = 0.85;

    /// <inheritdoc/>
    public override int CodebookSize => Codes;

    /// <summary>The number of channels of encodings: <see cref="Dimensions"/> · <see cref="CodesPerPosition"/>.</summary>
    public override int Channels => checked(Dimensions * CodesPerPosition);

    /// <summary>The number of codebooks: <see cref="CodesPerPosition"/> with <see cref="SeparateCodebooks"/>, otherwise 1.</summary>
    public int Codebooks => SeparateCodebooks ? CodesPerPosition : 1;

    /// <inheritdoc/>
    public override Quantizer CreateQuantizer(int seed) => new VectorQuantizer(this, seed);

    /// <inheritdoc/>
    public override void Validate() => OptionProblems.Check("The vector quantizer's options cannot be used", Describe);

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Dimensions), Dimensions, 1);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.Require(CommitmentCost >= 0 && double.IsFinite(CommitmentCost), nameof(CommitmentCost), "a finite number of 0 or more",
            CommitmentCost);
        problems.Require(Enum.IsDefined(Learning), nameof(Learning), $"one of {string.Join(", ", Enum.GetNames<CodebookLearning>())}",
            Learning);
        problems.Require(Decay is > 0 and < 1, nameof(Decay), "a number between 0 and 1, both excluded", Decay);
        problems.Require(Smoothing > 0 && double.IsFinite(Smoothing), nameof(Smoothing), "a finite number above 0", Smoothing);
        problems.AtLeast(nameof(UnquantizedSteps), UnquantizedSteps, 0);
        problems.AtLeast(nameof(KMeansIterations), KMeansIterations, 0);
        problems.AtLeast(nameof(RestartEverySteps), RestartEverySteps, 0);
        problems.Require(RestartBelow is > 0 and < 1, nameof(RestartBelow), "a number between 0 and 1, both excluded", RestartBelow);
        problems.Require(RestartUntilFraction is >= 0 and <= 1, nameof(RestartUntilFraction), "from 0 to 1", RestartUntilFraction);
    }

    /// <summary>Makes the lengths so far those of a preset, which a short run shortens.</summary>
    internal VectorQuantizerOptions AsPreset()
    {
        (_decayIsSet, _unquantizedStepsAreSet, _restartEveryStepsIsSet) = (false, false, false);
        return this;
    }

    /// <summary>The lengths in a run of so many steps.</summary>
    internal IEnumerable<RunLength> LengthsIn(long totalSteps)
    {
        VectorQuantizerOptions shortened = Copy().AsPreset().For(totalSteps);
        return
        [
            new(nameof(UnquantizedSteps), UnquantizedSteps, shortened.UnquantizedSteps, _unquantizedStepsAreSet),
            new(nameof(Decay), Decay, shortened.Decay, _decayIsSet),
            new(nameof(RestartEverySteps), RestartEverySteps, shortened.RestartEverySteps, _restartEveryStepsIsSet),
        ];
    }

    internal override int? SetUnquantizedSteps => _unquantizedStepsAreSet ? UnquantizedSteps : null;

    /// <summary>A copy with the lengths for a run of so many steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The run ends before the steps without quantization do.</exception>
    internal VectorQuantizerOptions For(long totalSteps)
    {
        OptionProblems.Check("The vector quantizer's options cannot be used", problems => problems.Require(
            SetUnquantizedSteps is null or 0 || SetUnquantizedSteps < totalSteps, nameof(UnquantizedSteps),
            $"less than the steps of the run, which are {totalSteps}", SetUnquantizedSteps));
        VectorQuantizerOptions run = Copy();
        if (!_decayIsSet)
            run.Decay = Math.Min(Decay, Math.Max(LeastDecay, 1 - (double)WindowShare / totalSteps));
        if (!_unquantizedStepsAreSet)
            run.UnquantizedSteps = (int)Math.Min(UnquantizedSteps, totalSteps / UnquantizedShare);
        if (!_restartEveryStepsIsSet && RestartEverySteps > 0)
            run.RestartEverySteps = (int)Math.Min(RestartEverySteps, Math.Max(1, totalSteps / RestartShare));
        return run;
    }

    /// <inheritdoc/>
    public override VectorQuantizerOptions Copy() => (VectorQuantizerOptions)MemberwiseClone();
}

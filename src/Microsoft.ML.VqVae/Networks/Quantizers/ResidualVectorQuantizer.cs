using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Residual vector quantization (Zeghidour et al. 2021, arXiv 2107.03312): a first codebook quantizes an encoding, each further one what the
/// codebooks before it left over. The quantized encoding is the sum of the codes; the first codes of a position are a coarser version of it.
/// </summary>
/// <remarks>Names in <c>state_dict</c>: <c>stages.N.…</c> as in <see cref="VectorQuantizer"/>, and <c>steps</c>, Int64 [1]. The losses are means
/// over the stages of those of <see cref="VectorQuantizer"/>.</remarks>
public sealed class ResidualVectorQuantizer : Quantizer, IShortensLengths
{
    // A prime that keeps the random numbers of stages apart.
    const int SeedStep = 1_000_003;

    // Away from the streams of the stages.
    const long DropoutStream = 1L << 40;

    readonly ResidualVectorQuantizerOptions _options;
    readonly int _seed;

    // The settings of the stages for the run of so many steps.
    VectorQuantizerOptions _running;
    long _runningSteps;

    // Registered under these names.
    readonly ModuleList<VectorQuantizer> stages;
    readonly Tensor steps;

    /// <summary>Creates a quantizer with fresh codebooks.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">The seed of codebooks, restarts and dropout.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public ResidualVectorQuantizer(ResidualVectorQuantizerOptions options, int seed) : base(nameof(ResidualVectorQuantizer))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _seed) = (options.Copy(), seed);
        _running = _options.Stage;
        VectorQuantizerOptions stage = _options.Stage.Copy();
        // Steps without quantization are those of all stages together.
        stage.UnquantizedSteps = 0;
        stages = new ModuleList<VectorQuantizer>([.. Enumerable.Range(0, _options.CodesPerPosition)
            .Select(number => new VectorQuantizer(stage, unchecked(seed + number * SeedStep)))]);
        steps = zeros(1, dtype: ScalarType.Int64).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public ResidualVectorQuantizerOptions Options => _options.Copy();

    /// <inheritdoc/>
    public override int CodebookSize => _options.CodebookSize;

    /// <inheritdoc/>
    public override int CodesPerPosition => _options.CodesPerPosition;

    /// <inheritdoc/>
    public override int Channels => _options.Channels;

    /// <inheritdoc/>
    public override void BeginStep(long step, double fraction)
    {
        foreach (VectorQuantizer stage in stages)
            stage.BeginStep(step, fraction);
    }

    internal override void BeginStep(TrainingMoment moment)
    {
        long steps = moment.ShortensLengths ? moment.TotalSteps : long.MaxValue;
        if (steps != _runningSteps)
            (_running, _runningSteps) = (_options.Stage.For(steps), steps);
        foreach (VectorQuantizer stage in stages)
            stage.BeginStep(moment);
    }

    IEnumerable<RunLength> IShortensLengths.LengthsIn(long totalSteps) => _options.Stage.LengthsIn(totalSteps);

    /// <summary>Quantizes encodings [B, D, …]. In training mode it also advances the state. With dropout, codes of unused stages are
    /// 0.</summary>
    /// <exception cref="ArgumentException">The encodings have another shape.</exception>
    /// <exception cref="InvalidOperationException">An encoding is not a finite number (on the CPU only).</exception>
    public override QuantizationResult forward(Tensor encodings) => Quantize(encodings, examples: null, encodings?.shape[0] ?? 0);

    internal override QuantizationResult QuantizePositions(Tensor positions, Tensor examples, long count) =>
        Quantize(positions, examples, count);

    /// <param name="encodings">The encodings of the examples, or of some positions of each.</param>
    /// <param name="examples">The example of each row of the encodings, Int64; null if a row is an example.</param>
    /// <param name="count">The number of examples.</param>
    QuantizationResult Quantize(Tensor encodings, Tensor? examples, long count)
    {
        CheckEncodings(encodings);
        using DisposeScope scope = NewDisposeScope();
        // Reading it makes the host wait for a GPU, so only where it matters.
        bool dependsOnStep = training && (_options.Dropout > 0 || _running.UnquantizedSteps > 0);
        long step = dependsOnStep ? steps.item<long>() : 0;
        // Codebooks that were used, in this run, in a shorter one that it goes on with, or in that of a warm start, stay in use.
        if (training && step < _running.UnquantizedSteps && !stages[0].HasQuantized)
        {
            steps.Add_(1);
            return Unquantized(encodings).MoveToOuterDisposeScope();
        }

        long batch = encodings.shape[0];
        (long first, long wholeBatch) = training ? BatchShare.Current.Place(count) : (0, count);
        int[] ofBatch = StagesOf((int)wholeBatch, step), used = ofBatch[(int)first..(int)(first + count)];
        // Reading the examples makes the host wait for a GPU too.
        if (examples is not null)
            used = ofBatch.Min() == stages.Count ? NoDropout((int)batch) : [.. examples.cpu().data<long>().ToArray().Select(example => used[example])];
        Tensor residual = encodings, sum = zeros_like(encodings);
        Tensor codebookLoss = Zero(encodings), commitmentLoss = Zero(encodings), loss = Zero(encodings);
        var indices = new List<Tensor>();
        var counts = new List<Tensor>();
        foreach (VectorQuantizer stage in stages)
        {
            int number = indices.Count;
            long[] rows = [.. Enumerable.Range(0, (int)batch).Where(row => used[row] > number).Select(row => (long)row)];
            long[] shape = [batch, .. encodings.shape[2..], 1];
            int examplesOfBatch = ofBatch.Count(stagesUsed => stagesUsed > number);
            if (examplesOfBatch == 0)
            {
                indices.Add(zeros(shape, dtype: ScalarType.Int64, device: encodings.device));
                counts.Add(zeros(1, CodebookSize, dtype: ScalarType.Float32, device: encodings.device));
                continue;
            }
            Tensor which = tensor(rows, device: encodings.device);
            QuantizationResult result = stage.call(rows.Length == batch ? residual : residual.index_select(0, which));
            Tensor codes = Whole(result.Quantized.detach(), which, encodings.shape);
            sum = sum.Add(codes);
            residual = residual - codes;
            double share = (double)examplesOfBatch / wholeBatch / stages.Count;
            codebookLoss = codebookLoss.Add(result.CodebookLoss.Mul(share));
            commitmentLoss = commitmentLoss.Add(result.CommitmentLoss.Mul(share));
            loss = loss.Add(result.Loss.Mul(share));
            indices.Add(Whole(result.Indices, which, shape));
            counts.Add(result.Counts);
        }
        // Last, so that encodings that are refused leave it alone.
        if (training)
            steps.Add_(1);
        // Values of the codes, gradient of the encodings.
        Tensor quantized = encodings.requires_grad ? encodings.Add(sum - encodings.detach()) : sum;
        return new QuantizationResult(quantized, cat(indices, -1), codebookLoss, commitmentLoss, cat(counts, 0), loss)
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor encodings)
    {
        CheckEncodings(encodings);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor residual = encodings;
        var indices = new List<Tensor>();
        foreach (VectorQuantizer stage in stages)
        {
            indices.Add(stage.Encode(residual));
            residual = residual - stage.Embed(indices[^1]);
        }
        return cat(indices, -1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Embed(Tensor indices)
    {
        CheckIndices(indices);
        using DisposeScope scope = NewDisposeScope();
        Tensor sum = stages[0].Embed(indices.narrow(-1, 0, 1));
        for (int number = 1; number < stages.Count; number++)
            sum = sum.Add(stages[number].Embed(indices.narrow(-1, number, 1)));
        return sum.MoveToOuterDisposeScope();
    }

    internal override OnnxValue EncodeToOnnx(OnnxValue encodings)
    {
        OnnxValue residual = encodings;
        var indices = new List<OnnxValue>();
        foreach (VectorQuantizer stage in stages)
        {
            indices.Add(stage.EncodeToOnnx(residual));
            residual -= stage.EmbedToOnnx(indices[^1]);
        }
        return OnnxValue.Concatenate(indices, encodings.Rank - 1);
    }

    internal override OnnxValue EmbedToOnnx(OnnxValue indices) => stages
        .Select((stage, number) => stage.EmbedToOnnx(indices.Narrow(indices.Rank - 1, number, 1))).Aggregate((sum, codes) => sum + codes);

    /// <summary>The number of stages that each example of a batch uses.</summary>
    int[] StagesOf(int batch, long step)
    {
        int[] used = NoDropout(batch);
        if (!training || _options.Dropout == 0)
            return used;
        float[] draws = new float[2 * batch];
        SeededRandom.Uniforms(_seed, DropoutStream + step, draws);
        for (int row = 0; row < batch; row++)
        {
            if (draws[2 * row] < _options.Dropout)
                used[row] = 1 + (int)(draws[2 * row + 1] * stages.Count);
        }
        return used;
    }

    int[] NoDropout(int count) => [.. Enumerable.Repeat(stages.Count, count)];

    /// <summary>Rows of a batch in their places, and zeros in the others.</summary>
    static Tensor Whole(Tensor part, Tensor which, long[] shape) => part.shape[0] == shape[0]
        ? part
        : zeros(shape, dtype: part.dtype, device: part.device).index_copy(0, which, part);

    QuantizationResult Unquantized(Tensor encodings) => new(
        encodings.alias(), empty([0L], dtype: ScalarType.Int64, device: encodings.device), Zero(encodings), Zero(encodings),
        zeros(stages.Count, CodebookSize, dtype: ScalarType.Float32, device: encodings.device), Zero(encodings));

    static Tensor Zero(Tensor encodings) => zeros([], dtype: ScalarType.Float32, device: encodings.device);
}

/// <summary>The settings of a <see cref="ResidualVectorQuantizer"/> ("SoundStream", Zeghidour et al. 2021, arXiv 2107.03312).</summary>
public sealed class ResidualVectorQuantizerOptions : QuantizerOptions
{
    /// <summary>The codebook of each stage: size, dimensions and learning. Its <see cref="VectorQuantizerOptions.CodesPerPosition"/> must be
    /// 1; its <see cref="VectorQuantizerOptions.UnquantizedSteps"/> hold for all stages together.</summary>
    /// <value>The default has the defaults of <see cref="VectorQuantizerOptions"/>: 512 codes, learned by moving averages.</value>
    public VectorQuantizerOptions Stage { get; set; } = new();

    /// <summary>G: the number of stages, and of codes at each position.</summary>
    /// <value>At least 1. The default is 4.</value>
    public override int CodesPerPosition { get; set; } = 4;

    /// <summary>The share of training examples that use a random number of stages, from 1 to all (quantizer dropout, section III.C of arXiv
    /// 2107.03312), so that the first codes of a position alone decode well.</summary>
    /// <value>From 0, the default, to 1.</value>
    public double Dropout { get; set; }

    /// <inheritdoc/>
    public override int CodebookSize => Stage.Codes;

    /// <inheritdoc/>
    public override int Channels => Stage.Dimensions;

    /// <inheritdoc/>
    public override Quantizer CreateQuantizer(int seed) => new ResidualVectorQuantizer(this, seed);

    /// <inheritdoc/>
    public override ResidualVectorQuantizerOptions Copy() =>
        new() { Stage = Stage.Copy(), CodesPerPosition = CodesPerPosition, Dropout = Dropout };

    /// <inheritdoc/>
    public override void Validate() => OptionProblems.Check("The residual vector quantizer's options cannot be used", Describe);

    internal override int? SetUnquantizedSteps => Stage?.SetUnquantizedSteps;

    internal override void Describe(OptionProblems problems)
    {
        problems.Require(Stage is not null, nameof(Stage), "set", Stage);
        Stage?.Describe(problems);
        problems.Require(Stage is null or { CodesPerPosition: 1 }, "Stage.CodesPerPosition", "1", Stage?.CodesPerPosition);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.Require(Dropout is >= 0 and <= 1, nameof(Dropout), "from 0 to 1", Dropout);
    }
}

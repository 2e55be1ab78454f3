using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The bottleneck of a VQ-VAE: each D-dimensional encoder output is replaced by the nearest of K codes (equations 1 and 2 of "Neural
/// Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937), with the straight-through gradient and the losses of
/// equation 3, or with the moving-average codebook of its appendix A.1.
/// </summary>
/// <remarks>
/// <para>Takes encodings [B, G·D, …] with any number of spatial axes: one for audio, two for images, three for video.</para>
/// <para>State, all of it in <c>state_dict</c>: <c>codebook</c> [codebooks, K, D] (a parameter where it learns by gradient, else a buffer);
/// <c>counts</c> [codebooks, K] and <c>sums</c> [codebooks, K, D], the moving averages; <c>initialized</c> and <c>steps</c>, Int64 [1].
/// Randomness at a step follows from (seed, step) and never touches torch's global generator, so this is all that resuming exactly
/// needs.</para>
/// <para>In evaluation mode nothing of this changes.</para>
/// <para>On a CPU, an encoding that is not a number throws an exception before it reaches the codebook. On a GPU this check would make
/// every step wait for the device; there <see cref="QuantizationResult.CommitmentLoss"/> becomes NaN, and the training loop stops when it
/// reads the loss.</para>
/// </remarks>
public sealed partial class VectorQuantizer : Quantizer, IShortensLengths
{
    readonly VectorQuantizerOptions options;
    readonly int seed;

    // The settings for the run of so many steps.
    VectorQuantizerOptions running;
    long runningSteps;

    // Registered by RegisterComponents under these very names, and replaced through them when the module moves to another device.
    Tensor codebook;
    Tensor counts;
    Tensor sums;
    Tensor initialized;
    Tensor steps;

    /// <summary>Creates a quantizer with a fresh codebook, uniform in ±1/K.</summary>
    /// <param name="options">The settings; they are copied.</param>
    /// <param name="seed">What the first codebook, the k-means seeding and the restarts are drawn from.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public VectorQuantizer(VectorQuantizerOptions options, int seed) : base(nameof(VectorQuantizer))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = running = options.Copy();
        this.seed = seed;
        using (DisposeScope scope = NewDisposeScope())
        {
            using Generator generator = SeededRandom.CreateGenerator(seed, InitialStream);
            long[] shape = [options.Codebooks, options.Codes, options.Dimensions];
            WeightLimit.Take(2, shape[0], shape[1], shape[2]);
            Tensor initial = zeros(shape, dtype: ScalarType.Float32).uniform_(-1.0 / options.Codes, 1.0 / options.Codes, generator);
            // A count of one and the code itself as sum: the codebook is sums / counts from the start. With counts of zero the
            // first division would send every code that the first batches do not use far away.
            sums = initial.clone().DetachFromDisposeScope();
            counts = ones(shape[0], shape[1], dtype: ScalarType.Float32).DetachFromDisposeScope();
            initialized = tensor(new long[] { options.InitializeFromData ? 0 : 1 }).DetachFromDisposeScope();
            steps = zeros(1, dtype: ScalarType.Int64).DetachFromDisposeScope();
            codebook = (LearnsByGradient ? new Parameter(initial) : initial).DetachFromDisposeScope();
        }
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public VectorQuantizerOptions Options => options.Copy();

    /// <summary>Whether dead codes are restarted when their time comes. The training step switches it off near the end of a run, so that
    /// every code has time to settle.</summary>
    public bool RestartsEnabled { get; set; } = true;

    /// <inheritdoc/>
    public override int CodebookSize => options.Codes;

    /// <inheritdoc/>
    public override int CodesPerPosition => options.CodesPerPosition;

    /// <inheritdoc/>
    public override int Channels => options.Channels;

    /// <summary>Switches restarts off near the end of a run, see <see cref="VectorQuantizerOptions.RestartUntilFraction"/>.</summary>
    public override void BeginStep(long step, double fraction) => RestartsEnabled = fraction < options.RestartUntilFraction;

    internal override void BeginStep(TrainingMoment moment)
    {
        long steps = moment.ShortensLengths ? moment.TotalSteps : long.MaxValue;
        if (steps != runningSteps)
            (running, runningSteps) = (options.For(steps), steps);
        base.BeginStep(moment);
    }

    IEnumerable<RunLength> IShortensLengths.LengthsIn(long totalSteps) => options.LengthsIn(totalSteps);

    bool LearnsByGradient => options.Learning == CodebookLearning.Gradient;

    /// <summary>Quantizes encodings [B, G·D, …]. In training mode it also advances the state.</summary>
    /// <exception cref="ArgumentException">The encodings have another shape.</exception>
    /// <exception cref="InvalidOperationException">An encoding is not a finite number (CPU only, see the remarks of the class).</exception>
    public override QuantizationResult forward(Tensor encodings)
    {
        CheckEncodings(encodings);
        using DisposeScope scope = NewDisposeScope();
        Tensor vectors = ToVectors(encodings);
        (long Steps, bool Initialized) state = ReadState();
        // A codebook that was used, in this run, in a shorter one that it goes on with, or in that of a warm start, stays in use.
        if (training && state.Steps < running.UnquantizedSteps && !HasQuantized)
        {
            AdvanceTo(state.Steps + 1, state.Initialized);
            return Unquantized(encodings).MoveToOuterDisposeScope();
        }
        if (training && !state.Initialized)
        {
            // Measure finds it too, but after the codebook was set from it.
            if (vectors.device_type == DeviceType.CPU && !vectors.detach().isfinite().all().item<bool>())
                throw NotFinite();
            InitializeFrom(vectors.detach());
        }
        Tensor indices = FindIndices(vectors);
        Tensor codes = Look(codebook, indices);
        QuantizationResult result = Measure(encodings, vectors, codes, indices);
        if (training)
            Learn(vectors.detach(), indices, result.Counts, state.Steps + 1);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor encodings)
    {
        CheckEncodings(encodings);
        using DisposeScope scope = NewDisposeScope();
        return Arrange(FindIndices(ToVectors(encodings)), encodings.shape).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Embed(Tensor indices)
    {
        CheckIndices(indices);
        using DisposeScope scope = NewDisposeScope();
        long[] spatial = indices.shape[..^1];
        Tensor codes = Look(codebook, indices.reshape(-1, options.CodesPerPosition));
        return FromVectors(codes, spatial).MoveToOuterDisposeScope();
    }

    // Shapes in and out, and looking codes up. "Vectors" are the encodings as [N, G, D], N positions over batch and space.
    Tensor ToVectors(Tensor encodings) => ToRows(encodings).reshape(-1, options.CodesPerPosition, options.Dimensions);

    /// <summary>[N, G, D] → [B, G·D, …] for the spatial shape [B, …].</summary>
    Tensor FromVectors(Tensor vectors, long[] spatial) => FromRows(vectors.reshape(-1, options.Channels), spatial);

    Tensor Arrange(Tensor indices, long[] encodings) =>
        indices.reshape([encodings[0], .. encodings[2..], options.CodesPerPosition]);

    /// <summary>Int64 [N, G], without gradients.</summary>
    Tensor FindIndices(Tensor vectors)
    {
        using IDisposable withoutGradients = no_grad();
        Tensor plain = vectors.detach();
        if (!options.SeparateCodebooks)
            return NearestCodes.Find(plain.reshape(-1, options.Dimensions), codebook.select(0, 0)).view(-1, options.CodesPerPosition);
        IEnumerable<Tensor> groups = Enumerable.Range(0, options.CodesPerPosition)
            .Select(group => NearestCodes.Find(plain.select(1, group), codebook.select(0, group)));
        return stack(groups.ToArray(), 1);
    }

    /// <summary>Int64 [B, …, G] for encodings [B, G·D, …].</summary>
    internal override OnnxValue EncodeToOnnx(OnnxValue encodings)
    {
        OnnxValue vectors = encodings.ChannelsLast().SplitLast(options.CodesPerPosition, options.Dimensions);
        if (!options.SeparateCodebooks)
            return NearestCodes.Find(vectors, codebook.select(0, 0));
        return OnnxValue.Concatenate([.. Enumerable.Range(0, options.CodesPerPosition).Select(group =>
            NearestCodes.Find(vectors.Narrow(vectors.Rank - 2, group, 1), codebook.select(0, group)))], vectors.Rank - 2);
    }

    internal override OnnxValue EmbedToOnnx(OnnxValue indices)
    {
        using Tensor firstRows = Arange(options.CodesPerPosition).Mul(options.Codes);
        OnnxValue rows = options.SeparateCodebooks ? indices + firstRows : indices;
        return rows.RowsOf(codebook.view(-1, options.Dimensions)).MergeLast().ChannelsFirst();
    }

    /// <summary>Rows of the codebook as [N, G, D] for indices [N, G].</summary>
    Tensor Look(Tensor book, Tensor indices) =>
        book.view(-1, options.Dimensions).index_select(0, RowsOf(indices).view(-1)).view(-1, options.CodesPerPosition, options.Dimensions);

    /// <summary>Indices [N, G] as row numbers of all codebooks under one another.</summary>
    Tensor RowsOf(Tensor indices)
    {
        if (!options.SeparateCodebooks)
            return indices.contiguous();
        return indices.Add(Arange(options.CodesPerPosition, indices.device).Mul(options.Codes));
    }
}

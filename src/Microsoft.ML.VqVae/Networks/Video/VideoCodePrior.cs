using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The distribution of the codes of video, given actions: p(z_t | z_&lt;t, a_≤t), section 4.4 of "Neural Discrete Representation
/// Learning" (van den Oord et al. 2017, arXiv 1711.00937). The codes of a frame come one after another from a <see cref="PixelCnn"/>, which
/// is conditioned at each position on a network over the frames before and the actions between them.
/// </summary>
/// <remarks>
/// <para>Codes of a frame are Int64 [B, N], in raster order, as for every <see cref="CodePrior"/>. The context of frame t is the codes of
/// frames t − n … t − 1, [B, n, N], and the actions that followed each of them, [B, n]: those that led to frames t − n + 1 … t. Nothing
/// else is seen.</para>
/// <para>Names in <c>state_dict</c>, C context channels, E embedding channels, A actions, k the motion kernel: <c>context.codes</c>
/// [G·K, E], <c>context.motion</c> [A, C, E, k, k], <c>context.past</c> [C, n·E, 1, 1] (frames one after the other, the latest last),
/// <c>context.actions</c> [n·A, C]; of block N <c>context.blocks.N.wide</c> [2C, C, 3, 3], <c>context.blocks.N.action</c> [2C, C],
/// <c>context.blocks.N.narrow</c> [C, C, 1, 1]; the names of <see cref="PixelCnn"/> after the prefix <c>frame.</c> Convolutions end in
/// <c>.weight</c> and <c>.bias</c>.</para>
/// </remarks>
public sealed class VideoCodePrior : nn.Module, ITrainable
{
    /// <summary>The random numbers that decide which codes of the context are replaced derive from (seed, this + step).</summary>
    const long NoiseStream = 1L << 40;

    readonly VideoCodePriorOptions options;
    readonly int seed;
    readonly VideoContext context;
    readonly PixelCnn frame;

    /// <summary>Creates a network with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">The seed of weights, dropout and noise; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options are invalid; the message lists all problems.</exception>
    public VideoCodePrior(VideoCodePriorOptions options, int seed) : base(nameof(VideoCodePrior))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        this.seed = seed;
        using (var source = new WeightSource(seed))
            context = new VideoContext(this.options, source);
        PixelCnnOptions inside = options.Frame.Copy();
        inside.MapChannels = options.ContextChannels;
        // Another seed, so that the two networks do not start from the same numbers.
        frame = new PixelCnn(inside, unchecked(seed + 1));
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public VideoCodePriorOptions Options => options.Copy();

    /// <summary>N: number of codes in a frame.</summary>
    public int CodesOfFrame => options.Frame.Positions * options.Frame.CodesPerPosition;

    /// <summary>Computes −log2 p of each code of a frame given those before it and the frames before: Float32 [B, N].</summary>
    /// <param name="codes">The frame, Int64 [B, N].</param>
    /// <param name="past">The frames before, Int64 [B, n, N], the latest last.</param>
    /// <param name="actions">The action that followed each of them, Int64 [B, n]: the last led to the frame.</param>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or its values are out of range.</exception>
    public Tensor Bits(Tensor codes, Tensor past, Tensor actions)
    {
        CheckContext(past, actions, exactly: true);
        using DisposeScope scope = NewDisposeScope();
        return frame.Bits(codes, map: context.Map(past, actions)).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the training loss: the mean of −ln p over the codes of a batch of frames, in nats.</summary>
    /// <param name="codes">The frames, Int64 [B, N].</param>
    /// <param name="past">The frames before each, Int64 [B, n, N], the latest last.</param>
    /// <param name="actions">The action that followed each of these, Int64 [B, n].</param>
    /// <param name="step">The training step, which together with the seed determines dropout and noise, both in training mode only.</param>
    /// <returns>A scalar with gradients.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or its values are out of range.</exception>
    public Tensor Loss(Tensor codes, Tensor past, Tensor actions, long step = 0)
    {
        CheckContext(past, actions, exactly: true);
        using DisposeScope scope = NewDisposeScope();
        return frame.Loss(codes, step: step, map: context.Map(Disturb(past, step), actions)).MoveToOuterDisposeScope();
    }

    // The batch is [codes of context and frame, actions that led to each], as a store of episodes reads it.
    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment)
    {
        (Tensor codes, Tensor actions, int past) = (batch[0], batch[1], options.ContextFrames);
        return CodePrior.ToStepLoss(
            Loss(codes.select(1, past), codes.narrow(1, 0, past), actions.narrow(1, 1, past), moment.Step));
    }

    /// <summary>Continues after the context, frame by frame, only in codes: each frame is sampled given those before it, sampled or
    /// known, and the actions. All randomness derives from the seed.</summary>
    /// <returns>The codes of the frames, Int64 [B, T, N], on the CPU.</returns>
    /// <exception cref="ArgumentException">The request cannot be met: a tensor has another shape or type, its values are out of range, or
    /// the context is shorter than <see cref="VideoCodePriorOptions.ContextFrames"/>.</exception>
    /// <exception cref="OperationCanceledException">The request's token was canceled.</exception>
    public Tensor Rollout(VideoRolloutRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        OptionProblems.Check("The request for a rollout cannot be met", request.Describe);
        CheckContext(request.Context, request.ContextActions, exactly: false);
        (long rows, long known) = (request.Context.shape[0], request.Context.shape[1]);
        CheckActions(request.Actions, rows, null, nameof(request));
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        long frames = request.Actions.shape[1];
        Tensor codes = zeros([rows, known + frames, CodesOfFrame], dtype: ScalarType.Int64);
        codes.narrow(1, 0, known).copy_(request.Context);
        Tensor actions = cat([request.ContextActions.cpu(), request.Actions.cpu()], 1);
        bool wasTraining = training;
        eval();
        try
        {
            foreach (SamplingBatch batch in request.Batches((int)rows))
            {
                SampleFrames(request with { Progress = batch.Progress }, request.FirstRow + batch.First,
                    codes.narrow(0, batch.First, batch.Count), actions.narrow(0, batch.First, batch.Count), known);
            }
        }
        finally
        {
            train(wasTraining);
        }
        return codes.narrow(1, known, frames).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Fills in the codes of the frames after those that are known.</summary>
    void SampleFrames(SamplingSettings settings, long firstRow, Tensor codes, Tensor actions, long known)
    {
        (Device device, long past, long frames) = (frame.Device, options.ContextFrames, codes.shape[1] - known);
        for (long number = 0; number < frames; number++)
        {
            using DisposeScope frameScope = NewDisposeScope();
            long first = known + number - past;
            Tensor map = context.Map(codes.narrow(1, first, past).to(device), actions.narrow(1, first + 1, past).to(device));
            codes.select(1, known + number).copy_(frame.Sample(new SampleRequest(settings)
            {
                Count = (int)codes.shape[0],
                Map = map,
                // Rows of one frame lie together, those of the next far behind.
                FirstSample = firstRow + (number + 1L << 32),
                Progress = ProgressShare.Of(settings.Progress, number, 1, frames),
            }));
        }
    }

    Tensor Disturb(Tensor past, long step)
    {
        if (!training || options.ContextNoise == 0)
            return past;
        using Generator generator = SeededRandom.CreateGenerator(seed, NoiseStream + step);
        Tensor Drawn(Func<long[], Tensor> draw) => BatchShare.Current.Draw(past.shape[0], rows => draw([rows, .. past.shape[1..]]));
        Tensor replaced = Drawn(shape => rand(shape, generator: generator)).Lt(options.ContextNoise);
        Tensor noise = Drawn(shape => randint(options.Frame.Codes, shape, dtype: ScalarType.Int64, generator: generator));
        return where(replaced.to(past.device), noise.to(past.device), past);
    }

    void CheckContext(Tensor past, Tensor actions, bool exactly)
    {
        long frames = options.ContextFrames;
        TensorChecks.Shape(past, ScalarType.Int64,
            [TensorChecks.Any, exactly ? frames : TensorChecks.AtLeast(frames), CodesOfFrame], "The codes of the frames before",
            nameof(past), $"[batch, {frames}{(exactly ? "" : " or more")}, {CodesOfFrame}]");
        TensorChecks.Range(past, 0, options.Frame.Codes - 1, "Codes", nameof(past));
        CheckActions(actions, past.shape[0], past.shape[1], nameof(actions));
    }

    void CheckActions(Tensor actions, long rows, long? frames, string name)
    {
        TensorChecks.Shape(actions, ScalarType.Int64, [rows, frames ?? TensorChecks.Any], "Actions", name,
            $"[{rows}, {frames?.ToString(CultureInfo.InvariantCulture) ?? "frames"}]");
        TensorChecks.Range(actions, 0, options.Actions - 1, "Actions", name);
    }
}

/// <summary>The settings of a <see cref="VideoCodePrior"/>: the network inside a frame, and the network over the frames before.</summary>
public sealed class VideoCodePriorOptions
{
    /// <summary>The network inside a frame. Its grid and its number of codes are those of the video; it takes its conditions from
    /// <see cref="VideoCodePrior"/>, so that <see cref="PixelCnnOptions.Conditions"/> and <see cref="PixelCnnOptions.MapChannels"/> must be
    /// 0.</summary>
    /// <value>The default has 4 layers of 48 channels and 128 skip channels.</value>
    public PixelCnnOptions Frame { get; set; } = new() { Layers = 4, Channels = 48, SkipChannels = 128 };

    /// <summary>Number of actions.</summary>
    /// <value>At least 1; 0, the default, to take it from the column.</value>
    public int Actions { get; set; }

    /// <summary>n: number of preceding frames that a frame is predicted from, with the actions that followed them.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int ContextFrames { get; set; } = 4;

    /// <summary>Channels of the embedding of a code of those frames.</summary>
    /// <value>At least 1. The default is 32.</value>
    public int EmbeddingChannels { get; set; } = 32;

    /// <summary>Channels of the network over the frames before, and so of the map that conditions each position.</summary>
    /// <value>At least 1. The default is 48.</value>
    public int ContextChannels { get; set; } = 48;

    /// <summary>The side of the window of the latest frame from which an action may move something to a position: at least twice the
    /// number of positions that anything moves in a frame, and one more.</summary>
    /// <value>An odd number of at least 1. The default is 9.</value>
    public int MotionKernelSize { get; set; } = 9;

    /// <summary>Number of gated residual blocks of 3×3 convolutions that follow.</summary>
    /// <value>Zero or more. The default is 3.</value>
    public int ContextBlocks { get; set; } = 3;

    /// <summary>The share of codes of the preceding frames that are replaced by random ones in training. A rollout builds on frames that
    /// the network sampled itself, which are never quite right; a network trained only on perfect frames amplifies their
    /// mistakes.</summary>
    /// <value>From 0 to below 1. The default is 0.05.</value>
    public double ContextNoise { get; set; } = 0.05;

    /// <summary>Checks all settings together, the grid and the numbers of codes and actions included: set those that come from columns
    /// first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the prior over video cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Frame is not null, nameof(Frame), "set", Frame);
        Frame?.Describe(problems);
        problems.Require(Frame is null or { Conditions: 0, MapChannels: 0 }, nameof(Frame), "without conditions and map of its own",
            $"{Frame?.Conditions} conditions and {Frame?.MapChannels} map channels");
        problems.AtLeast(nameof(Actions), Actions, 1);
        problems.AtLeast(nameof(ContextFrames), ContextFrames, 1);
        problems.AtLeast(nameof(EmbeddingChannels), EmbeddingChannels, 1);
        problems.AtLeast(nameof(ContextChannels), ContextChannels, 1);
        problems.Require(MotionKernelSize >= 1 && MotionKernelSize % 2 == 1, nameof(MotionKernelSize), "an odd number of 1 or more",
            MotionKernelSize);
        problems.AtLeast(nameof(ContextBlocks), ContextBlocks, 0);
        problems.Require(ContextNoise is >= 0 and < 1, nameof(ContextNoise), "from 0 to below 1", ContextNoise);
    }

    /// <summary>A copy in which sizes that are still to be taken from columns are valid, to check all other settings.</summary>
    internal VideoCodePriorOptions WithOpenSizes()
    {
        var copy = (VideoCodePriorOptions)MemberwiseClone();
        copy.Frame = Frame?.WithOpenSizes()!;
        copy.Actions = Actions == 0 ? 1 : Actions;
        return copy;
    }

    internal VideoCodePriorOptions Copy()
    {
        var copy = (VideoCodePriorOptions)MemberwiseClone();
        copy.Frame = Frame.Copy();
        return copy;
    }
}

/// <summary>The input of <see cref="VideoCodePrior.Rollout"/>. The choices of frame t of row r derive from the seed,
/// <see cref="FirstRow"/> + r and t.</summary>
public sealed record VideoRolloutRequest : SamplingSettings
{
    /// <summary>Creates a request with the default settings.</summary>
    public VideoRolloutRequest()
    {
    }

    /// <summary>Creates a request with given settings.</summary>
    /// <param name="settings">The settings; copied.</param>
    public VideoRolloutRequest(SamplingSettings settings) : base(settings)
    {
    }

    /// <summary>The codes of the known frames, Int64 [B, c, N], the latest last; c is at least
    /// <see cref="VideoCodePriorOptions.ContextFrames"/>.</summary>
    public required Tensor Context { get; init; }

    /// <summary>The actions that led to those frames, Int64 [B, c].</summary>
    public required Tensor ContextActions { get; init; }

    /// <summary>The actions that lead to the frames to be sampled, Int64 [B, T].</summary>
    public required Tensor Actions { get; init; }

    /// <summary>The number of the first row, for a caller that samples the rows of one series in several requests.</summary>
    /// <value>Zero or more. The default is 0.</value>
    public long FirstRow { get; init; }
}

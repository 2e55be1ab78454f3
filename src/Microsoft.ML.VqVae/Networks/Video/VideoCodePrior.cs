using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The distribution of the codes of video, given what is done: p(z_t | z_&lt;t, a_≤t), section 4.4 of "Neural Discrete Representation
/// Learning" (van den Oord et al. 2017, arXiv 1711.00937). The codes of a frame come one after another from a <see cref="PixelCnn"/>, which
/// is conditioned at each position on a network over the frames before and the actions between them.
/// </summary>
/// <remarks>
/// <para>Codes of a frame are Int64 [B, N], in raster order, as for every <see cref="CodePrior"/>. The context of frame t is the codes of
/// frames t − n … t − 1, [B, n, N], and the actions that followed each of them, [B, n]: those that led to frames t − n + 1 … t. Nothing
/// else of the past is seen, and nothing of the future.</para>
/// <para>Names in <c>state_dict</c>, C context channels, E embedding channels, A actions, k the motion kernel: <c>context.codes</c>
/// [G·K, E], <c>context.motion</c> [A, C, E, k, k], <c>context.past</c> [C, n·E, 1, 1] (frames one after the other, the latest last),
/// <c>context.actions</c> [n·A, C]; of block N <c>context.blocks.N.wide</c> [2C, C, 3, 3], <c>context.blocks.N.action</c> [2C, C],
/// <c>context.blocks.N.narrow</c> [C, C, 1, 1]; the names of <see cref="PixelCnn"/> behind <c>frame.</c> Convolutions end in
/// <c>.weight</c> and <c>.bias</c>.</para>
/// </remarks>
public sealed class VideoCodePrior : nn.Module
{
    /// <summary>Of random numbers: what of the context is replaced is drawn by (seed, this + step).</summary>
    const long NoiseStream = 1L << 40;

    readonly VideoCodePriorOptions options;
    readonly int seed;
    readonly VideoContext context;
    readonly PixelCnn frame;

    /// <summary>Makes a network with fresh weights, PyTorch's default initialisation.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">What weights, dropout and noise are drawn from; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public VideoCodePrior(VideoCodePriorOptions options, int seed) : base(nameof(VideoCodePrior))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        this.seed = seed;
        using (var source = new WeightSource(seed))
            context = new VideoContext(this.options, source);
        var inside = options.Frame.Copy();
        inside.MapChannels = options.ContextChannels;
        // Another seed, so that the two networks do not start from the same numbers.
        frame = new PixelCnn(inside, unchecked(seed + 1));
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public VideoCodePriorOptions Options => options.Copy();

    /// <summary>N: the codes of a frame.</summary>
    public int CodesOfFrame => options.Frame.Positions * options.Frame.CodesPerPosition;

    /// <summary>−log2 p of each code of a frame given those before it and the frames before: Float32 [B, N].</summary>
    /// <param name="codes">The frame, Int64 [B, N].</param>
    /// <param name="past">The frames before, Int64 [B, n, N], the latest last.</param>
    /// <param name="actions">The action that followed each of them, Int64 [B, n]: the last led to the frame.</param>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or its values are out of range.</exception>
    public Tensor Bits(Tensor codes, Tensor past, Tensor actions)
    {
        CheckContext(past, actions, exactly: true);
        using var scope = NewDisposeScope();
        return frame.Bits(codes, map: context.Map(past, actions)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of −ln p over the codes of a batch of frames, in nats: what training minimises. Parameters as for
    /// <see cref="Bits"/>.</summary>
    /// <param name="codes">The frames, Int64 [B, N].</param>
    /// <param name="past">The frames before each, Int64 [B, n, N], the latest last.</param>
    /// <param name="actions">The action that followed each of these, Int64 [B, n].</param>
    /// <param name="step">The training step, which with the seed decides what dropout leaves out and what noise replaces, both in training mode
    /// only.</param>
    /// <returns>A scalar with gradients.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or its values are out of range.</exception>
    public Tensor Loss(Tensor codes, Tensor past, Tensor actions, long step = 0)
    {
        CheckContext(past, actions, exactly: true);
        using var scope = NewDisposeScope();
        return frame.Loss(codes, step: step, map: context.Map(Disturb(past, step), actions)).MoveToOuterDisposeScope();
    }

    /// <summary>Goes on where the context ends, frame by frame and in codes alone: each frame is sampled given those before it, sampled or
    /// known, and the actions. The seed alone decides.</summary>
    /// <returns>The codes of the frames, Int64 [B, T, N], on the CPU.</returns>
    /// <exception cref="ArgumentException">The request cannot be met: a tensor has another shape or type, its values are out of range, or
    /// the context is shorter than <see cref="VideoCodePriorOptions.ContextFrames"/>.</exception>
    /// <exception cref="OperationCanceledException">The request's token was cancelled.</exception>
    public Tensor Rollout(VideoRolloutRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckContext(request.Context, request.ContextActions, exactly: false);
        var (rows, known) = (request.Context.shape[0], request.Context.shape[1]);
        CheckActions(request.Actions, rows, null, nameof(request));
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var frames = request.Actions.shape[1];
        var device = parameters().First().device;
        var codes = zeros([rows, known + frames, CodesOfFrame], dtype: ScalarType.Int64);
        codes.narrow(1, 0, known).copy_(request.Context);
        var actions = cat([request.ContextActions.cpu(), request.Actions.cpu()], 1);
        var wasTraining = training;
        eval();
        try
        {
            for (var number = 0; number < frames; number++)
            {
                using var frameScope = NewDisposeScope();
                var (first, done) = (known + number - options.ContextFrames, number);
                var map = context.Map(
                    codes.narrow(1, first, options.ContextFrames).to(device),
                    actions.narrow(1, first + 1, options.ContextFrames).to(device));
                codes.select(1, known + number).copy_(frame.Sample(new SampleRequest
                {
                    Count = (int)rows,
                    Map = map,
                    Temperature = request.Temperature,
                    TopK = request.TopK,
                    Seed = request.Seed,
                    // Rows of one frame lie together, those of the next far behind.
                    FirstSample = request.FirstRow + (number + 1L << 32),
                    Cached = request.Cached,
                    Cancellation = request.Cancellation,
                    Progress = request.Progress is { } progress ? new Share(progress, done, frames) : null,
                }));
            }
        }
        finally
        {
            train(wasTraining);
        }
        return codes.narrow(1, known, frames).contiguous().MoveToOuterDisposeScope();
    }

    Tensor Disturb(Tensor past, long step)
    {
        if (!training || options.ContextNoise == 0)
            return past;
        using var generator = SeededRandom.CreateGenerator(seed, NoiseStream + step);
        var replaced = rand(past.shape, generator: generator) < options.ContextNoise;
        var noise = randint(options.Frame.Codes, past.shape, dtype: ScalarType.Int64, generator: generator);
        return where(replaced.to(past.device), noise.to(past.device), past);
    }

    void CheckContext(Tensor past, Tensor actions, bool exactly)
    {
        ArgumentNullException.ThrowIfNull(past);
        var (shape, wanted) = (past.shape, options.ContextFrames);
        var fits = past.dtype == ScalarType.Int64 && shape.Length == 3 && shape[2] == CodesOfFrame
            && (exactly ? shape[1] == wanted : shape[1] >= wanted);
        if (!fits)
            throw new ArgumentException($"The codes of the frames before must be Int64 [batch, {wanted}{(exactly ? "" : " or more")}, " +
                $"{CodesOfFrame}], but are {past.dtype} [{string.Join(", ", shape)}].", nameof(past));
        CheckRange(past, options.Frame.Codes, "Codes", nameof(past));
        CheckActions(actions, shape[0], shape[1], nameof(actions));
    }

    void CheckActions(Tensor actions, long rows, long? frames, string name)
    {
        ArgumentNullException.ThrowIfNull(actions);
        var shape = actions.shape;
        if (actions.dtype != ScalarType.Int64 || shape.Length != 2 || shape[0] != rows || (frames is { } all && shape[1] != all))
            throw new ArgumentException($"Actions must be Int64 [{rows}, {frames?.ToString() ?? "frames"}], but are {actions.dtype} " +
                $"[{string.Join(", ", shape)}].", name);
        CheckRange(actions, options.Actions, "Actions", name);
    }

    static void CheckRange(Tensor given, long count, string what, string name)
    {
        // On a GPU the look would make the host wait.
        if (given.device_type != DeviceType.CPU || given.numel() == 0)
            return;
        using var smallest = given.min();
        using var largest = given.max();
        if (smallest.ToInt64() < 0 || largest.ToInt64() >= count)
            throw new ArgumentException($"{what} must be within 0 … {count - 1}, but reach from {smallest.ToInt64()} to " +
                $"{largest.ToInt64()}.", name);
    }

    sealed class Share(IProgress<double> whole, int done, long frames) : IProgress<double>
    {
        public void Report(double value) => whole.Report((done + value) / frames);
    }
}

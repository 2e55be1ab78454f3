using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A causal transformer ("Attention Is All You Need", Vaswani et al. 2017, arXiv 1706.03762, the decoder without an encoder) over grids of
/// codes or over sequences of any length, conditioned on a class or on nothing. Each code sees all earlier codes.
/// </summary>
/// <remarks>
/// <para>The input at a code is the embedding of the code before it, plus that of its class. In a grid the embeddings of its row, its column
/// and, with several codes per position, its place within the position are added; in a sequence of any length queries and keys are rotated by
/// their positions instead (RoFormer, Su et al. 2021, arXiv 2104.09864). Layer normalization precedes each self-attention, each feed-forward
/// network (GELU) and the logits. Time and memory of the attention grow with the square of the number of codes in a row.</para>
/// <para>Names in <c>state_dict</c>, C channels, F feed-forward channels, G codes per position: <c>codes</c> [G·K + 1, C], whose last row
/// stands for "before the start"; <c>conditions</c> [conditions, C] (with conditions); <c>rows</c> [H, C] and <c>columns</c> [W, C] (for a
/// grid), <c>places</c> [G, C] (where G is above 1); of layer N <c>layers.N.attentionNorm</c> [C], <c>layers.N.attention</c> [3C, C]
/// (queries, keys, values, each head by head), <c>layers.N.attentionOutput</c> [C, C], <c>layers.N.feedForwardNorm</c> [C],
/// <c>layers.N.feedForward</c> [F, C], <c>layers.N.feedForwardOutput</c> [C, F]; <c>norm</c> [C]; <c>logits.G</c> [K, C], one for each place.
/// All from <c>layers</c> on end in <c>.weight</c> and <c>.bias</c>.</para>
/// </remarks>
public sealed class TransformerPrior : CodePrior
{
    readonly TransformerPriorOptions _options;
    readonly CodeGrid _grid;
    readonly int _seed;
    // TorchSharp registers these by their names, which are those in state_dict.
    readonly Parameter codes;
    readonly Parameter? conditions, rows, columns, places;
    readonly ModuleList<TransformerLayer> layers;
    readonly LayerNorm norm;
    readonly ModuleList<Linear> logits;

    /// <summary>Creates a prior with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="grid">The codes of a row.</param>
    /// <param name="conditions">Number of classes that the codes are conditioned on; 0 for none.</param>
    /// <param name="seed">The seed of weights and dropout; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options, the grid or the conditions cannot work; the message lists all
    /// problems.</exception>
    public TransformerPrior(TransformerPriorOptions options, CodeGrid grid, int conditions, int seed) : base(nameof(TransformerPrior))
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(grid);
        options.Validate();
        Check(grid, conditions);
        (_options, _grid, _seed) = (options.Copy(), grid, seed);
        (int channels, int groups) = (options.Channels, grid.CodesPerPosition);
        using (var source = new WeightSource(seed))
        {
            Parameter Table(long count) => source.Draw(fanIn: 1, count, channels);
            codes = Table(checked((long)groups * grid.Codes + 1));
            this.conditions = conditions > 0 ? Table(conditions) : null;
            rows = grid.IsSequence ? null : Table(grid.Height);
            columns = grid.IsSequence ? null : Table(grid.Width);
            places = groups > 1 ? Table(groups) : null;
            layers = new ModuleList<TransformerLayer>(
                [.. Enumerable.Range(0, options.Layers).Select(_ => new TransformerLayer(
                    channels, options.Heads, options.FeedForwardChannelsOrDefault, causal: true, source))]);
            norm = LayerNorm(channels);
            logits = new ModuleList<Linear>([.. Enumerable.Range(0, groups).Select(_ => source.Linear(channels, grid.Codes))]);
        }
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public TransformerPriorOptions Options => _options.Copy();

    /// <summary>The codes of a row.</summary>
    public CodeGrid Grid => _grid;

    /// <inheritdoc/>
    public override int Codes => _grid.Codes;

    /// <inheritdoc/>
    public override int Conditions => (int)(conditions?.shape[0] ?? 0);

    /// <summary>Number of codes in a row of the grid; <see langword="null"/> for sequences of any length.</summary>
    public override int? Length => _grid.Length;

    internal ModuleList<TransformerLayer> Layers => layers;

    /// <summary>The row of the table of codes that stands for "before the start".</summary>
    internal long Start => (long)_grid.CodesPerPosition * Codes;

    /// <summary>The rows of the table of codes for codes of the places from <paramref name="first"/> on, Int64 [B, n].</summary>
    internal Tensor Numbers(Tensor codes, int first)
    {
        if (_grid.CodesPerPosition == 1)
            return codes;
        Tensor indices = Arange(codes.shape[1], codes.device).Add(first);
        return codes.Add(indices.Remainder(_grid.CodesPerPosition).Mul(Codes));
    }

    /// <summary>The positional encoding of <paramref name="length"/> codes: an input term, or rotations of queries and keys.</summary>
    internal CodePositions Positions(int length, Tensor? conditions)
    {
        Tensor? added = null;
        if (rows is not null)
        {
            added = rows.view(-1, 1, 1, _options.Channels).Add(columns!.view(1, -1, 1, _options.Channels));
            added = (places is null ? added : added.Add(places)).view(1, -1, _options.Channels);
        }
        Tensor? ofClass = conditions is null ? null : this.conditions!.index_select(0, conditions).unsqueeze(1);
        return new(added, ofClass, rows is null ? Rotation(length) : null);
    }

    /// <summary>Rows of the table of codes, Int64 [B, n], for the places from <paramref name="first"/> on → the inputs of the first layer,
    /// [B, n, C].</summary>
    internal Tensor Embed(Tensor previous, CodePositions positions, int first)
    {
        long count = previous.shape[1];
        Tensor input = codes.index_select(0, previous.reshape(-1)).view(-1, count, _options.Channels);
        if (positions.Added is not null)
            input = input.Add(positions.Added.narrow(1, first, count));
        return positions.OfClass is null ? input : input.Add(positions.OfClass);
    }

    /// <summary>Outputs of the last layer for one place, [B, C] → logits [B, K].</summary>
    internal Tensor LogitsAt(int index, Tensor states) => logits[index % _grid.CodesPerPosition].Apply(norm.call(states)).Single();

    /// <inheritdoc/>
    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map)
    {
        ArgumentNullException.ThrowIfNull(codes);
        (long batch, int length) = (codes.shape[0], (int)codes.shape[1]);
        CodePositions positions = Positions(length, conditions);
        Tensor start = zeros([batch, 1], dtype: ScalarType.Int64, device: codes.device).Fill_(Start);
        Tensor states = Embed(cat([start, Numbers(codes, 0).narrow(1, 0, length - 1)], 1), positions, 0);
        Tensor? kept = training && _options.Dropout > 0
            ? TransformerLayer.Kept(layers.Count, batch, _options.Channels + _options.FeedForwardChannelsOrDefault, _options.Dropout, _seed, Step)
                .to(codes.device)
            : null;
        for (int number = 0; number < layers.Count; number++)
            states = layers[number].Forward(states, positions.Rotation, kept?.select(0, number));
        states = norm.call(states);
        int groups = _grid.CodesPerPosition;
        if (groups == 1)
            return logits[0].Apply(states).Single();
        Tensor grouped = states.view(batch, -1, groups, _options.Channels);
        return stack(Enumerable.Range(0, groups).Select(place => logits[place].Apply(grouped.select(2, place)).Single()), 2)
            .view(batch, length, Codes);
    }

    internal override OnnxValue LogitsToOnnx(OnnxValue codes, OnnxValue? conditions, OnnxValue? map = null)
    {
        if (_grid.Length is not int length)
            throw new NotSupportedException($"no ONNX graph is known for a {GetType().Name} over rows of any length");
        Tensor numbers = Numbers(zeros([1, length], dtype: ScalarType.Int64), 0);
        // The zero that is put before the others becomes "before the start".
        OnnxValue previous = (codes + numbers - Start).Pad(axis: 1, before: 1, after: 0).WithoutLast(axis: 1) + Start;
        OnnxValue states = previous.RowsOf(this.codes) + Positions(length, conditions: null).Added!;
        if (conditions is not null)
            states += conditions.RowsOf(this.conditions!).Reshape(0, 1, -1);
        foreach (TransformerLayer layer in layers)
            states = layer.ToOnnx(states, length);
        int groups = _grid.CodesPerPosition;
        OnnxValue grouped = states.Through(norm).Reshape(0, -1, groups, _options.Channels);
        return OnnxValue.Concatenate([.. Enumerable.Range(0, groups)
            .Select(place => grouped.Narrow(2, place, 1).Through(logits[place]))], axis: 2).Reshape(-1, length, Codes);
    }

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        new TransformerPriorSteps(this, batch, length, Positions(length, conditions));

    Tensor Rotation(int length) =>
        TransformerLayer.Rotation(length, _options.Channels / _options.Heads).to(NumberType).to(codes.device);

    static void Check(CodeGrid grid, int conditions)
    {
        var problems = new OptionProblems("The codes cannot be learned by a transformer prior");
        problems.AtLeast(nameof(grid.Codes), grid.Codes, 2);
        problems.AtLeast(nameof(conditions), conditions, 0);
        if (grid.IsSequence)
        {
            problems.Require(grid.Width == 0, nameof(grid.Width), "0 for a sequence of any length (Height 0)", grid.Width);
            problems.Require(grid.CodesPerPosition == 1,
                nameof(grid.CodesPerPosition), "1 for a sequence of any length (Height 0)", grid.CodesPerPosition);
        }
        else
        {
            problems.AtLeast(nameof(grid.Height), grid.Height, 1);
            problems.AtLeast(nameof(grid.Width), grid.Width, 1);
            problems.AtLeast(nameof(grid.CodesPerPosition), grid.CodesPerPosition, 1);
        }
        problems.ThrowIfAny();
    }
}

/// <summary>The parts of a transformer's input that do not depend on the codes.</summary>
/// <param name="Added">The embeddings of the places of a grid, [1, N, C]; or null.</param>
/// <param name="OfClass">The embedding of the class of each row, [B, 1, C]; or null.</param>
/// <param name="Rotation">Cosines and sines of rotary positions, [2, N, D / 2]; or null.</param>
internal sealed record CodePositions(Tensor? Added, Tensor? OfClass, Tensor? Rotation);

/// <summary>The settings of a <see cref="TransformerPrior"/>. Set <c>PriorOptions.CustomNetwork</c> to use it in a pipeline.</summary>
/// <remarks>The number of codes, the grid and the number of conditions are taken from the columns.</remarks>
public sealed class TransformerPriorOptions : CodePriorOptions
{
    /// <summary>Number of layers, each with self-attention and a feed-forward network.</summary>
    /// <value>At least 1. The default is 3.</value>
    public int Layers { get; set; } = 3;

    /// <summary>Channels of the residual path.</summary>
    /// <value>At least 2, a multiple of twice the number of <see cref="Heads"/>. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>Number of attention heads, which share the <see cref="Channels"/>.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Heads { get; set; } = 4;

    /// <summary>Channels of the hidden layer of the feed-forward networks.</summary>
    /// <value>At least 1, or 0, the default, for four times as many as <see cref="Channels"/>.</value>
    public int FeedForwardChannels { get; set; }

    /// <summary>The share of channels dropped in training: of the heads' outputs and of the feed-forward networks' hidden layers.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>Creates the default settings: a small network for a CPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static TransformerPriorOptions Fast() => new();

    /// <summary>Creates the settings of a large network for a GPU: 6 layers of 256 channels with 8 heads.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static TransformerPriorOptions Large() => new() { Layers = 6, Channels = 256, Heads = 8 };

    /// <inheritdoc/>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new TransformerPrior(this, grid, conditions, seed);

    private protected override string Heading => "The transformer prior's options cannot be used";

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Heads), Heads, 1);
        // Rotary positions rotate pairs of the channels of a head.
        problems.Require(Channels >= 2 && (Heads < 1 || Channels % (2L * Heads) == 0),
            nameof(Channels), $"a positive multiple of {nameof(Heads)} · 2", Channels);
        problems.AtLeast(nameof(FeedForwardChannels), FeedForwardChannels, 0);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }

    internal int FeedForwardChannelsOrDefault => FeedForwardChannels > 0 ? FeedForwardChannels : checked(4 * Channels);

    internal TransformerPriorOptions Copy() => (TransformerPriorOptions)MemberwiseClone();
}

/// <summary>A <see cref="TransformerPrior"/> code by code: each layer keeps the keys and values of the codes so far, so that a code costs the
/// work of one position. Codes that are accepted without logits are processed together when logits are next needed.</summary>
internal sealed class TransformerPriorSteps : CheckedSteps
{
    readonly TransformerPrior _network;
    readonly CodePositions _positions;
    readonly AttentionCache[] _caches;
    // The input of each place: a row of the table of codes, Int64 [B, N].
    readonly Tensor _inputs;
    // The output of the last layer for the next code, [B, C].
    readonly Tensor _state;
    int _processed;

    public TransformerPriorSteps(TransformerPrior network, int batch, int length, CodePositions positions) : base(batch, length)
    {
        _network = network;
        TransformerPriorOptions options = network.Options;
        (Device device, ScalarType type) = (network.Device, network.NumberType);
        Tensor Room(params long[] shape) => Kept.Keep(zeros(shape, dtype: type, device: device));
        _positions = new(Kept.Keep(positions.Added), Kept.Keep(positions.OfClass), Kept.Keep(positions.Rotation));
        long[] shape = [batch, options.Heads, length, options.Channels / options.Heads];
        _caches = [.. Enumerable.Range(0, options.Layers).Select(_ => new AttentionCache(Room(shape), Room(shape)))];
        _inputs = Kept.Keep(zeros([batch, length], dtype: ScalarType.Int64, device: device).Fill_(network.Start));
        _state = Room(batch, options.Channels);
    }

    protected override Tensor ComputeLogits()
    {
        if (_processed <= Position)
            Process();
        return _network.LogitsAt(Position, _state);
    }

    protected override void Take(Tensor codes)
    {
        if (Position + 1 < Length)
            _inputs.narrow(1, Position + 1, 1).copy_(_network.Numbers(codes.unsqueeze(1), Position));
    }

    void Process()
    {
        int count = Position + 1 - _processed;
        Tensor states = _network.Embed(_inputs.narrow(1, _processed, count), _positions, _processed);
        Tensor? rotation = _positions.Rotation?.narrow(1, _processed, count);
        for (int number = 0; number < _caches.Length; number++)
            states = _network.Layers[number].Forward(states, rotation, cache: _caches[number]);
        _state.copy_(states.select(1, count - 1));
        _processed += count;
    }
}

using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A Gated PixelCNN ("Conditional Image Generation with PixelCNN Decoders", van den Oord et al. 2016, arXiv 1606.05328) over grids of H×W
/// positions with G codes each, optionally conditioned on a class and on a map of numbers.
/// </summary>
/// <remarks>
/// <para>Codes are embedded, then pass a vertical stack, which sees all rows above, and a horizontal stack, which sees the columns to the
/// left and the vertical stack: together exactly the earlier positions, without a blind spot, as far as
/// <see cref="PixelCnnOptions.Layers"/> reach. The codes of one position are predicted in their order, each seeing the earlier ones of
/// its position.</para>
/// <para>Names in <c>state_dict</c>, C channels, S skip channels, k the kernel size, r = ⌊k / 2⌋: <c>codes</c> [G·K, C], the sum of
/// whose rows represents a position; of layer N <c>layers.N.vertical</c> [2C, C, r + 1, k], <c>layers.N.across</c> [2C, 2C] (a matrix),
/// <c>layers.N.horizontal</c> [2C, C, 1, r + 1], <c>layers.N.output</c> [C + S, C] (in the last layer [S, C]),
/// <c>layers.N.condition</c> [classes, 4C] and <c>layers.N.map</c> [4C, map channels] (matrices, where there is such a condition);
/// <c>head.hidden</c> [G·S, S], <c>head.earlier</c> [(G − 1)·K, S] (a matrix, where G is above 1), <c>head.logits.G</c> [K, S]. All but the
/// matrices and <c>codes</c> end in <c>.weight</c> and <c>.bias</c>. Sums before a gate have the tanh half first; those of conditions
/// first the 2C of the vertical stack.</para>
/// </remarks>
public sealed class PixelCnn : CodePrior
{
    readonly PixelCnnOptions options;
    readonly int seed;
    readonly Parameter codes;
    readonly ModuleList<PixelCnnLayer> layers;
    readonly PixelCnnHead head;

    /// <summary>Creates a network with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="options">The settings, the grid included; copied.</param>
    /// <param name="seed">The seed of weights and dropout; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options are invalid; the message lists all problems.</exception>
    public PixelCnn(PixelCnnOptions options, int seed) : base(nameof(PixelCnn))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        this.seed = seed;
        using (var source = new WeightSource(seed))
        {
            codes = source.Draw(fanIn: 1, (long)options.CodesPerPosition * options.Codes, options.Channels);
            layers = new ModuleList<PixelCnnLayer>(Enumerable.Range(1, options.Layers)
                .Select(number => new PixelCnnLayer(options, isLast: number == options.Layers, source)).ToArray());
            head = new PixelCnnHead(options, source);
        }
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public PixelCnnOptions Options => options.Copy();

    /// <inheritdoc/>
    public override int Codes => options.Codes;

    /// <inheritdoc/>
    public override int Conditions => options.Conditions;

    /// <summary>Number of codes in a grid: H·W·G.</summary>
    public override int? Length => options.Positions * options.CodesPerPosition;

    /// <summary>Number of values of a map that condition each position. Maps are Float32 [B, channels, H, W], or [B, channels, 1, 1] for
    /// the same values at all positions.</summary>
    public override int MapChannels => options.MapChannels;

    internal ModuleList<PixelCnnLayer> Layers => layers;

    internal PixelCnnHead Head => head;

    /// <summary>The embeddings of the codes of each place, [G·K, C].</summary>
    internal Parameter Embedding => codes;

    /// <summary>The embedding of the code in a place of its position: Int64 [N] → [N, C].</summary>
    internal Tensor Embed(int place, Tensor chosen) => codes.index_select(0, place == 0 ? chosen : chosen.Add(place * options.Codes));

    /// <summary>The map with channels innermost, as the layers take it.</summary>
    internal static Tensor? ChannelsInnermost(Tensor? map) => map?.permute(0, 2, 3, 1).contiguous();

    /// <inheritdoc/>
    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map)
    {
        (long batch, int height, int width, int channels) = (codes.shape[0], options.Height, options.Width, options.Channels);
        Tensor grid = codes.reshape(-1, options.CodesPerPosition);
        Tensor embedded = Embed(grid).view(batch, height, width, channels);
        // The first layer must not see the code that is to be predicted: the vertical stack gets the row above, the horizontal stack the
        // column to the left.
        Tensor rows = functional.pad(embedded.narrow(1, 0, height - 1), [0, 0, 0, 0, 1, 0]);
        Tensor columns = functional.pad(embedded.narrow(2, 0, width - 1), [0, 0, 1, 0]);
        Tensor? positions = ChannelsInnermost(map);
        Tensor? kept = training && options.Dropout > 0 ? Kept(batch).to(codes.device) : null;
        var units = new Tensor[layers.Count];
        for (int number = 0; number < layers.Count; number++)
            (rows, columns, units[number]) = layers[number].Forward(
                rows, columns, layers[number].Conditioning(conditions, positions), kept?.select(0, number));
        return head.All(SkipSums(units), grid).reshape(batch, -1, options.Codes);
    }

    /// <summary>The gated units of all layers → the sum of their skip connections, by one product: [N, C] each → [N, S].</summary>
    Tensor SkipSums(Tensor[] units)
    {
        (Tensor Weight, Tensor Bias)[] skips = [.. layers.Select(layer => layer.Skip)];
        Tensor bias = skips.Select(skip => skip.Bias).Aggregate((sum, next) => sum.Add(next));
        return cat(units, 1).Product(cat([.. skips.Select(skip => skip.Weight)], 1).t(), bias).Single();
    }

    internal override OnnxValue LogitsToOnnx(OnnxValue codes, OnnxValue? conditions, OnnxValue? map = null)
    {
        using Tensor places = Arange(options.CodesPerPosition).Mul(options.Codes);
        OnnxValue grid = codes.Reshape(-1, options.Height, options.Width, options.CodesPerPosition);
        OnnxValue embedded = (grid + places).RowsOf(this.codes).Sum(3).ChannelsFirst();
        OnnxValue rows = embedded.Pad(axis: 2, before: 1, after: 0).Narrow(axis: 2, start: 0, options.Height);
        OnnxValue columns = embedded.Pad(axis: 3, before: 1, after: 0).Narrow(axis: 3, start: 0, options.Width);
        OnnxValue? skips = null;
        foreach (PixelCnnLayer layer in layers)
            (rows, columns, skips) = layer.ToOnnx(rows, columns, skips, conditions, map);
        return head.ToOnnx(skips!.ChannelsLast(), grid).Reshape(-1, Length!.Value, options.Codes);
    }

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        Device.type == DeviceType.CPU && NumberType == ScalarType.Float32 && batch <= PixelCnnSpanSteps.MaxBatch
            ? new PixelCnnSpanSteps(this, batch, conditions, map)
            : new PixelCnnTensorSteps(this, batch, conditions, map);

    /// <inheritdoc/>
    protected override void CheckMap(Tensor map, long batch, long length)
    {
        ArgumentNullException.ThrowIfNull(map);
        long[] whole = [batch, MapChannels, options.Height, options.Width], alike = [batch, MapChannels, 1, 1];
        if (map.dtype != ScalarType.Float32 || !(TensorChecks.Fits(map.shape, whole) || TensorChecks.Fits(map.shape, alike)))
        {
            throw TensorChecks.Mismatch(map, ScalarType.Float32,
                $"[{string.Join(", ", whole)}], or [{string.Join(", ", alike)}] for all positions alike", "Maps", nameof(map));
        }
    }

    /// <summary>Positions Int64 [N, G] → the sum of the embeddings of their codes, [N, C].</summary>
    Tensor Embed(Tensor positions)
    {
        int groups = options.CodesPerPosition;
        if (groups == 1)
            return Embed(0, positions.view(-1));
        Tensor numbers = positions.Add(Arange(groups, positions.device).Mul(options.Codes));
        return codes.index_select(0, numbers.view(-1)).view(-1, groups, options.Channels).sum(1);
    }

    /// <summary>The factors of dropout, 0 or 1 / (1 − dropout), of whole channels of the gates, [layers, B, 1, 1, 2C]: channels rather than
    /// single values, so that the random numbers cost next to nothing.</summary>
    Tensor Kept(long batch)
    {
        using Generator generator = SeededRandom.CreateGenerator(seed, Step);
        return BatchShare.Current.Draw(batch, rows => zeros([layers.Count, rows, 1, 1, 2L * options.Channels], dtype: ScalarType.Float32)
            .bernoulli_(1 - options.Dropout, generator).Mul_(1 / (1 - options.Dropout)), axis: 1);
    }
}

/// <summary>
/// The layers from the skip connections of a position to the logits of its G codes: ReLU, 1×1, ReLU, 1×1. Each code adds a vector of its
/// own to the hidden sums of those after it in the same position, so that each sees the earlier ones, as in NADE (Larochelle and Murray
/// 2011).
/// </summary>
internal sealed class PixelCnnHead : nn.Module
{
    readonly Linear hidden;
    readonly Parameter? earlier;
    readonly ModuleList<Linear> logits;
    readonly int codes;
    readonly int groups;
    readonly int skip;

    public PixelCnnHead(PixelCnnOptions options, WeightSource source) : base(nameof(PixelCnnHead))
    {
        (codes, groups, skip) = (options.Codes, options.CodesPerPosition, options.SkipChannelsOrDefault);
        hidden = source.Linear(skip, groups * skip);
        if (groups > 1)
            earlier = source.Draw(skip, (groups - 1L) * codes, skip);
        logits = new ModuleList<Linear>(Enumerable.Range(0, groups).Select(_ => source.Linear(skip, codes)).ToArray());
        RegisterComponents();
    }

    public Tensor HiddenWeight => hidden.weight;

    public Tensor HiddenBias => hidden.bias!;

    /// <summary>The vectors that earlier codes of a position add to the hidden sums of later ones, [(G − 1)·K, S].</summary>
    public Parameter? EarlierWeight => earlier;

    /// <summary>From hidden sums to logits, by place.</summary>
    public IEnumerable<Linear> LogitLayers => logits;

    /// <summary>Skip sums [N, S] → hidden sums of all codes of a position, [N, G·S], before what earlier codes add.</summary>
    public Tensor Hidden(Tensor skips) => hidden.Apply(skips.relu());

    /// <summary>The vectors that the code in a place adds to the hidden sums of those after it: Int64 [N] → [N, S].</summary>
    public Tensor Earlier(int place, Tensor chosen) => earlier!.index_select(0, place == 0 ? chosen : chosen.Add(place * codes));

    /// <summary>The hidden sums of the code in a place, [N, S], with what earlier codes add → its logits [N, K].</summary>
    public Tensor Logits(int place, Tensor sums) => logits[place].Apply(sums.relu()).Single();

    /// <summary>Skip sums [N, S] and the codes Int64 [N, G] → logits [N, G, K].</summary>
    public Tensor All(Tensor skips, Tensor positions)
    {
        Tensor sums = Hidden(skips);
        if (groups == 1)
            return Logits(0, sums).unsqueeze(1);
        Tensor added = earlier!.index_select(0, positions.narrow(1, 0, groups - 1)
            .Add(Arange(groups - 1, positions.device).Mul(codes)).reshape(-1));
        Tensor cumulated = functional.pad(added.view(-1, groups - 1, skip).cumsum(1), [0, 0, 1, 0]);
        sums = sums.view(-1, groups, skip).Add(cumulated);
        return stack(Enumerable.Range(0, groups).Select(place => Logits(place, sums.select(1, place))), 1);
    }

    /// <summary>The same in an ONNX graph: skip sums [B, H, W, S] and the codes Int64 [B, H, W, G] → logits [B, H, W, G, K].</summary>
    public OnnxValue ToOnnx(OnnxValue skips, OnnxValue positions)
    {
        OnnxValue sums = skips.Relu().Through(hidden).SplitLast(groups, skip);
        if (groups > 1)
        {
            using Tensor places = Arange(groups - 1).Mul(codes);
            OnnxValue added = (positions.Narrow(axis: 3, start: 0, groups - 1L) + places).RowsOf(earlier!);
            sums += added.CumulativeSum(axis: 3).Pad(axis: 3, before: 1, after: 0);
        }
        return OnnxValue.Concatenate([.. Enumerable.Range(0, groups)
            .Select(place => sums.Narrow(3, place, 1).Relu().Through(logits[place]))], axis: 3);
    }
}

/// <summary>The settings of a <see cref="PixelCnn"/>: the grid of codes, their conditions, and the size of the network.</summary>
public sealed class PixelCnnOptions : CodePriorOptions
{
    /// <summary>Rows of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, to take it from the column.</value>
    public int Height { get; set; }

    /// <summary>Columns of the grid of codes.</summary>
    /// <value>At least 1; 0, the default, to take it from the column.</value>
    public int Width { get; set; }

    /// <summary>G: number of codes at a position. Each sees those before it in its own position.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int CodesPerPosition { get; set; } = 1;

    /// <summary>K: number of codes to choose from.</summary>
    /// <value>At least 2; 0, the default, to take it from the column.</value>
    public int Codes { get; set; }

    /// <summary>Number of classes that the codes are conditioned on.</summary>
    /// <value>Zero or more. The default is 0: on no class.</value>
    public int Conditions { get; set; }

    /// <summary>Number of values of a map that condition each position.</summary>
    /// <value>Zero or more. The default is 0: no map.</value>
    public int MapChannels { get; set; }

    /// <summary>Number of gated layers. A code sees <see cref="Layers"/> · ⌊<see cref="KernelSize"/> / 2⌋ positions to
    /// each side and one more row above and column to the left.</summary>
    /// <value>At least 1. The default is 6.</value>
    public int Layers { get; set; } = 6;

    /// <summary>Channels of both stacks.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>The side of the window that a layer of the vertical stack would see without masking: it sees the middle row
    /// and those above. The horizontal stack sees the middle column and those to the left.</summary>
    /// <value>An odd number of at least 3. The default is 3.</value>
    public int KernelSize { get; set; } = 3;

    /// <summary>Channels between the layers' skip connections and the logits.</summary>
    /// <value>At least 1, or 0, the default, for as many as <see cref="Channels"/>.</value>
    public int SkipChannels { get; set; }

    /// <summary>The share of channels dropped in training.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>Creates the default settings: a small network for a CPU and grids of up to about 10×10 codes. Training takes minutes on the
    /// 7×7 codes of 512 of Fashion-MNIST, with a learning rate of 2e-3 and batches of 64.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static PixelCnnOptions Fast() => new();

    /// <summary>Creates the settings of a large network for a GPU: 15 layers, as in section 4.2 of the paper on Gated PixelCNN (arXiv
    /// 1606.05328), of 128 channels.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static PixelCnnOptions Large() => new() { Layers = 15, Channels = 128 };

    /// <inheritdoc/>
    /// <remarks>Sizes that the settings leave open (0) are taken from the grid; <see cref="MapChannels"/> stays as it is.</remarks>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new PixelCnn(For(grid, conditions), seed);

    /// <summary>The settings for a grid.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The settings and the grid contradict each other.</exception>
    internal PixelCnnOptions For(CodeGrid grid, int conditions)
    {
        ArgumentNullException.ThrowIfNull(grid);
        PixelCnnOptions copy = Copy();
        var problems = new OptionProblems(Heading);
        problems.Require(!grid.IsSequence, nameof(grid), "a grid or a line, since a PixelCNN takes no sequences of any length", grid);
        copy.Height = Agreed(nameof(Height), Height, grid.Height);
        copy.Width = Agreed(nameof(Width), Width, grid.Width);
        copy.CodesPerPosition = Agreed(nameof(CodesPerPosition), CodesPerPosition, grid.CodesPerPosition, open: 1);
        copy.Codes = Agreed(nameof(Codes), Codes, grid.Codes);
        copy.Conditions = Agreed(nameof(Conditions), Conditions, conditions);
        problems.ThrowIfAny();
        return copy;

        int Agreed(string option, int asked, int found, int open = 0)
        {
            problems.Require(asked == open || asked == found, option, $"{found}, as in the data, or {open}", asked);
            return found;
        }
    }

    private protected override string Heading => "The PixelCNN's options cannot be used";

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Height), Height, 1);
        problems.AtLeast(nameof(Width), Width, 1);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Conditions), Conditions, 0);
        problems.AtLeast(nameof(MapChannels), MapChannels, 0);
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.Require(KernelSize >= 3 && KernelSize % 2 == 1, nameof(KernelSize), "an odd number of 3 or more", KernelSize);
        problems.AtLeast(nameof(SkipChannels), SkipChannels, 0);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }

    internal int SkipChannelsOrDefault => SkipChannels > 0 ? SkipChannels : Channels;

    internal int Positions => checked(Height * Width);

    internal CodeGrid Grid => new(Height, Width, CodesPerPosition, Codes);

    /// <summary>A copy in which sizes that are still to be taken from a column are valid, to check all other settings.</summary>
    internal PixelCnnOptions WithOpenSizes()
    {
        PixelCnnOptions copy = Copy();
        copy.Height = Height == 0 ? 1 : Height;
        copy.Width = Width == 0 ? 1 : Width;
        copy.Codes = Codes == 0 ? 2 : Codes;
        return copy;
    }

    internal PixelCnnOptions Copy() => (PixelCnnOptions)MemberwiseClone();
}

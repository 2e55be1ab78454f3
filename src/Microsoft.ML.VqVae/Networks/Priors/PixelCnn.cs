using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A Gated PixelCNN ("Conditional Image Generation with PixelCNN Decoders", van den Oord et al. 2016, arXiv 1606.05328) over grids of H×W
/// positions with G codes each, conditioned on a class, on a map of numbers, on both or on nothing.
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
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
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

    /// <summary>The embedding of the code in a place of its position: Int64 [N] → [N, C].</summary>
    internal Tensor Embed(int place, Tensor chosen) => codes.index_select(0, place == 0 ? chosen : chosen + place * options.Codes);

    /// <summary>The map with channels innermost, as the layers take it.</summary>
    internal static Tensor? ChannelsInnermost(Tensor? map) => map?.permute(0, 2, 3, 1).contiguous();

    /// <inheritdoc/>
    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map)
    {
        var (batch, height, width, channels) = (codes.shape[0], options.Height, options.Width, options.Channels);
        var grid = codes.reshape(-1, options.CodesPerPosition);
        var embedded = Embed(grid).view(batch, height, width, channels);
        // The first layer must not see the code that is to be predicted: the vertical stack gets the row above, the horizontal stack the
        // column to the left, beside which the sum of the skip connections starts at 0.
        var rows = functional.pad(embedded.narrow(1, 0, height - 1), [0, 0, 0, 0, 1, 0]);
        var state = functional.pad(embedded.narrow(2, 0, width - 1), [0, options.SkipChannelsOrDefault, 1, 0]);
        var positions = ChannelsInnermost(map);
        var kept = training && options.Dropout > 0 ? Kept(batch).to(codes.device) : null;
        for (var number = 0; number < layers.Count; number++)
            (rows, state) = layers[number].Forward(
                rows, state, layers[number].Conditioning(conditions, positions), kept?.select(0, number));
        return head.All(state.view(-1, options.SkipChannelsOrDefault), grid).reshape(batch, -1, options.Codes);
    }

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        new PixelCnnSteps(this, batch, conditions, map);

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
        var groups = options.CodesPerPosition;
        if (groups == 1)
            return Embed(0, positions.view(-1));
        var numbers = positions + arange(groups, dtype: ScalarType.Int64, device: positions.device) * options.Codes;
        return codes.index_select(0, numbers.view(-1)).view(-1, groups, options.Channels).sum(1);
    }

    /// <summary>The factors of dropout, 0 or 1 / (1 − dropout), of whole channels of the gates, [layers, B, 1, 1, 2C]: channels rather than
    /// single values, so that the random numbers cost next to nothing.</summary>
    Tensor Kept(long batch)
    {
        using var generator = SeededRandom.CreateGenerator(seed, Step);
        return zeros([layers.Count, batch, 1, 1, 2L * options.Channels], dtype: ScalarType.Float32)
            .bernoulli_(1 - options.Dropout, generator).mul_(1 / (1 - options.Dropout));
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

    /// <summary>Skip sums [N, S] → hidden sums of all codes of a position, [N, G·S], before what earlier codes add.</summary>
    public Tensor Hidden(Tensor skips) => hidden.call(skips.relu());

    /// <summary>The vectors that the code in a place adds to the hidden sums of those after it: Int64 [N] → [N, S].</summary>
    public Tensor Earlier(int place, Tensor chosen) => earlier!.index_select(0, place == 0 ? chosen : chosen + place * codes);

    /// <summary>The hidden sums of the code in a place, [N, S], with what earlier codes add → its logits [N, K].</summary>
    public Tensor Logits(int place, Tensor sums) => logits[place].call(sums.relu());

    /// <summary>Skip sums [N, S] and the codes Int64 [N, G] → logits [N, G, K].</summary>
    public Tensor All(Tensor skips, Tensor positions)
    {
        var sums = Hidden(skips);
        if (groups == 1)
            return Logits(0, sums).unsqueeze(1);
        var added = earlier!.index_select(0, (positions.narrow(1, 0, groups - 1)
            + arange(groups - 1, dtype: ScalarType.Int64, device: positions.device) * codes).reshape(-1));
        var cumulated = functional.pad(added.view(-1, groups - 1, skip).cumsum(1), [0, 0, 1, 0]);
        sums = sums.view(-1, groups, skip) + cumulated;
        return stack(Enumerable.Range(0, groups).Select(place => Logits(place, sums.select(1, place))), 1);
    }
}

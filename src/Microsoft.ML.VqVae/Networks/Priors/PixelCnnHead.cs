using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// From the skip connections of a position to the logits of its G codes: ReLU, 1×1, ReLU, 1×1. Each code adds a vector of its own to
/// the hidden sums of those after it in the same position, so that each sees the earlier ones, as in NADE (Larochelle and Murray 2011).
/// </summary>
internal sealed class PixelCnnHead : nn.Module
{
    readonly Dense hidden;
    readonly Parameter? earlier;
    readonly ModuleList<Dense> logits;
    readonly int codes;
    readonly int groups;
    readonly int skip;

    public PixelCnnHead(PixelCnnOptions options, WeightSource source) : base(nameof(PixelCnnHead))
    {
        (codes, groups, skip) = (options.Codes, options.CodesPerPosition, options.SkipChannelsOrDefault);
        hidden = new Dense(skip, groups * skip, source);
        if (groups > 1)
            earlier = source.Draw(skip, (groups - 1L) * codes, skip);
        logits = new ModuleList<Dense>(Enumerable.Range(0, groups).Select(_ => new Dense(skip, codes, source)).ToArray());
        RegisterComponents();
    }

    /// <summary>Skip sums [N, S] → hidden sums of all codes of a position, [N, G·S], before what earlier codes add.</summary>
    public Tensor Hidden(Tensor skips) => hidden.call(skips.relu());

    /// <summary>What the code in a place adds to the hidden sums of those after it: Int64 [N] → [N, S].</summary>
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

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The workloads of a prior over grids of codes in plain TorchSharp.</summary>
internal sealed class PlainPriorWorkloads : PlainWorkloads
{
    readonly PriorSize _size;
    readonly PlainPixelCnn _network;
    readonly Tensor _grids;

    /// <param name="size">The sizes.</param>
    /// <param name="network">The network; owned from now on.</param>
    /// <param name="codes">The codes of all grids, one after the other.</param>
    public PlainPriorWorkloads(PriorSize size, PlainPixelCnn network, long[] codes)
        : base(network, codes.Length / (size.Side * size.Side), size.Batch)
    {
        (_size, _network) = (size, network);
        _grids = tensor(codes, [codes.Length / (size.Side * size.Side), size.Side, size.Side]);
    }

    protected override Tensor Loss(Tensor numbers)
    {
        Tensor grids = _grids.index_select(0, numbers);
        return nn.functional.cross_entropy(Logits(grids, numbers), grids);
    }

    protected override void Once(string name)
    {
        if (name != "score")
            throw UnknownWorkload(name, "score");
        Logits(_grids.index_select(0, First), First);
    }

    protected override Tensor Scores() =>
        Logits(_grids.index_select(0, First), First).permute(0, 2, 3, 1).reshape(-1, PriorSize.Codes);

    public override void Dispose()
    {
        _grids.Dispose();
        base.Dispose();
    }

    Tensor Logits(Tensor grids, Tensor numbers) => _network.Logits(grids, _size.Classes == 0 ? null : numbers.remainder(_size.Classes));
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The workloads of a WaveNet in plain TorchSharp.</summary>
internal sealed class PlainWaveNetWorkloads : PlainWorkloads
{
    readonly WaveNetSize _size;
    readonly PlainWaveNet _network;
    readonly Tensor _sequences;
    readonly Tensor? _latents;

    /// <param name="size">The sizes.</param>
    /// <param name="network">The network; owned from now on.</param>
    /// <param name="codes">The codes of all sequences, one after the other.</param>
    /// <param name="latents">The latents of all sequences, or null; owned from now on.</param>
    public PlainWaveNetWorkloads(WaveNetSize size, PlainWaveNet network, long[] codes, Tensor? latents)
        : base(network, codes.Length / size.Length, size.Batch)
    {
        (_size, _network, _latents) = (size, network, latents);
        _sequences = tensor(codes, [codes.Length / size.Length, size.Length]);
    }

    protected override Tensor Loss(Tensor numbers)
    {
        Tensor sequences = _sequences.index_select(0, numbers);
        return nn.functional.cross_entropy(Logits(sequences, numbers), sequences);
    }

    protected override void Once(string name)
    {
        if (name != "score")
            throw UnknownWorkload(name, "score");
        Logits(_sequences.index_select(0, First), First);
    }

    protected override Tensor Scores() =>
        Logits(_sequences.index_select(0, First), First).permute(0, 2, 1).reshape(-1, _size.Codes);

    public override void Dispose()
    {
        _sequences.Dispose();
        _latents?.Dispose();
        base.Dispose();
    }

    Tensor Logits(Tensor sequences, Tensor numbers) =>
        _network.Logits(sequences, numbers.remainder(_size.Speakers), _latents?.index_select(0, numbers));
}

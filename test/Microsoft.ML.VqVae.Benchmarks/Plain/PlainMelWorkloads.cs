using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The workloads of the codec for speech in plain TorchSharp.</summary>
internal sealed class PlainMelWorkloads : PlainWorkloads
{
    readonly PlainMelCodec _network;
    readonly MelData _data;
    readonly Tensor _encodings;

    /// <param name="size">The sizes.</param>
    /// <param name="network">The network; owned from now on.</param>
    /// <param name="data">The examples; somebody else's.</param>
    /// <param name="encodings">The encodings that the quantizer alone is given; owned from now on.</param>
    public PlainMelWorkloads(MelSize size, PlainMelCodec network, MelData data, Tensor encodings)
        : base(network, MelData.Examples, size.Batch) =>
        (_network, _data, _encodings) = (network, data, encodings);

    protected override Tensor Loss(Tensor numbers) => _network.Loss(
        _data.Inputs.index_select(0, numbers), _data.Normalizers.index_select(0, numbers), _data.Targets.index_select(0, numbers),
        _data.Speakers.index_select(0, numbers));

    protected override void Once(string name)
    {
        switch (name)
        {
            case "encode":
                _network.Quantizer.Encode(Encodings()).data<long>().ToArray();
                break;
            case "quantize":
                _network.Quantizer.call(_encodings);
                break;
            default:
                throw UnknownWorkload(name, "encode or quantize");
        }
    }

    protected override Tensor Scores() => -_network.Quantizer.Distances(Encodings());

    public override void Dispose()
    {
        _encodings.Dispose();
        base.Dispose();
    }

    Tensor Encodings() => _network.Encode(_data.Inputs.index_select(0, First), _data.Normalizers.index_select(0, First));
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The workloads of the image codec in plain TorchSharp.</summary>
internal sealed class PlainImageWorkloads : PlainWorkloads
{
    readonly ModelSize _size;
    readonly PlainImageCodec _network;
    readonly Tensor _images;
    readonly float[] _row;
    readonly Tensor _encodings;

    /// <param name="size">The sizes.</param>
    /// <param name="network">The network; owned from now on.</param>
    /// <param name="pixels">The images, one after the other.</param>
    /// <param name="encodings">The encodings that the quantizer alone is given; owned from now on.</param>
    public PlainImageWorkloads(ModelSize size, PlainImageCodec network, float[] pixels, Tensor encodings)
        : base(network, pixels.Length / size.Values, size.Batch)
    {
        (_size, _network, _encodings) = (size, network, encodings);
        _images = tensor(pixels, [pixels.Length / size.Values, size.Channels, size.Side, size.Side]);
        _row = pixels[..size.Values];
    }

    protected override Tensor Loss(Tensor numbers) => _network.Loss(_images.index_select(0, numbers));

    protected override void Once(string name)
    {
        switch (name)
        {
            case "encode":
                CodesOf(_images.index_select(0, First));
                break;
            case "row":
                CodesOf(tensor(_row, [1, _size.Channels, _size.Side, _size.Side]));
                break;
            case "quantize":
                _network.Quantizer.call(_encodings);
                break;
            default:
                throw UnknownWorkload(name, "encode, row or quantize");
        }
    }

    protected override Tensor Scores()
    {
        Tensor batch = _images.index_select(0, First), row = batch.narrow(0, 0, 1);
        return -cat([_network.Quantizer.Distances(_network.Encode(batch)), _network.Quantizer.Distances(_network.Encode(row))], 0);
    }

    public override void Dispose()
    {
        _images.Dispose();
        _encodings.Dispose();
        base.Dispose();
    }

    // Into managed memory, where the caller wants them.
    long[] CodesOf(Tensor pixels) => _network.Quantizer.Encode(_network.Encode(pixels)).data<long>().ToArray();
}

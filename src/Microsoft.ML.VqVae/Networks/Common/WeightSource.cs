using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Creates TorchSharp's layers and free parameters with initial weights drawn in order from one seed. Torch's global generator is
/// not used.</summary>
internal sealed class WeightSource(int seed) : IDisposable
{
    // A layer made on the meta device has shapes but no numbers: its constructor initializes nothing and so draws nothing.
    static readonly Device _unset = new(DeviceType.META);

    // Away from the streams that the quantizer with the same seed uses.
    readonly Generator _generator = SeededRandom.CreateGenerator(seed, long.MaxValue);

    /// <summary>A parameter with PyTorch's default for convolutions: uniform in ±1/√fan-in, for weights and biases alike.</summary>
    public Parameter Draw(long fanIn, params long[] shape)
    {
        WeightLimit.Take(shape);
        return Uniform(1 / Math.Sqrt(fanIn), shape);
    }

    /// <summary>A fully connected layer with bias.</summary>
    public Linear Linear(int inputs, int outputs)
    {
        TakeLayer(outputs, inputs);
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(inputs, outputs, device: _unset);
        using Parameter weight = layer.weight!, bias = layer.bias!;
        layer.weight = Uniform(1 / Math.Sqrt(inputs), weight.shape);
        layer.bias = Uniform(1 / Math.Sqrt(inputs), bias.shape);
        return layer;
    }

    /// <summary>A one-dimensional convolution with bias.</summary>
    /// <param name="inputs">The number of input channels.</param>
    /// <param name="outputs">The number of output channels.</param>
    /// <param name="size">The kernel size.</param>
    /// <param name="stride">The stride.</param>
    /// <param name="padding">The number of zeros added on both sides.</param>
    /// <param name="dilation">The distance between taps.</param>
    /// <param name="betweenRectifiers">Whether the weights are drawn for a layer between ReLUs, uniform in ±√(6/fan-in) (He et al. 2015,
    /// arXiv 1502.01852): the variance of the outputs then equals that of the inputs through any number of layers. With PyTorch's default,
    /// each layer keeps a sixth of the variance.</param>
    public Conv1d Convolution1d(
        int inputs, int outputs, int size, int stride, int padding, int dilation = 1, bool betweenRectifiers = false)
    {
        TakeLayer(outputs, inputs, size);
        using DisposeScope scope = NewDisposeScope();
        Conv1d layer = nn.Conv1d(inputs, outputs, size, stride, padding, dilation, device: _unset);
        using Parameter weight = layer.weight!, bias = layer.bias!;
        long fanIn = (long)inputs * size;
        layer.weight = Uniform(betweenRectifiers ? Math.Sqrt(6.0 / fanIn) : 1 / Math.Sqrt(fanIn), weight.shape, channelsInnermost: true);
        layer.bias = Uniform(1 / Math.Sqrt(fanIn), bias.shape);
        return layer;
    }

    /// <summary>A two-dimensional convolution with bias and a square kernel.</summary>
    public Conv2d Convolution2d(int inputs, int outputs, int size, int stride, int padding) =>
        Convolution2d(inputs, outputs, (size, size), stride, (padding, padding));

    /// <summary>A two-dimensional convolution with bias.</summary>
    public Conv2d Convolution2d(
        int inputs, int outputs, (int Rows, int Columns) size, int stride, (int Rows, int Columns) padding)
    {
        TakeLayer(outputs, inputs, size.Rows, size.Columns);
        using DisposeScope scope = NewDisposeScope();
        Conv2d layer = nn.Conv2d(
            inputs, outputs, (size.Rows, size.Columns), (stride, stride), (padding.Rows, padding.Columns), device: _unset);
        using Parameter weight = layer.weight!, bias = layer.bias!;
        long fanIn = (long)inputs * size.Rows * size.Columns;
        layer.weight = Uniform(1 / Math.Sqrt(fanIn), weight.shape, channelsInnermost: true);
        layer.bias = Uniform(1 / Math.Sqrt(fanIn), bias.shape);
        return layer;
    }

    /// <summary>A transposed 4×4 convolution of stride 2 and padding 1, which doubles height and width.</summary>
    public ConvTranspose2d Upsampling2d(int inputs, int outputs)
    {
        TakeLayer(outputs, inputs, 4, 4);
        using DisposeScope scope = NewDisposeScope();
        ConvTranspose2d layer = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, device: _unset);
        using Parameter weight = layer.weight!, bias = layer.bias!;
        // PyTorch counts the fan-in of a transposed convolution on its outputs.
        long fanIn = (long)outputs * 4 * 4;
        layer.weight = Uniform(1 / Math.Sqrt(fanIn), weight.shape, channelsInnermost: true);
        layer.bias = Uniform(1 / Math.Sqrt(fanIn), bias.shape);
        return layer;
    }

    /// <summary>A transposed convolution of size 4, stride 2 and padding 1 over [B, C, T], which doubles the length.</summary>
    public ConvTranspose1d Upsampling1d(int inputs, int outputs)
    {
        TakeLayer(outputs, inputs, 4);
        using DisposeScope scope = NewDisposeScope();
        ConvTranspose1d layer = nn.ConvTranspose1d(inputs, outputs, 4, 2, 1, device: _unset);
        using Parameter weight = layer.weight!, bias = layer.bias!;
        long fanIn = outputs * 4L;
        layer.weight = Uniform(1 / Math.Sqrt(fanIn), weight.shape, channelsInnermost: true);
        layer.bias = Uniform(1 / Math.Sqrt(fanIn), bias.shape);
        return layer;
    }

    public void Dispose() => _generator.Dispose();

    // Before the layer exists: the sizes of a description may overflow those of a tensor.
    static void TakeLayer(long outputs, params ReadOnlySpan<long> fanIn)
    {
        WeightLimit.Take([outputs, .. fanIn]);
        WeightLimit.Take(outputs);
    }

    /// <summary>Uniform numbers, drawn in the order of the shape. With channels innermost they have the memory layout of the activations, and
    /// no convolution has to reorder them.</summary>
    Parameter Uniform(double bound, long[] shape, bool channelsInnermost = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor drawn = zeros(shape, dtype: ScalarType.Float32).uniform_(-bound, bound, _generator);
        var parameter = new Parameter(channelsInnermost ? drawn.ChannelsInnermost() : drawn);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}

/// <summary>
/// Limits the number of values of the networks that this thread creates, until it is disposed: a network that is described by a file is
/// refused before it allocates more than the weights of that file fill.
/// </summary>
internal sealed class WeightLimit : IDisposable
{
    [ThreadStatic]
    static WeightLimit? _current;

    readonly WeightLimit? _outer;
    readonly string _source;
    readonly long _values;
    Int128 _taken;

    /// <param name="values">Number of values that the networks may have together.</param>
    /// <param name="source">The name of the weights, for the message.</param>
    public WeightLimit(long values, string source)
    {
        (_values, _source, _outer) = (values, source, _current);
        _current = this;
    }

    /// <summary>Counts the values of a tensor that is about to be allocated.</summary>
    /// <exception cref="InvalidDataException">There is a limit, which they exceed.</exception>
    public static void Take(params ReadOnlySpan<long> shape)
    {
        if (_current is not WeightLimit limit)
            return;
        Int128 count = 1;
        foreach (long size in shape)
            count = size < 0 || count > limit._values ? Int128.MaxValue / 2 : count * size;
        limit._taken = Int128.Min(Int128.MaxValue / 2, limit._taken + count);
        if (limit._taken > limit._values)
        {
            throw new InvalidDataException($"{limit._source} does not fit the network: the description asks for a network of more than the "
                + $"{limit._values} values that the tensors have.");
        }
    }

    public void Dispose() => _current = _outer;
}

using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>A layer of a gated PixelCNN, with windows that end at the present instead of masks.</summary>
internal sealed class PlainPixelCnnLayer : nn.Module
{
    readonly Conv2d vertical;
    readonly Conv2d across;
    readonly Conv2d horizontal;
    readonly Conv2d output;
    readonly Embedding? condition;
    readonly int _channels;
    readonly bool _isLast;

    public PlainPixelCnnLayer(int channels, int classes, bool isLast) : base(nameof(PlainPixelCnnLayer))
    {
        (_channels, _isLast) = (channels, isLast);
        vertical = Conv2d(channels, 2 * channels, (2, 3));
        across = Conv2d(2 * channels, 2 * channels, 1, bias: false);
        horizontal = Conv2d(channels, 2 * channels, (1, 2));
        output = Conv2d(channels, isLast ? channels : 2 * channels, 1);
        if (classes > 0)
            condition = Embedding(classes, 4 * channels);
        RegisterComponents();
    }

    /// <summary>The vertical stack, the horizontal stack and the sum of the skip connections, each [B, C, H, W], for the next
    /// layer.</summary>
    public (Tensor Rows, Tensor Columns, Tensor Skips) Apply(Tensor rows, Tensor columns, Tensor? skips, Tensor? conditions)
    {
        Tensor above = vertical.call(functional.pad(rows, [1, 1, 1, 0]));
        Tensor here = horizontal.call(functional.pad(columns, [1, 0]));
        if (conditions is not null)
        {
            Tensor[] halves = condition!.call(conditions).unsqueeze(2).unsqueeze(3).chunk(2, 1);
            (above, here) = (above + halves[0], here + halves[1]);
        }
        Tensor outputs = output.call(Gate(here + across.call(above)));
        if (_isLast)
            return (rows, columns, skips is null ? outputs : skips + outputs);
        Tensor skip = outputs.narrow(1, _channels, _channels);
        return (Gate(above), columns + outputs.narrow(1, 0, _channels), skips is null ? skip : skips + skip);
    }

    static Tensor Gate(Tensor sums)
    {
        Tensor[] halves = sums.chunk(2, 1);
        return tanh(halves[0]) * sigmoid(halves[1]);
    }
}

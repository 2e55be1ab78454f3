using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Companded samples [B, 1, T] → encodings [B, G·D, N]: strided convolutions (section 4.3 of the paper: kernel 4, stride 2), residual
/// blocks, a projection.</summary>
internal sealed class WaveformEncoder : nn.Module
{
    readonly ModuleList<Convolution1d> down;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly Convolution1d project;
    readonly int[] strides;

    public WaveformEncoder(WaveformCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(WaveformEncoder))
    {
        strides = [.. options.Strides];
        var channels = options.EncoderChannels;
        // So many layers would leave next to nothing of the sound at the start of training, were their weights not drawn for that.
        // A kernel two longer than the stride and a padding of one: every layer gives exactly a stride-th of its input's length.
        down = new ModuleList<Convolution1d>(strides.Select((stride, layer) =>
            new Convolution1d(layer == 0 ? 1 : channels, channels, stride + 2, stride, 1, source,
                betweenRectifiers: true)).ToArray());
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.EncoderBlocks)
            .Select(_ => new ResidualBlock1d(channels, channels, source)).ToArray());
        project = new Convolution1d(channels, encodingChannels, 1, 1, 0, source);
        RegisterComponents();
    }

    /// <param name="samples">The samples, zero in the padding.</param>
    /// <param name="lengths">How many samples of each row are real, up to whole codes.</param>
    public Tensor Encode(Tensor samples, Tensor lengths)
    {
        using var scope = NewDisposeScope();
        var x = samples;
        var perValue = 1;
        for (var layer = 0; layer < strides.Length; layer++)
        {
            x = down[layer].call(x);
            perValue *= strides[layer];
            if (layer < strides.Length - 1)
                x = x.relu_();
            x = Padding.Clear(x, new Padding(lengths, samples.shape[2], perValue).Codes);
        }
        var mask = new Padding(lengths, samples.shape[2], perValue).Codes;
        foreach (var block in residual)
            x = Padding.Clear(block.call(x), mask);
        return Padding.Clear(project.call(x.relu_()), mask).MoveToOuterDisposeScope();
    }
}

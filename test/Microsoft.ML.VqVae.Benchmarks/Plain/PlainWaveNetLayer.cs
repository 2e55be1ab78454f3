using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>A layer of a WaveNet: a dilated causal convolution of two taps, a gate, residual and skip connection.</summary>
internal sealed class PlainWaveNetLayer : nn.Module
{
    readonly nn.Module<Tensor, Tensor> unit;
    readonly nn.Module<Tensor, Tensor> output;
    readonly Embedding speaker;
    readonly nn.Module<Tensor, Tensor>? condition;
    readonly int _channels, _skipChannels, _dilation;
    readonly bool _isLast;

    public PlainWaveNetLayer(WaveNetSize size, int number, MemoryLayout layout) : base(nameof(PlainWaveNetLayer))
    {
        (_channels, _skipChannels, _isLast) = (size.Channels, size.SkipChannels, number == size.Layers - 1);
        _dilation = 1 << (number % size.LayersPerBlock);
        unit = TimeConvolution.Create(layout, _channels, 2 * _channels, 2, dilation: _dilation);
        output = TimeConvolution.Create(layout, _channels, _isLast ? _skipChannels : _channels + _skipChannels, 1);
        speaker = Embedding(size.Speakers, 2 * _channels);
        if (size.Hop > 0)
            condition = TimeConvolution.Create(layout, WaveNetSize.LatentChannels, 2 * _channels, 1, bias: false);
        RegisterComponents();
    }

    /// <summary>The input of the next layer and the sum of the skip connections.</summary>
    /// <param name="input">[B, C, T], or [B, C, 1, T].</param>
    /// <param name="skips">The sum of the skip connections so far; null in the first layer.</param>
    /// <param name="speakers">Int64 [B].</param>
    /// <param name="frames">What conditions the layer at the rate of the latents, or null.</param>
    public (Tensor Next, Tensor Skips) Apply(Tensor input, Tensor? skips, Tensor speakers, Tensor? frames)
    {
        Tensor sums = unit.call(functional.pad(input, [_dilation, 0]));
        Tensor who = speaker.call(speakers).unsqueeze(2);
        sums = sums + (input.Dimensions == 4 ? who.unsqueeze(3) : who);
        if (frames is not null)
        {
            Tensor given = condition!.call(frames);
            sums = sums + given.repeat_interleave(sums.shape[^1] / given.shape[^1], dim: -1);
        }
        Tensor[] halves = sums.chunk(2, 1);
        Tensor outputs = output.call(tanh(halves[0]) * sigmoid(halves[1]));
        if (_isLast)
            return (input, skips is null ? outputs : skips + outputs);
        Tensor skip = outputs.narrow(1, _channels, _skipChannels);
        return (input + outputs.narrow(1, 0, _channels), skips is null ? skip : skips + skip);
    }
}

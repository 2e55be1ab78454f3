using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The weights of a <see cref="GatedStack"/> as they are now, packed for a few sequences at a time. Any number of
/// <see cref="SpanSteps"/> can read them at once.</summary>
internal sealed class PackedStack
{
    public PackedStack(GatedStack stack)
    {
        Stack = stack;
        Layers = stack.Layers.Select(layer => new PackedLayer(stack.Shape, layer)).ToArray();
        Hidden = PackedMatrix.Of(stack.Hidden.weight);
        Output = PackedMatrix.Of(stack.Output.weight);
        Embedding = PackedLayer.Numbers(stack.Embedding);
        SkipBias = PackedLayer.Numbers(stack.SkipBias);
        HiddenBias = PackedLayer.Numbers(stack.Hidden.bias!);
        OutputBias = PackedLayer.Numbers(stack.Output.bias!);
    }

    public GatedStack Stack { get; }

    public PackedLayer[] Layers { get; }

    public PackedMatrix Hidden { get; }

    public PackedMatrix Output { get; }

    public float[] Embedding { get; }

    public float[] SkipBias { get; }

    public float[] HiddenBias { get; }

    public float[] OutputBias { get; }
}

/// <summary>The weights of a <see cref="GatedLayer"/>, packed for a few sequences at a time.</summary>
internal sealed class PackedLayer
{
    public PackedLayer(GatedStackShape shape, GatedLayer layer)
    {
        Dilation = layer.Dilation;
        int channels = shape.Channels;
        int width = Padded(channels);
        // Filter and gate see the same inputs: one matrix gives both, the gate's half from `width` on.
        PackedMatrix Both(int inputs, Func<int, int, float> filter, Func<int, int, float> gate) => new(
            2 * width, inputs, (output, input) => output % width >= channels ? 0
                : output < width ? filter(output, input) : gate(output - width, input));

        float[] filter = Numbers(layer.Filter.Weight), gate = Numbers(layer.Gate.Weight);
        int taps = shape.KernelSize;
        Taps = Enumerable.Range(0, taps).Select(back =>
        {
            int At(int output, int input) => (output * channels + input) * taps + taps - 1 - back;
            return Both(channels, (output, input) => filter[At(output, input)], (output, input) => gate[At(output, input)]);
        }).ToArray();
        if (layer.Filter.Conditioning is { } conditioning)
        {
            float[] toFilter = Numbers(conditioning), toGate = Numbers(layer.Gate.Conditioning!);
            int inputs = shape.ConditioningChannels;
            Conditioning = Both(
                inputs, (output, input) => toFilter[output * inputs + input], (output, input) => toGate[output * inputs + input]);
        }
        // Likewise for the residual path and the skip sum.
        float[] skip = Numbers(layer.Skip);
        if (layer.Residual is { } residual)
        {
            ResidualBias = new AlignedFloats(width);
            Numbers(residual.bias!).CopyTo(ResidualBias.Span);
            float[] next = Numbers(residual.weight);
            Pass = new PackedMatrix(width + shape.SkipChannels, channels, (output, input) =>
                output >= width ? skip[(output - width) * channels + input] : output < channels ? next[output * channels + input] : 0);
        }
        else
        {
            Pass = new PackedMatrix(shape.SkipChannels, channels, (output, input) => skip[output * channels + input]);
        }
    }

    public int Dilation { get; }

    /// <summary>For the input at the present, one dilation before, …: filter and gate.</summary>
    public PackedMatrix[] Taps { get; }

    /// <summary>From a frame to filter and gate.</summary>
    public PackedMatrix? Conditioning { get; }

    /// <summary>From the unit's output to the residual path and the skip sum; in the last layer only to the skip sum.</summary>
    public PackedMatrix Pass { get; }

    public AlignedFloats? ResidualBias { get; }

    /// <summary>Channels rounded up to whole vectors.</summary>
    public static int Padded(int channels) => (channels + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;

    /// <summary>The numbers of a tensor in the order of its indices.</summary>
    public static float[] Numbers(Tensor tensor)
    {
        using Tensor plain = tensor.detach().contiguous();
        return MemoryMarshal.Cast<byte, float>(plain.bytes).ToArray();
    }
}

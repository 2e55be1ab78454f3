using TorchSharp.Modules;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The weights of a <see cref="GatedStack"/> as they are now, packed for a few sequences at a time. Any number of
/// <see cref="SpanSteps"/> can read them at once.</summary>
internal sealed class PackedStack
{
    public PackedStack(GatedStack stack)
    {
        Stack = stack;
        Layers = stack.Layers.Select(layer => new PackedLayer(stack.Shape, layer)).ToArray();
        Hidden = Pack(stack.Hidden);
        Output = Pack(stack.Output);
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

    static PackedMatrix Pack(Linear linear)
    {
        var weight = PackedLayer.Numbers(linear.weight);
        var (outputs, inputs) = ((int)linear.weight.shape[0], (int)linear.weight.shape[1]);
        return new PackedMatrix(outputs, inputs, (output, input) => weight[output * inputs + input]);
    }
}

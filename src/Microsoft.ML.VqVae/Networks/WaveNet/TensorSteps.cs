using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The logits of a <see cref="GatedStack"/> one position after another, with tensors, on any device. The past inputs of the dilated
/// convolutions are kept, so every position costs the same however long the sequence is: the scheme of "Fast WaveNet" (Paine et al. 2016,
/// arXiv 1611.09482).
/// </summary>
internal sealed class TensorSteps : CheckedSteps
{
    readonly GatedStack stack;
    readonly Tensor? classes;
    readonly Tensor? frames;
    readonly int positionsPerFrame;
    // The inputs of each layer at the positions that its taps will still look at: [reach, B, C], position t in row t mod reach.
    readonly Tensor[] past;
    readonly Tensor?[] offsets;
    readonly Tensor previous;
    Tensor? skipSum;

    public TensorSteps(GatedStack stack, int batch, int length, StackConditions given) : base(batch, length)
    {
        this.stack = stack;
        GatedStackShape shape = stack.Shape;
        Device device = stack.Embedding.device;
        (classes, frames) = (Kept.Keep(given.Classes?.alias()), Kept.Keep(given.Frames?.alias()));
        positionsPerFrame = frames is null ? length : length / (int)frames.shape[1];
        past = Kept.Keep(shape.Layers, number => zeros(
            (shape.KernelSize - 1L) * shape.Dilation(number), batch, shape.Channels, dtype: stack.Embedding.dtype, device: device));
        offsets = new Tensor[2 * shape.Layers];
        previous = Kept.Keep(zeros(batch, dtype: ScalarType.Int64, device: device).Fill_(shape.Symbols));
    }

    protected override Tensor ComputeLogits()
    {
        RunLayers();
        return stack.Output.Apply(stack.Hidden.Apply(skipSum!.relu()).relu_());
    }

    protected override void Take(Tensor symbols)
    {
        RunLayers();
        previous.copy_(symbols);
        skipSum?.Dispose();
        skipSum = null;
    }

    /// <summary>Runs the layers at the present position, once.</summary>
    void RunLayers()
    {
        if (skipSum is not null)
            return;
        using DisposeScope scope = NewDisposeScope();
        if (Position % positionsPerFrame == 0)
            FindOffsets(Position / positionsPerFrame);
        Tensor x = stack.Embedding.index_select(0, previous);
        Tensor sum = stack.SkipBias.unsqueeze(0).repeat(Batch, 1);
        for (int number = 0; number < past.Length; number++)
        {
            GatedLayer layer = stack.Layers[number];
            var inputs = new List<Tensor> { x };
            long reach = past[number].shape[0];
            for (int shift = layer.Dilation; shift <= Math.Min(reach, Position); shift += layer.Dilation)
                inputs.Add(past[number].select(0, (Position - shift) % reach));
            Tensor z = layer.Unit(inputs, offsets[2 * number]!, offsets[2 * number + 1]!);
            past[number].select(0, Position % reach).copy_(x);
            (x, sum) = layer.Pass(x, z, sum);
        }
        skipSum = sum.DetachFromDisposeScope();
    }

    void FindOffsets(int frame)
    {
        using DisposeScope scope = NewDisposeScope();
        var given = new StackConditions(classes, frames?.narrow(1, frame, 1));
        for (int number = 0; number < past.Length; number++)
        {
            Keep(2 * number, stack.Layers[number].Filter.Offset(given));
            Keep(2 * number + 1, stack.Layers[number].Gate.Offset(given));
        }
    }

    void Keep(int place, Tensor offset)
    {
        offsets[place]?.Dispose();
        offsets[place] = offset.DetachFromDisposeScope();
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Tensor? tensor in (Tensor?[])[skipSum, .. offsets])
            tensor?.Dispose();
        base.Dispose(disposing);
    }
}

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
    // From the inputs that the taps look at, side by side, to the sums of filter and gate: [taps · C, 2C].
    readonly Tensor[] weights;
    readonly Tensor skipWeights;
    readonly Tensor?[] offsets;
    readonly Tensor previous;
    Tensor? skipSum;

    public TensorSteps(GatedStack stack, int batch, int length, StackConditions given) : base(batch, length)
    {
        this.stack = stack;
        using DisposeScope scope = NewDisposeScope();
        GatedStackShape shape = stack.Shape;
        Device device = stack.Embedding.device;
        (classes, frames) = (Kept.Keep(given.Classes?.alias()), Kept.Keep(given.Frames?.alias()));
        positionsPerFrame = frames is null ? length : length / (int)frames.shape[1];
        past = Kept.Keep(shape.Layers, number => zeros(
            (shape.KernelSize - 1L) * shape.Dilation(number), batch, shape.Channels, dtype: stack.Embedding.dtype, device: device));
        weights = Kept.Keep(shape.Layers, number => stack.Layers[number].Kernel().permute(2, 1, 0).flatten(0, 1));
        skipWeights = Kept.Keep(stack.SkipWeights().contiguous());
        offsets = new Tensor[shape.Layers];
        previous = Kept.Keep(zeros(batch, dtype: ScalarType.Int64, device: device).Fill_(shape.Symbols));
    }

    protected override Tensor ComputeLogits()
    {
        RunLayers();
        return stack.LogitsOf(skipSum!);
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
        var units = new List<Tensor>();
        for (int number = 0; number < past.Length; number++)
        {
            GatedLayer layer = stack.Layers[number];
            int reach = (int)past[number].shape[0];
            // What lies before the start is zero still.
            IEnumerable<Tensor> inputs = Enumerable.Range(0, stack.Shape.KernelSize - 1)
                .Select(tap => past[number].select(0, (Position + tap * layer.Dilation) % reach)).Append(x);
            Tensor unit = GatedUnit.Of(cat([.. inputs], 1).Product(weights[number]).Add_(offsets[number]!));
            units.Add(unit);
            past[number].select(0, Position % reach).copy_(x);
            if (layer.Residual is { } residual)
                x = residual.Apply(unit).Add(x);
        }
        skipSum = cat(units, 1).Product(skipWeights, stack.SkipBias).DetachFromDisposeScope();
    }

    void FindOffsets(int frame)
    {
        using DisposeScope scope = NewDisposeScope();
        var given = new StackConditions(classes, frames?.narrow(1, frame, 1));
        for (int number = 0; number < past.Length; number++)
        {
            offsets[number]?.Dispose();
            offsets[number] = stack.Layers[number].Offset(given).view(-1, 2L * stack.Shape.Channels).DetachFromDisposeScope();
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Tensor? tensor in (Tensor?[])[skipSum, .. offsets])
            tensor?.Dispose();
        base.Dispose(disposing);
    }
}

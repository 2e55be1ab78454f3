using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The logits of a <see cref="GatedStack"/> one position after another. The past inputs of the dilated convolutions are kept, so every
/// position costs the same however long the sequence is: the scheme of "Fast WaveNet" (Paine et al. 2016, arXiv 1611.09482).
/// </summary>
internal abstract class StackSteps(int batch, int length) : IDisposable
{
    /// <summary>Maximum number of sequences for which spans are faster than tensors.</summary>
    public const int FewSequences = 16;

    /// <summary>Steps through sequences of <paramref name="length"/> symbols with the weights as they are now.</summary>
    public static StackSteps Begin(GatedStack stack, int batch, int length, StackConditions given) =>
        stack.Embedding is { device_type: DeviceType.CPU, dtype: ScalarType.Float32 } && batch <= FewSequences
            ? new SpanSteps(new PackedStack(stack), batch, length, given)
            : new TensorSteps(stack, batch, length, given);

    public int Batch => batch;

    public int Length => length;

    /// <summary>The number of accepted symbols of each sequence.</summary>
    protected int Position { get; private set; }

    /// <summary>The logits of the next symbols, [B, symbols] on the stack's device, without gradients; the caller disposes them.</summary>
    public abstract Tensor NextLogits();

    /// <summary>Takes the next symbols, Int64 [B].</summary>
    public void Accept(Tensor symbols)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        if (symbols.dtype != ScalarType.Int64 || symbols.Dimensions != 1 || symbols.shape[0] != batch)
            throw new ArgumentException($"The next symbols must be Int64 [{batch}], one a sequence, but are {symbols.dtype} " +
                $"[{string.Join(", ", symbols.shape)}].", nameof(symbols));
        CheckPosition();
        Take(symbols);
        Position++;
    }

    protected abstract void Take(Tensor symbols);

    protected void CheckPosition()
    {
        if (Position == length)
            throw new InvalidOperationException($"All {length} symbols of the sequences are accepted already.");
    }

    protected void Advance() => Position++;

    public abstract void Dispose();
}

/// <summary>Steps with tensors, on any device.</summary>
internal sealed class TensorSteps : StackSteps
{
    readonly GatedStack stack;
    readonly Tensor? classes;
    readonly Tensor? frames;
    readonly int positionsPerFrame;
    // The inputs of each layer at the positions that its taps will still look at: [reach, B, C], position t in row t mod reach.
    readonly Tensor[] past;
    readonly Tensor[] offsets;
    Tensor previous;
    Tensor? skipSum;

    public TensorSteps(GatedStack stack, int batch, int length, StackConditions given) : base(batch, length)
    {
        this.stack = stack;
        GatedStackShape shape = stack.Shape;
        Device device = stack.Embedding.device;
        classes = Kept(given.Classes);
        frames = Kept(given.Frames);
        positionsPerFrame = frames is null ? length : length / (int)frames.shape[1];
        past = stack.Layers.Select(layer =>
            zeros((shape.KernelSize - 1L) * layer.Dilation, batch, shape.Channels, dtype: stack.Embedding.dtype, device: device)
                .DetachFromDisposeScope()).ToArray();
        offsets = new Tensor[2 * shape.Layers];
        previous = zeros(batch, dtype: ScalarType.Int64, device: device).Fill_(shape.Symbols).DetachFromDisposeScope();
    }

    static Tensor? Kept(Tensor? given) => given?.alias().DetachFromDisposeScope();

    public override Tensor NextLogits()
    {
        CheckPosition();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        RunLayers();
        return stack.Output.Apply(stack.Hidden.Apply(skipSum!.relu()).relu_()).MoveToOuterDisposeScope();
    }

    protected override void Take(Tensor symbols)
    {
        using IDisposable withoutGradients = no_grad();
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
            Tensor z = layer.Unit(inputs, offsets[2 * number], offsets[2 * number + 1]);
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

    public override void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[classes, frames, previous, skipSum, .. past, .. offsets])
            tensor?.Dispose();
    }
}

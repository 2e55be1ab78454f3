using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The logits of <see cref="TensorSteps"/>, on the CPU and without tensors: for a few sequences at a time, calling some two hundred operators
/// for each position would take many times longer than the arithmetic.
/// </summary>
/// <remarks>
/// The speed is limited by the rate at which weights are read from the cache, so each step should need few of them. The past inputs of a
/// layer are known as many positions ahead as its dilation; their products are computed together, up to sixteen at a time, with one pass
/// over the weights.
/// </remarks>
internal sealed unsafe class SpanSteps : CheckedSteps
{
    /// <summary>Maximum number of sequences for which spans are faster than tensors.</summary>
    public const int MaxBatch = 16;

    /// <summary>Maximum number of positions whose past inputs are processed together.</summary>
    const int MaxAhead = 16;

    readonly GatedStackShape shape;
    readonly PackedStack stack;
    readonly PackedLayer[] layers;
    readonly AlignedFloats? frames;
    readonly int frameCount;
    readonly int positionsPerFrame;

    // Sizes of a row: channels in whole vectors; filter and gate; skip sum in whole vectors; [residual path | skip sum]; hidden layer;
    // logits.
    readonly int width;
    readonly int unitStride;
    readonly int skipWidth;
    readonly int stateStride;
    readonly int hiddenStride;
    readonly int outputStride;

    readonly AlignedFloats states;
    readonly AlignedFloats sums;
    readonly AlignedFloats units;
    readonly AlignedFloats active;
    readonly AlignedFloats hiddens;
    readonly AlignedFloats logits;
    // By layer: bias and class [rows, unit]; the same with the frame; past inputs [reach, rows, width]; past products [ahead, rows, unit].
    readonly AlignedFloats[] constants;
    readonly AlignedFloats[] offsets;
    readonly AlignedFloats[] past;
    readonly AlignedFloats[] products;
    readonly int[] previous;
    bool layersRan;
    bool logitsMade;

    public SpanSteps(PackedStack stack, int batch, int length, StackConditions given) : base(batch, length)
    {
        this.stack = stack;
        shape = stack.Stack.Shape;
        layers = stack.Layers;
        int skip = shape.SkipChannels;
        width = PackedLayer.Padded(shape.Channels);
        unitStride = PackedMatrix.PaddedOutputs(2 * width);
        skipWidth = PackedLayer.Padded(skip);
        stateStride = Math.Max(PackedMatrix.PaddedOutputs(width + skip), width + PackedMatrix.PaddedOutputs(skip));
        hiddenStride = PackedMatrix.PaddedOutputs(skip);
        outputStride = PackedMatrix.PaddedOutputs(shape.Symbols);
        states = new AlignedFloats(checked(batch * stateStride));
        sums = new AlignedFloats(checked(batch * unitStride));
        units = new AlignedFloats(checked(batch * width));
        active = new AlignedFloats(checked(batch * hiddenStride));
        hiddens = new AlignedFloats(checked(batch * hiddenStride));
        logits = new AlignedFloats(checked(batch * outputStride));
        past = layers.Select(layer => new AlignedFloats(checked((shape.KernelSize - 1) * layer.Dilation * batch * width))).ToArray();
        products = layers.Select(layer => new AlignedFloats(Ahead(layer) > 1 ? checked(Ahead(layer) * batch * unitStride) : 0)).ToArray();
        constants = stack.Stack.Layers.Select(layer => Constants(layer, given.Classes)).ToArray();
        (offsets, positionsPerFrame) = (constants, length);
        if (given.Frames is { } conditioning)
        {
            float[] numbers = PackedLayer.Numbers(conditioning);
            frames = new AlignedFloats(numbers.Length);
            numbers.CopyTo(frames.Span);
            frameCount = (int)conditioning.shape[1];
            positionsPerFrame = length / frameCount;
            offsets = layers.Select(_ => new AlignedFloats(checked(batch * unitStride))).ToArray();
        }
        previous = new int[batch];
        Array.Fill(previous, shape.Symbols);
    }

    /// <summary>The logits of the next symbol of a sequence, until the next symbols are accepted.</summary>
    public ReadOnlySpan<float> Logits(int row)
    {
        CheckNotDone();
        if (!logitsMade)
            MakeLogits();
        return logits.Span.Slice(row * outputStride, shape.Symbols);
    }

    /// <summary>Takes the next symbols, one a sequence.</summary>
    public void Accept(ReadOnlySpan<int> symbols)
    {
        CheckNotDone();
        Take(symbols);
        Position++;
    }

    protected override Tensor ComputeLogits()
    {
        float[] numbers = new float[Batch * shape.Symbols];
        for (int row = 0; row < Batch; row++)
            Logits(row).CopyTo(numbers.AsSpan(row * shape.Symbols));
        return tensor(numbers, [Batch, shape.Symbols]);
    }

    protected override void Take(Tensor symbols)
    {
        using Tensor plain = symbols.contiguous();
        Span<long> numbers = MemoryMarshal.Cast<byte, long>(plain.bytes);
        Span<int> next = stackalloc int[Batch];
        for (int row = 0; row < next.Length; row++)
            next[row] = checked((int)numbers[row]);
        Take(next);
    }

    void Take(ReadOnlySpan<int> symbols)
    {
        foreach (int symbol in symbols)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)symbol, (uint)shape.Symbols, nameof(symbols));
        RunLayers();
        symbols.CopyTo(previous);
        layersRan = logitsMade = false;
    }

    /// <summary>The number of positions whose past inputs a layer processes together, a divisor of its dilation.</summary>
    static int Ahead(PackedLayer layer) => Math.Min(layer.Dilation, MaxAhead);

    AlignedFloats Constants(GatedLayer layer, Tensor? classes)
    {
        var result = new AlignedFloats(Batch * unitStride);
        void Put(CausalConvolution half, int start)
        {
            // [C], or [B, 1, 1, C].
            using Tensor offset = half.Offset(new StackConditions(classes, null));
            float[] numbers = PackedLayer.Numbers(offset);
            for (int row = 0; row < Batch; row++)
                numbers.AsSpan(offset.Dimensions == 1 ? 0 : row * shape.Channels, shape.Channels)
                    .CopyTo(result.Span[(row * unitStride + start)..]);
        }

        Put(layer.Filter, 0);
        Put(layer.Gate, width);
        return result;
    }

    /// <summary>Runs the layers at the present position, once.</summary>
    void RunLayers()
    {
        if (layersRan)
            return;
        if (frames is not null && Position % positionsPerFrame == 0)
            TakeFrame(Position / positionsPerFrame);
        for (int row = 0; row < Batch; row++)
        {
            Span<float> state = states.Span.Slice(row * stateStride, stateStride);
            stack.Embedding.AsSpan(previous[row] * shape.Channels, shape.Channels).CopyTo(state);
            stack.SkipBias.CopyTo(state[width..]);
        }
        for (int number = 0; number < layers.Length; number++)
            RunLayer(number);
        layersRan = true;
    }

    void TakeFrame(int frame)
    {
        for (int number = 0; number < layers.Length; number++)
        {
            constants[number].Span.CopyTo(offsets[number].Span);
            int channels = shape.ConditioningChannels;
            layers[number].Conditioning!.Accumulate(
                frames!.Start + frame * channels, frameCount * channels, offsets[number].Start, unitStride, Batch);
        }
    }

    void RunLayer(int number)
    {
        PackedLayer layer = layers[number];
        offsets[number].Span.CopyTo(sums.Span);
        int ahead = Ahead(layer);
        if (ahead > 1)
        {
            int place = Moment(number) % ahead;
            if (place == 0)
                LookAhead(number, ahead);
            VectorFunctions.Add(products[number].Start + place * sums.Count, sums.Start, sums.Count);
        }
        else
        {
            for (int tap = 1; tap < layer.Taps.Length; tap++)
                layer.Taps[tap].Accumulate(Past(number, tap), width, sums.Start, unitStride, Batch);
        }
        layer.Taps[0].Accumulate(states.Start, stateStride, sums.Start, unitStride, Batch);
        // The farthest tap is done with the slot that the present takes.
        float* slot = Past(number, 0);
        for (int row = 0; row < Batch; row++)
        {
            Span<float> state = states.Span.Slice(row * stateStride, width);
            state.CopyTo(new Span<float>(slot + row * width, width));
            float* unit = sums.Start + row * unitStride;
            VectorFunctions.GatedUnit(unit, unit + width, units.Start + row * width, width);
            if (layer.ResidualBias is { } bias)
                VectorFunctions.Add(bias.Start, states.Start + row * stateStride, width);
        }
        layer.Pass.Accumulate(units.Start, width, states.Start + (layer.ResidualBias is null ? width : 0), stateStride, Batch);
    }

    /// <summary>The products with the inputs that the next positions look back at.</summary>
    void LookAhead(int number, int ahead)
    {
        products[number].Span.Clear();
        for (int tap = 1; tap < layers[number].Taps.Length; tap++)
            // Reach and dilation are multiples of the number of positions, so their slots lie in a row.
            layers[number].Taps[tap].Accumulate(Past(number, tap), width, products[number].Start, unitStride, ahead * Batch);
    }

    /// <summary>The inputs of a layer a number of dilations ago, [rows, width].</summary>
    float* Past(int number, int tap)
    {
        int dilation = layers[number].Dilation;
        int reach = (shape.KernelSize - 1) * dilation;
        return past[number].Start + (Moment(number) + reach - tap * dilation) % reach * Batch * width;
    }

    /// <summary>The position as the layer counts it: layers that look ahead do so one after another, not all at the same position. What
    /// they would have looked at before the first position is zero.</summary>
    int Moment(int number) => Position + number;

    void MakeLogits()
    {
        RunLayers();
        for (int row = 0; row < Batch; row++)
        {
            VectorFunctions.Positive(states.Start + row * stateStride + width, active.Start + row * hiddenStride, skipWidth);
            stack.HiddenBias.CopyTo(hiddens.Span[(row * hiddenStride)..]);
            stack.OutputBias.CopyTo(logits.Span[(row * outputStride)..]);
        }
        stack.Hidden.Accumulate(active.Start, hiddenStride, hiddens.Start, hiddenStride, Batch);
        VectorFunctions.Positive(hiddens.Start, hiddens.Start, hiddens.Count);
        stack.Output.Accumulate(hiddens.Start, hiddenStride, logits.Start, outputStride, Batch);
        logitsMade = true;
    }
}

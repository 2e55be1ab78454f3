using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Steps of a PixelCNN on the CPU whose horizontal stack needs no tensors: for a few grids at a time, calling five operators for each layer
/// and position would take several times longer than the arithmetic.
/// </summary>
internal sealed unsafe class PixelCnnSpanSteps : PixelCnnSteps
{
    /// <summary>Maximum number of grids for which spans are faster than tensors.</summary>
    public const int MaxBatch = 4;

    readonly PackedPixelCnnLayer[] _layers;
    readonly PackedMatrix _hiddenWeights;
    readonly PackedMatrix[] _logitWeights;
    readonly float[] _embedding;
    readonly float[] _earlier;
    readonly float[] _firstSkips;
    readonly float[] _hiddenBias;
    readonly float[][] _logitBias;

    // Sizes of a grid's part of each storage: channels in whole vectors, [residual path | skip sum], hidden sums, logits.
    readonly int _width;
    readonly int _skipWidth;
    readonly int _stateStride;
    readonly int _hiddenStride;
    readonly int _activeStride;
    readonly int _logitStride;

    // The embedded codes of the row, [W, B, C in whole vectors].
    readonly AlignedFloats _row;
    readonly AlignedFloats _states;
    readonly AlignedFloats _units;
    readonly AlignedFloats _skips;
    readonly AlignedFloats _hidden;
    readonly AlignedFloats _active;
    readonly AlignedFloats _logits;

    public PixelCnnSpanSteps(PixelCnn network, int batch, Tensor? conditions, Tensor? map) : base(network, batch, conditions, map)
    {
        (int channels, int skip) = (Options.Channels, Options.SkipChannelsOrDefault);
        PixelCnnHead head = network.Head;
        _width = PackedLayer.Padded(channels);
        _skipWidth = PackedLayer.Padded(skip);
        _layers = [.. network.Layers.Select(layer => new PackedPixelCnnLayer(layer, batch, Options.Width, skip))];
        // The hidden sums of each code start at a whole vector.
        _hiddenWeights = PackedMatrix.Of(head.HiddenWeight, group: skip, padded: _skipWidth);
        _hiddenBias = PackedLayer.Numbers(head.HiddenBias);
        _logitWeights = [.. head.LogitLayers.Select(layer => PackedMatrix.Of(layer.weight))];
        _logitBias = [.. head.LogitLayers.Select(layer => PackedLayer.Numbers(layer.bias!))];
        _embedding = PackedLayer.Numbers(network.Embedding);
        _earlier = head.EarlierWeight is Parameter earlier ? PackedLayer.Numbers(earlier) : [];
        _firstSkips = new float[skip];
        foreach (PackedPixelCnnLayer layer in _layers)
        {
            for (int i = 0; i < skip; i++)
                _firstSkips[i] += layer.SkipBias[i];
        }

        _stateStride = Math.Max(PackedMatrix.PaddedOutputs(_width + skip), _width + PackedMatrix.PaddedOutputs(skip));
        _hiddenStride = PackedMatrix.PaddedOutputs(Options.CodesPerPosition * _skipWidth);
        _activeStride = _skipWidth;
        _logitStride = PackedMatrix.PaddedOutputs(Options.Codes);
        _row = new AlignedFloats(Options.Width * batch * _width);
        _states = new AlignedFloats(batch * _stateStride);
        _units = new AlignedFloats(batch * _width);
        _skips = new AlignedFloats(batch * _skipWidth);
        _hidden = new AlignedFloats(batch * _hiddenStride);
        _active = new AlignedFloats(batch * _activeStride);
        _logits = new AlignedFloats(batch * _logitStride);
    }

    protected override Tensor Row()
    {
        (int width, int channels) = (Options.Width, Options.Channels);
        Tensor row = zeros([Batch, 1, width, channels], dtype: ScalarType.Float32);
        Span<float> numbers = MemoryMarshal.Cast<byte, float>(row.bytes);
        for (int column = 0; column < width; column++)
        {
            for (int grid = 0; grid < Batch; grid++)
                Embedded(column, grid).CopyTo(numbers[((grid * width + column) * channels)..]);
        }
        return row;
    }

    protected override void TakeRow(int layer, Tensor sums) => _layers[layer].TakeRow(sums);

    protected override void RunColumn(int column)
    {
        for (int grid = 0; grid < Batch; grid++)
        {
            Span<float> state = _states.Span.Slice(grid * _stateStride, _stateStride);
            // The first layer must not see the code that is to be predicted: it gets the one to the left.
            if (column == 0)
                state[.._width].Clear();
            else
                _row.Span.Slice(((column - 1) * Batch + grid) * _width, _width).CopyTo(state);
            _firstSkips.CopyTo(state[_width..]);
        }
        foreach (PackedPixelCnnLayer layer in _layers)
            layer.TakeColumn(column, _states.Start, _stateStride, _units.Start, Batch);
        for (int grid = 0; grid < Batch; grid++)
        {
            VectorFunctions.Positive(_states.Start + grid * _stateStride + _width, _skips.Start + grid * _skipWidth, _skipWidth);
            for (int place = 0; place < Options.CodesPerPosition; place++)
            {
                _hiddenBias.AsSpan(place * _firstSkips.Length, _firstSkips.Length)
                    .CopyTo(_hidden.Span[(grid * _hiddenStride + place * _skipWidth)..]);
            }
        }
        _hiddenWeights.Accumulate(_skips.Start, _skipWidth, _hidden.Start, _hiddenStride, Batch);
    }

    protected override Tensor Logits(int place)
    {
        int codes = Options.Codes;
        for (int grid = 0; grid < Batch; grid++)
        {
            VectorFunctions.Positive(
                _hidden.Start + grid * _hiddenStride + place * _skipWidth, _active.Start + grid * _activeStride, _skipWidth);
            _logitBias[place].CopyTo(_logits.Span[(grid * _logitStride)..]);
        }
        _logitWeights[place].Accumulate(_active.Start, _activeStride, _logits.Start, _logitStride, Batch);
        Tensor logits = empty([Batch, codes], dtype: ScalarType.Float32);
        Span<float> numbers = MemoryMarshal.Cast<byte, float>(logits.bytes);
        for (int grid = 0; grid < Batch; grid++)
            _logits.Span.Slice(grid * _logitStride, codes).CopyTo(numbers[(grid * codes)..]);
        return logits;
    }

    protected override void Take(Tensor codes, int column, int place)
    {
        using Tensor plain = codes.contiguous();
        Span<long> chosen = MemoryMarshal.Cast<byte, long>(plain.bytes);
        (int channels, int skip) = (Options.Channels, _firstSkips.Length);
        for (int grid = 0; grid < Batch; grid++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)chosen[grid], (ulong)Options.Codes, nameof(codes));
            int code = place * Options.Codes + (int)chosen[grid];
            Span<float> embedded = Embedded(column, grid);
            if (place == 0)
                embedded.Clear();
            Add(_embedding.AsSpan(code * channels, channels), embedded);
            for (int later = place + 1; later < Options.CodesPerPosition; later++)
                Add(_earlier.AsSpan(code * skip, skip), _hidden.Span[(grid * _hiddenStride + later * _skipWidth)..]);
        }
    }

    Span<float> Embedded(int column, int grid) => _row.Span.Slice((column * Batch + grid) * _width, Options.Channels);

    static void Add(ReadOnlySpan<float> from, Span<float> to)
    {
        for (int i = 0; i < from.Length; i++)
            to[i] += from[i];
    }
}

/// <summary>The horizontal stack of a layer, packed for a few grids at a time, and its row.</summary>
internal sealed unsafe class PackedPixelCnnLayer
{
    // By distance from the left edge of the window: from a column to the sums before the gate.
    readonly PackedMatrix[] _taps;
    // From the gate's output to [residual path | skip sum]; in the last layer to the skip sum only.
    readonly PackedMatrix _pass;
    readonly AlignedFloats? _residualBias;
    readonly int _channels;
    readonly int _width;
    readonly int _batch;
    readonly int _sumStride;
    // The inputs of the row's columns after as many columns of zeros as the layer reaches to the left, [Reach + W, B, C in whole vectors].
    readonly AlignedFloats _columns;
    // Sums before the gate, tanh half and logistic half in whole vectors each, [W, B, 2·C].
    readonly AlignedFloats _sums;

    public PackedPixelCnnLayer(PixelCnnLayer layer, int batch, int gridWidth, int skip)
    {
        (_channels, _batch) = (layer.Channels, batch);
        _width = PackedLayer.Padded(_channels);
        _sumStride = PackedMatrix.PaddedOutputs(2 * _width);
        int taps = layer.Reach + 1;
        float[] horizontal = PackedLayer.Numbers(layer.HorizontalWeight), output = PackedLayer.Numbers(layer.Output.weight);
        _taps = [.. Enumerable.Range(0, taps).Select(tap => new PackedMatrix(2 * _width, _channels, (padded, input) =>
            Unpadded(padded) is int sum and >= 0 ? horizontal[(sum * taps + tap) * _channels + input] : 0))];
        float[] bias = PackedLayer.Numbers(layer.Output.bias!);
        SkipBias = bias[^skip..];
        if (layer.IsLast)
        {
            _pass = PackedMatrix.Of(layer.Output.weight);
        }
        else
        {
            _residualBias = new AlignedFloats(_width);
            bias.AsSpan(0, _channels).CopyTo(_residualBias.Span);
            _pass = new PackedMatrix(_width + skip, _channels, (to, input) =>
                to >= _width ? output[(_channels + to - _width) * _channels + input] : to < _channels ? output[to * _channels + input] : 0);
        }
        _columns = new AlignedFloats((layer.Reach + gridWidth) * batch * _width);
        _sums = new AlignedFloats(gridWidth * batch * _sumStride);
    }

    /// <summary>The biases of the skip channels, with which their sum starts.</summary>
    public float[] SkipBias { get; }

    /// <summary>Takes what the vertical stack adds to a row, [B, 1, W, 2C].</summary>
    public void TakeRow(Tensor sums)
    {
        using Tensor plain = sums.contiguous();
        ReadOnlySpan<float> numbers = MemoryMarshal.Cast<byte, float>(plain.bytes);
        int columns = (int)sums.shape[2];
        for (int grid = 0; grid < _batch; grid++)
        {
            for (int column = 0; column < columns; column++)
            {
                ReadOnlySpan<float> from = numbers.Slice((grid * columns + column) * 2 * _channels, 2 * _channels);
                Span<float> to = _sums.Span.Slice((column * _batch + grid) * _sumStride, _sumStride);
                from[.._channels].CopyTo(to);
                from[_channels..].CopyTo(to[_width..]);
            }
        }
    }

    /// <summary>Takes the horizontal stack at a column, and adds the layer's output to it and to the skip sums.</summary>
    /// <param name="column">The column.</param>
    /// <param name="states">[residual path | skip sum] of each grid.</param>
    /// <param name="stateStride">The distance from one grid's state to the next.</param>
    /// <param name="units">Memory for the gate's output, [B, C in whole vectors].</param>
    /// <param name="batch">B.</param>
    public void TakeColumn(int column, float* states, int stateStride, float* units, int batch)
    {
        float* window = _columns.Start + column * batch * _width, sums = _sums.Start + column * batch * _sumStride;
        float* here = window + (_taps.Length - 1) * batch * _width;
        for (int grid = 0; grid < batch; grid++)
            new Span<float>(states + grid * stateStride, _width).CopyTo(new Span<float>(here + grid * _width, _width));
        for (int tap = 0; tap < _taps.Length; tap++)
            _taps[tap].Accumulate(window + tap * batch * _width, _width, sums, _sumStride, batch);
        for (int grid = 0; grid < batch; grid++)
        {
            float* sum = sums + grid * _sumStride;
            VectorFunctions.GatedUnit(sum, sum + _width, units + grid * _width, _width);
            if (_residualBias is not null)
                VectorFunctions.Add(_residualBias.Start, states + grid * stateStride, _width);
        }
        _pass.Accumulate(units, _width, states + (_residualBias is null ? _width : 0), stateStride, batch);
        GC.KeepAlive(this);
    }

    /// <summary>The number of a sum without the zeros that fill up each half, or −1 for one of those.</summary>
    int Unpadded(int padded) => padded % _width >= _channels ? -1 : padded < _width ? padded : _channels + padded - _width;
}

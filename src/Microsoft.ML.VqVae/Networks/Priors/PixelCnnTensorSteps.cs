using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Steps of a PixelCNN with tensors, on any device.</summary>
internal sealed class PixelCnnTensorSteps : PixelCnnSteps
{
    readonly PixelCnnColumnCache[] _layers;
    // The codes of the row so far, embedded, [B, 1, W, C]: what the vertical stack gets for the next row; and each column of it, [B, C].
    readonly Tensor _row;
    readonly Tensor[] _columns;
    // The horizontal stack beside the sum of the skip connections, [B, C + S]; its two parts; what the latter starts from.
    readonly Tensor _state;
    readonly Tensor _stack;
    readonly Tensor _skips;
    readonly Tensor _firstSkips;
    // Hidden sums of a position's codes, [B, G·S], and those of each code.
    readonly Tensor _hidden;
    readonly Tensor[] _sums;

    /// <summary>Call it without gradients.</summary>
    public PixelCnnTensorSteps(PixelCnn network, int batch, Tensor? conditions, Tensor? map) : base(network, batch, conditions, map)
    {
        (int channels, int skipChannels) = (Options.Channels, Options.SkipChannelsOrDefault);
        (Device device, ScalarType type) = (network.Device, network.NumberType);
        Tensor Zeros(params long[] shape) => Kept.Keep(zeros(shape, dtype: type, device: device));

        _row = Zeros(batch, 1, Options.Width, channels);
        _columns = Kept.Keep(Options.Width, column => _row.select(2, column).select(1, 0));
        _state = Zeros(batch, channels + skipChannels);
        _stack = Kept.Keep(_state.narrow(1, 0, channels));
        _skips = Kept.Keep(_state.narrow(1, channels, skipChannels));
        _firstSkips = Zeros(skipChannels);
        _hidden = Zeros(batch, Options.CodesPerPosition * skipChannels);
        _sums = Kept.Keep(Options.CodesPerPosition, each => _hidden.narrow(1, each * skipChannels, skipChannels));

        // Biases of skip channels are where the sum starts; those of residual channels are added where they are used.
        Tensor missing = zeros(channels, dtype: type, device: device);
        _layers = new PixelCnnColumnCache[Options.Layers];
        for (int number = 0; number < _layers.Length; number++)
        {
            PixelCnnLayer layer = network.Layers[number];
            _layers[number] = new PixelCnnColumnCache(layer, batch, Options.Width, missing, Kept);
            _firstSkips.Add_(layer.Output.bias!.narrow(0, layer.IsLast ? 0 : channels, skipChannels));
            if (!layer.IsLast)
                missing = missing.Add(layer.Output.bias!.narrow(0, 0, channels));
        }
    }

    protected override Tensor Row() => _row;

    protected override void TakeRow(int layer, Tensor sums) => _layers[layer].TakeRow(sums);

    protected override void RunColumn(int column)
    {
        // The first layer must not see the code that is to be predicted: it gets the one to the left.
        _ = column == 0 ? _stack.zero_() : _stack.copy_(_columns[column - 1]);
        _skips.copy_(_firstSkips);
        for (int number = 0; number < _layers.Length; number++)
            _layers[number].TakeColumn(column, _stack, number < _layers.Length - 1 ? _state : _skips);
        _hidden.copy_(Network.Head.Hidden(_skips));
    }

    protected override Tensor Logits(int place) => Network.Head.Logits(place, _sums[place]);

    protected override void Take(Tensor codes, int column, int place)
    {
        Tensor embedded = Network.Embed(place, codes);
        _ = place == 0 ? _columns[column].copy_(embedded) : _columns[column].Add_(embedded);
        if (place + 1 == Options.CodesPerPosition)
            return;
        Tensor added = Network.Head.Earlier(place, codes);
        foreach (Tensor later in _sums.AsSpan(place + 1))
            later.Add_(added);
    }
}

/// <summary>The horizontal stack of a layer while a grid is processed code by code.</summary>
/// <remarks>
/// A position costs five operators, all in place on views made beforehand: everything that does not depend on the columns to the left
/// (biases, conditions, the vertical stack) is summed up for a whole row. And since tanh(x) = 1 − 2·σ(−2x), one operator does for both
/// halves of a gate, and one that CPUs are faster with than with tanh (measured: 1.3 against 4.6 ns per number); the factor of −2 is
/// put on the weights once.
/// </remarks>
internal sealed class PixelCnnColumnCache
{
    // −2 for the channels under the tanh, 1 for those under the logistic function; [2C].
    readonly Tensor _factors;
    // Sums before the gate, [W, B, 2C]; of each column the sums and their two halves.
    readonly Tensor _sums;
    readonly Tensor[] _sum;
    readonly Tensor[] _tanh;
    readonly Tensor[] _logistic;
    // The row of the horizontal stack, [B, Reach + W, C], seen as each column with those to its left, and as each column alone.
    readonly Tensor[] _withLeft;
    readonly Tensor[] _column;
    readonly Tensor _input;
    readonly Tensor _missingSums;
    readonly Tensor _output;

    /// <param name="layer">The layer.</param>
    /// <param name="batch">B.</param>
    /// <param name="width">W.</param>
    /// <param name="missing">The biases of residual channels of the layers before, [C], which the horizontal stack comes without: adding
    /// them here, where they are constants, saves an operator a position.</param>
    /// <param name="kept">The owner of the kept tensors.</param>
    public PixelCnnColumnCache(PixelCnnLayer layer, int batch, int width, Tensor missing, KeptTensors kept)
    {
        (int channels, int reach, Device device, ScalarType type) = (layer.Channels, layer.Reach, missing.device, missing.dtype);
        Tensor Zeros(params long[] shape) => kept.Keep(zeros(shape, dtype: type, device: device));

        _factors = kept.Keep(ones(2 * channels, dtype: type, device: device));
        _factors.narrow(0, 0, channels).Fill_(-2);
        _sums = Zeros(width, batch, 2 * channels);
        _sum = kept.Keep(width, at => _sums.select(0, at));
        _tanh = kept.Keep(width, at => _sum[at].narrow(1, 0, channels));
        _logistic = kept.Keep(width, at => _sum[at].narrow(1, channels, channels));

        Tensor row = Zeros(batch, reach + width, channels);
        _withLeft = kept.Keep(width, at => row.narrow(1, at, reach + 1).view(batch, (reach + 1L) * channels));
        _column = kept.Keep(width, at => row.select(1, reach + at));
        // Beyond the left edge there is nothing, not even the missing biases.
        row.narrow(1, 0, reach).copy_(missing.neg().view(1, 1, -1));

        Tensor weight = layer.HorizontalWeight;
        _input = kept.Keep(weight.mul(_factors.unsqueeze(1)).t().contiguous());
        _missingSums = kept.Keep(weight.mm(missing.repeat(reach + 1).unsqueeze(1)).squeeze(1));
        _output = kept.Keep(layer.Output.weight.t().contiguous());
    }

    /// <summary>Takes what the vertical stack adds to a row, [B, 1, W, 2C].</summary>
    public void TakeRow(Tensor sums) => _sums.copy_(sums.Add_(_missingSums).mul_(_factors).squeeze(1).permute(1, 0, 2));

    /// <summary>Takes the horizontal stack at a column, [B, C], and adds the layer's output to <paramref name="state"/>, [B, C + S], of
    /// the last layer [B, S].</summary>
    public void TakeColumn(int at, Tensor stack, Tensor state)
    {
        _column[at].copy_(stack);
        _sum[at].addmm_(_withLeft[at], _input).sigmoid_();
        state.addmm_(_logistic[at].Addcmul_(_tanh[at], _logistic[at], -2), _output);
    }
}

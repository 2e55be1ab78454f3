using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A grid of codes processed code by code, after "Fast Generation for Convolutional Autoregressive Models" (Ramachandran et al. 2017, arXiv
/// 1704.06001): the vertical stack advances a row at a time, when the row above is known, the horizontal stack a position at a time, and
/// both keep what later positions need.
/// </summary>
internal sealed class PixelCnnSteps : CodeSteps
{
    readonly PixelCnn network;
    readonly PixelCnnOptions options;
    readonly int batch;
    readonly KeptTensors kept = new();
    readonly PixelCnnLayerCache[] layers;
    // The codes of the row so far, embedded, [B, 1, W, C]: what the vertical stack gets for the next row; and each column of it, [B, C].
    readonly Tensor row;
    readonly Tensor[] columns;
    // The horizontal stack beside the sum of the skip connections, [B, C + S]; its two parts; what the latter starts from.
    readonly Tensor state;
    readonly Tensor stack;
    readonly Tensor skips;
    readonly Tensor firstSkips;
    // Hidden sums of a position's codes, [B, G·S], and those of each code.
    readonly Tensor hidden;
    readonly Tensor[] sums;
    int position;
    int place;
    bool reached;

    /// <summary>Call it without gradients.</summary>
    public PixelCnnSteps(PixelCnn network, int batch, Tensor? conditions, Tensor? map)
    {
        this.network = network;
        this.batch = batch;
        options = network.Options;
        var (channels, skipChannels) = (options.Channels, options.SkipChannelsOrDefault);
        var (device, type) = (network.Device, network.NumberType);
        Tensor Zeros(params long[] shape) => kept.Keep(zeros(shape, dtype: type, device: device));

        row = Zeros(batch, 1, options.Width, channels);
        columns = kept.Keep(options.Width, column => row.select(2, column).select(1, 0));
        state = Zeros(batch, channels + skipChannels);
        stack = kept.Keep(state.narrow(1, 0, channels));
        skips = kept.Keep(state.narrow(1, channels, skipChannels));
        firstSkips = Zeros(skipChannels);
        hidden = Zeros(batch, options.CodesPerPosition * skipChannels);
        sums = kept.Keep(options.CodesPerPosition, each => hidden.narrow(1, each * skipChannels, skipChannels));

        // Biases of skip channels are where the sum starts; those of residual channels are added where they are used.
        var missing = zeros(channels, dtype: type, device: device);
        var positions = PixelCnn.ChannelsInnermost(map);
        layers = new PixelCnnLayerCache[options.Layers];
        for (var number = 0; number < layers.Length; number++)
        {
            var layer = network.Layers[number];
            layers[number] = new PixelCnnLayerCache(
                layer, batch, options.Width, missing, layer.Conditioning(conditions, positions), kept);
            firstSkips.add_(layer.Output.bias!.narrow(0, layer.IsLast ? 0 : channels, skipChannels));
            if (!layer.IsLast)
                missing = missing + layer.Output.bias!.narrow(0, 0, channels);
        }
    }

    public override Tensor NextLogits()
    {
        CheckNotDone();
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        ReachPosition();
        return network.Head.Logits(place, sums[place]).MoveToOuterDisposeScope();
    }

    public override void Accept(Tensor codes)
    {
        TensorChecks.OnePerRow(codes, batch, "Codes", nameof(codes));
        CheckNotDone();
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        ReachPosition();
        var column = columns[position % options.Width];
        var embedded = network.Embed(place, codes);
        _ = place == 0 ? column.copy_(embedded) : column.add_(embedded);
        if (++place < options.CodesPerPosition)
        {
            var added = network.Head.Earlier(place - 1, codes);
            foreach (var later in sums.AsSpan(place))
                later.add_(added);
            return;
        }
        (position, place, reached) = (position + 1, 0, false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            kept.Dispose();
    }

    /// <summary>Runs both stacks up to the present position, once.</summary>
    void ReachPosition()
    {
        if (reached)
            return;
        var column = position % options.Width;
        if (column == 0)
            TakeRow();
        // The first layer must not see the code that is to be predicted: it gets the one to the left.
        _ = column == 0 ? stack.zero_() : stack.copy_(columns[column - 1]);
        skips.copy_(firstSkips);
        for (var number = 0; number < layers.Length; number++)
            layers[number].TakeColumn(column, stack, number < layers.Length - 1 ? state : skips);
        hidden.copy_(network.Head.Hidden(skips));
        reached = true;
    }

    /// <summary>Runs the vertical stack for the present row, which depends on the rows above.</summary>
    void TakeRow()
    {
        using var scope = NewDisposeScope();
        var rows = row;
        foreach (var layer in layers)
            rows = layer.TakeRow(rows, position / options.Width);
    }

    void CheckNotDone()
    {
        if (position == options.Positions)
            throw new InvalidOperationException("All codes of the rows are accepted already.");
    }
}

/// <summary>The state of a layer while a grid is processed code by code, and its work for a row and for a position.</summary>
/// <remarks>
/// A position costs five operators, all in place on views made beforehand: everything that does not depend on the columns to the left
/// (biases, conditions, the vertical stack) is summed up for a whole row. And since tanh(x) = 1 − 2·σ(−2x), one operator does for both
/// halves of a gate, and one that CPUs are faster with than with tanh (measured: 1.3 against 4.6 ns per number); the factor of −2 is
/// put on the weights once.
/// </remarks>
internal sealed class PixelCnnLayerCache
{
    readonly PixelCnnLayer layer;
    readonly Tensor? conditioning;
    // −2 for the channels under the tanh, 1 for those under the logistic function; [2C].
    readonly Tensor factors;
    // The last rows of the vertical stack, [B, Reach + 1, W, C]; in front of the first row are zeros.
    readonly Tensor window;
    // Sums before the gate, [W, B, 2C]; of each column the sums and their two halves.
    readonly Tensor sums;
    readonly Tensor[] sum;
    readonly Tensor[] tanh;
    readonly Tensor[] logistic;
    // The row of the horizontal stack, [B, Reach + W, C], seen as each column with those to its left, and as each column alone.
    readonly Tensor[] withLeft;
    readonly Tensor[] column;
    readonly Tensor input;
    readonly Tensor inputBias;
    readonly Tensor output;

    /// <param name="layer">The layer.</param>
    /// <param name="batch">B.</param>
    /// <param name="width">W.</param>
    /// <param name="missing">The biases of residual channels of the layers before, [C], which the horizontal stack comes without: adding
    /// them here, where they are constants, saves an operator a position.</param>
    /// <param name="conditioning">The result of <see cref="PixelCnnLayer.Conditioning"/>.</param>
    /// <param name="kept">The owner of the kept tensors.</param>
    public PixelCnnLayerCache(PixelCnnLayer layer, int batch, int width, Tensor missing, Tensor? conditioning, KeptTensors kept)
    {
        this.layer = layer;
        this.conditioning = conditioning is null ? null : kept.Keep(conditioning);
        var (channels, reach, device, type) = (layer.Channels, layer.Reach, missing.device, missing.dtype);
        Tensor Zeros(params long[] shape) => kept.Keep(zeros(shape, dtype: type, device: device));

        factors = kept.Keep(ones(2 * channels, dtype: type, device: device));
        factors.narrow(0, 0, channels).fill_(-2);
        window = Zeros(batch, reach + 1, width, channels);
        sums = Zeros(width, batch, 2 * channels);
        sum = kept.Keep(width, at => sums.select(0, at));
        tanh = kept.Keep(width, at => sum[at].narrow(1, 0, channels));
        logistic = kept.Keep(width, at => sum[at].narrow(1, channels, channels));

        var row = Zeros(batch, reach + width, channels);
        withLeft = kept.Keep(width, at => row.narrow(1, at, reach + 1).view(batch, (reach + 1L) * channels));
        column = kept.Keep(width, at => row.select(1, reach + at));
        // Beyond the left edge there is nothing, not even the missing biases.
        row.narrow(1, 0, reach).copy_(missing.mul(-1).view(1, 1, -1));

        var weight = layer.HorizontalWeight;
        input = kept.Keep(weight.mul(factors.unsqueeze(1)).t().contiguous());
        inputBias = kept.Keep(layer.HorizontalBias + weight.mm(missing.repeat(reach + 1).unsqueeze(1)).squeeze(1));
        output = kept.Keep(layer.Output.weight.t().contiguous());
    }

    /// <summary>Takes the next row of the vertical stack, [B, 1, W, C], and returns the input of the next layer.</summary>
    /// <param name="rows">The row.</param>
    /// <param name="number">Which row of the grid it is.</param>
    public Tensor TakeRow(Tensor rows, int number)
    {
        for (var place = 0; place < layer.Reach; place++)
            window.select(1, place).copy_(window.select(1, place + 1));
        window.narrow(1, layer.Reach, 1).copy_(rows);
        var here = conditioning is null || conditioning.shape[1] == 1 ? conditioning : conditioning.narrow(1, number, 1);
        var above = layer.ConvolveRows(window, here);
        var toHorizontal = addmm(inputBias, above.reshape(-1, 2L * layer.Channels), layer.Across.t(), 1, 1).view(above.shape);
        if (here is not null)
            toHorizontal = toHorizontal.add_(layer.OfHorizontal(here));
        sums.copy_(toHorizontal.mul_(factors).squeeze(1).permute(1, 0, 2));
        return PixelCnnLayer.Gate(above);
    }

    /// <summary>Takes the horizontal stack at a column, [B, C], and adds the layer's output to <paramref name="state"/>, [B, C + S], of
    /// the last layer [B, S].</summary>
    public void TakeColumn(int at, Tensor stack, Tensor state)
    {
        column[at].copy_(stack);
        sum[at].addmm_(withLeft[at], input).sigmoid_();
        state.addmm_(logistic[at].addcmul_(tanh[at], logistic[at], -2), output);
    }
}

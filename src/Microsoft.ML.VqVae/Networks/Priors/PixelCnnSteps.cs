using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A grid of codes taken code by code, after "Fast Generation for Convolutional Autoregressive Models" (Ramachandran et al. 2017, arXiv
/// 1704.06001): the vertical stack advances a row at a time, when the row above is known, the horizontal stack a position at a time, and
/// both keep what later positions look back at.
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
        var device = network.parameters().First().device;
        Tensor Zeros(params long[] shape) => kept.Keep(zeros(shape, dtype: ScalarType.Float32, device: device));

        row = Zeros(batch, 1, options.Width, channels);
        columns = kept.Keep(options.Width, column => row.select(2, column).select(1, 0));
        state = Zeros(batch, channels + skipChannels);
        stack = kept.Keep(state.narrow(1, 0, channels));
        skips = kept.Keep(state.narrow(1, channels, skipChannels));
        firstSkips = Zeros(skipChannels);
        hidden = Zeros(batch, options.CodesPerPosition * skipChannels);
        sums = kept.Keep(options.CodesPerPosition, each => hidden.narrow(1, each * skipChannels, skipChannels));

        // Biases of skip channels are where the sum starts; those of residual channels are added where they are used.
        var missing = zeros(channels, dtype: ScalarType.Float32, device: device);
        var positions = PixelCnn.ChannelsInnermost(map);
        layers = new PixelCnnLayerCache[options.Layers];
        for (var number = 0; number < layers.Length; number++)
        {
            var layer = network.Layers[number];
            layers[number] = new PixelCnnLayerCache(
                layer, batch, options.Width, missing, layer.Conditioning(conditions, positions), kept);
            firstSkips.add_(layer.Output.Bias.narrow(0, layer.IsLast ? 0 : channels, skipChannels));
            if (!layer.IsLast)
                missing = missing + layer.Output.Bias.narrow(0, 0, channels);
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
        ArgumentNullException.ThrowIfNull(codes);
        if (codes.dtype != ScalarType.Int64 || codes.Dimensions != 1 || codes.shape[0] != batch)
            throw new ArgumentException($"Codes must be Int64 [{batch}], one a row, but are {codes.dtype} " +
                $"[{string.Join(", ", codes.shape)}].", nameof(codes));
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

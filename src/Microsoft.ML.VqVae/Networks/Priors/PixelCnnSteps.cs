using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A grid of codes processed code by code, after "Fast Generation for Convolutional Autoregressive Models" (Ramachandran et al. 2017, arXiv
/// 1704.06001): the vertical stack advances a row at a time, when the row above is known, the horizontal stack a position at a time, and
/// both keep what later positions need. Derived classes hold the horizontal stack.
/// </summary>
internal abstract class PixelCnnSteps : CheckedSteps
{
    readonly PixelCnnRowCache[] _layers;
    bool _reached;

    private protected PixelCnnSteps(PixelCnn network, int batch, Tensor? conditions, Tensor? map) : base(batch, network.Length!.Value)
    {
        (Network, Options) = (network, network.Options);
        Tensor? positions = PixelCnn.ChannelsInnermost(map);
        _layers = [.. network.Layers.Select(layer =>
            new PixelCnnRowCache(layer, batch, Options.Width, layer.Conditioning(conditions, positions), Kept))];
    }

    protected PixelCnn Network { get; }

    protected PixelCnnOptions Options { get; }

    protected override Tensor ComputeLogits()
    {
        ReachPosition();
        return Logits(Position % Options.CodesPerPosition);
    }

    protected override void Take(Tensor codes)
    {
        ReachPosition();
        (int position, int place) = Math.DivRem(Position, Options.CodesPerPosition);
        Take(codes, position % Options.Width, place);
        _reached = place + 1 < Options.CodesPerPosition;
    }

    /// <summary>The embedded codes of the row that is complete, [B, 1, W, C]; before the first row zeros.</summary>
    protected abstract Tensor Row();

    /// <summary>Takes what a layer's horizontal stack gets from the vertical one for a whole row: [B, 1, W, 2C], conditions and biases
    /// included.</summary>
    protected abstract void TakeRow(int layer, Tensor sums);

    /// <summary>Runs the horizontal stack at a column, whose left neighbor is known.</summary>
    protected abstract void RunColumn(int column);

    /// <summary>The logits of the code in a place of the present position, [B, K].</summary>
    protected abstract Tensor Logits(int place);

    /// <summary>Takes the codes, Int64 [B], of a place of the present position.</summary>
    protected abstract void Take(Tensor codes, int column, int place);

    /// <summary>Runs both stacks up to the present position, once.</summary>
    void ReachPosition()
    {
        if (_reached)
            return;
        (int row, int column) = Math.DivRem(Position / Options.CodesPerPosition, Options.Width);
        if (column == 0)
            RunRow(row);
        RunColumn(column);
        _reached = true;
    }

    /// <summary>Runs the vertical stack for a row, which depends on the rows above.</summary>
    void RunRow(int number)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = Row();
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            (rows, Tensor sums) = _layers[layer].TakeRow(rows, number);
            TakeRow(layer, sums);
        }
    }
}

/// <summary>The vertical stack of a layer while a grid is processed row by row.</summary>
internal sealed class PixelCnnRowCache
{
    readonly PixelCnnLayer _layer;
    readonly Tensor? _conditioning;
    // The last rows of the vertical stack, [B, Reach + 1, W, C]; in front of the first row are zeros.
    readonly Tensor _window;

    /// <param name="layer">The layer.</param>
    /// <param name="batch">B.</param>
    /// <param name="width">W.</param>
    /// <param name="conditioning">The result of <see cref="PixelCnnLayer.Conditioning"/>.</param>
    /// <param name="kept">The owner of the kept tensors.</param>
    public PixelCnnRowCache(PixelCnnLayer layer, int batch, int width, Tensor? conditioning, KeptTensors kept)
    {
        _layer = layer;
        _conditioning = kept.Keep(conditioning);
        _window = kept.Keep(zeros(
            batch, layer.Reach + 1, width, layer.Channels, dtype: layer.HorizontalBias.dtype, device: layer.HorizontalBias.device));
    }

    /// <summary>Takes the next row of the vertical stack, [B, 1, W, C].</summary>
    /// <param name="rows">The row.</param>
    /// <param name="number">The number of the row in the grid.</param>
    /// <returns>The input of the next layer, and the row's part of the horizontal stack's sums, [B, 1, W, 2C].</returns>
    public (Tensor Next, Tensor Sums) TakeRow(Tensor rows, int number)
    {
        for (int place = 0; place < _layer.Reach; place++)
            _window.select(1, place).copy_(_window.select(1, place + 1));
        _window.narrow(1, _layer.Reach, 1).copy_(rows);
        Tensor? here = _conditioning is null || _conditioning.shape[1] == 1 ? _conditioning : _conditioning.narrow(1, number, 1);
        Tensor above = _layer.ConvolveRows(_window, here);
        Tensor sums = above.reshape(-1, 2L * _layer.Channels).Product(_layer.Across.t(), _layer.HorizontalBias).view(above.shape);
        return (PixelCnnLayer.Gate(above), here is null ? sums : sums.Add_(_layer.OfHorizontal(here)));
    }
}

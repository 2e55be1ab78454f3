using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A grid of codes processed code by code, after "Fast Generation for Convolutional Autoregressive Models" (Ramachandran et al. 2017, arXiv
/// 1704.06001): the vertical stack advances a row at a time, when the row above is known, the horizontal stack a position at a time, and
/// both keep what later positions need. Derived classes hold the horizontal stack.
/// </summary>
internal abstract class PixelCnnSteps : CodeSteps
{
    readonly PixelCnnRowCache[] _layers;
    int _position;
    int _place;
    bool _reached;

    private protected PixelCnnSteps(PixelCnn network, int batch, Tensor? conditions, Tensor? map)
    {
        (Network, Options, Batch) = (network, network.Options, batch);
        Tensor? positions = PixelCnn.ChannelsInnermost(map);
        _layers = [.. network.Layers.Select(layer =>
            new PixelCnnRowCache(layer, batch, Options.Width, layer.Conditioning(conditions, positions), Kept))];
    }

    /// <summary>Starts a batch of grids with the weights as they are now; call it without gradients.</summary>
    public static PixelCnnSteps Begin(PixelCnn network, int batch, Tensor? conditions, Tensor? map) =>
        network is { Device.type: DeviceType.CPU, NumberType: ScalarType.Float32 } && batch <= PixelCnnSpanSteps.MaxBatch
            ? new PixelCnnSpanSteps(network, batch, conditions, map)
            : new PixelCnnTensorSteps(network, batch, conditions, map);

    protected PixelCnn Network { get; }

    protected PixelCnnOptions Options { get; }

    protected int Batch { get; }

    /// <summary>The tensors that live as long as the steps.</summary>
    protected KeptTensors Kept { get; } = new();

    public override Tensor NextLogits()
    {
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ReachPosition();
        return Logits(_place).MoveToOuterDisposeScope();
    }

    public override void Accept(Tensor codes)
    {
        TensorChecks.OnePerRow(codes, Batch, "Codes", nameof(codes));
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ReachPosition();
        Take(codes, _position % Options.Width, _place);
        if (++_place == Options.CodesPerPosition)
            (_position, _place, _reached) = (_position + 1, 0, false);
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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Kept.Dispose();
    }

    /// <summary>Runs both stacks up to the present position, once.</summary>
    void ReachPosition()
    {
        if (_reached)
            return;
        (int row, int column) = (_position / Options.Width, _position % Options.Width);
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

    void CheckNotDone()
    {
        if (_position == Options.Positions)
            throw new InvalidOperationException("All codes of the rows are accepted already.");
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
        _conditioning = conditioning is null ? null : kept.Keep(conditioning);
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
        Tensor sums = addmm(_layer.HorizontalBias, above.reshape(-1, 2L * _layer.Channels), _layer.Across.t(), 1, 1).view(above.shape);
        return (PixelCnnLayer.Gate(above), here is null ? sums : sums.Add_(_layer.OfHorizontal(here)));
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>What a layer keeps while a grid is taken code by code, and the work that it does for a row and for a position.</summary>
/// <remarks>
/// A position costs five operators, all in place on views made beforehand: everything that does not depend on the columns to the left
/// (biases, conditions, the vertical stack) is summed up for a whole row. And since tanh(x) = 1 − 2·σ(−2x), one operator does for both
/// halves of a gate, and one that CPUs are faster with than with tanh (1.3 against 4.6 ns a number were measured); the factor of −2 is
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
    /// <param name="conditioning">What <see cref="PixelCnnLayer.Conditioning"/> gave.</param>
    /// <param name="kept">Owns what is kept.</param>
    public PixelCnnLayerCache(PixelCnnLayer layer, int batch, int width, Tensor missing, Tensor? conditioning, KeptTensors kept)
    {
        this.layer = layer;
        this.conditioning = conditioning is null ? null : kept.Keep(conditioning);
        var (channels, reach, device) = (layer.Channels, layer.Reach, missing.device);
        Tensor Zeros(params long[] shape) => kept.Keep(zeros(shape, dtype: ScalarType.Float32, device: device));

        factors = kept.Keep(ones(2 * channels, dtype: ScalarType.Float32, device: device));
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
        output = kept.Keep(layer.Output.Weight.t().contiguous());
    }

    /// <summary>Takes the next row of the vertical stack, [B, 1, W, C], and gives it for the next layer.</summary>
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

using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The vector of a row from the vectors of its positions: means over the cells of a coarse grid, and the maximum.</summary>
internal static class FeaturePooling
{
    /// <summary>Number of cells of a row: P × P in a grid, P in a line or a sequence.</summary>
    public static int Cells(CodeGrid grid, int side) => grid.Height > 1 ? side * side : side;

    /// <summary>The means over the cells and, on request, the maximum over all positions: [B, N, C] → [B, cells (+ 1), C].</summary>
    /// <param name="states">The vectors of the positions.</param>
    /// <param name="grid">The positions of a row.</param>
    /// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
    /// <param name="side">P: cells along each axis, 1 for the mean over all positions.</param>
    /// <param name="maximum">Whether the maximum of each channel follows the means.</param>
    /// <param name="square">Whether a grid of one row has P × P cells too, as the maps of images have, whatever their height.</param>
    public static Tensor Pool(Tensor states, CodeGrid grid, Tensor? lengths, int side, bool maximum, bool square = false)
    {
        using DisposeScope scope = NewDisposeScope();
        (long batch, long count) = (states.shape[0], states.shape[1]);
        Tensor weights = grid.IsSequence ? OfSequences(lengths, batch, count, side) : OfGrid(grid, side, square).expand(batch, -1, -1);
        Tensor means = weights.to(states.device).bmm(states);
        if (!maximum)
            return means.MoveToOuterDisposeScope();
        Tensor real = lengths is null ? states : states.Add(Padding.Real(lengths, count).unsqueeze(2).Sub(1).Mul(1e9));
        return cat([means, real.amax([1], keepdim: true)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for a grid or a line of known size.</summary>
    public static OnnxValue ToOnnx(OnnxValue states, CodeGrid grid, int side, bool maximum, bool square = false)
    {
        using DisposeScope scope = NewDisposeScope();
        OnnxValue means = states.Graph.Constant(OfGrid(grid, side, square)).MatMul(states);
        return maximum ? OnnxValue.Concatenate([means, states.Max(1).Reshape(0, 1, -1)], axis: 1) : means;
    }

    /// <summary>The mean over the real positions, [B, N, C] → [B, C].</summary>
    public static Tensor Mean(Tensor states, Tensor? lengths) => lengths is null ? states.mean([1])
        : (states * Padding.Real(lengths, states.shape[1]).unsqueeze(2)).sum(1) / lengths.unsqueeze(1);

    // [cells, N]
    static Tensor OfGrid(CodeGrid grid, int side, bool square)
    {
        int rowsOfCells = square || grid.Height > 1 ? side : 1;
        float[] weights = new float[rowsOfCells * side * grid.Height * grid.Width];
        for (int cell = 0; cell < rowsOfCells * side; cell++)
        {
            (int top, int bottom) = Bounds(cell / side, rowsOfCells, grid.Height);
            (int left, int right) = Bounds(cell % side, side, grid.Width);
            for (int row = top; row < bottom; row++)
            {
                weights.AsSpan((((cell * grid.Height) + row) * grid.Width) + left, right - left)
                    .Fill(1f / ((bottom - top) * (right - left)));
            }
        }
        return tensor(weights).view(rowsOfCells * side, -1);
    }

    // [B, cells, N]
    static Tensor OfSequences(Tensor? lengths, long batch, long count, int side)
    {
        long[] sizes = lengths?.cpu().data<long>().ToArray() ?? [.. Enumerable.Repeat(count, (int)batch)];
        float[] weights = new float[batch * side * count];
        for (int row = 0; row < batch; row++)
        {
            for (int cell = 0; cell < side; cell++)
            {
                (int start, int end) = Bounds(cell, side, (int)sizes[row]);
                weights.AsSpan(checked((int)((((row * side) + cell) * count) + start)), end - start).Fill(1f / (end - start));
            }
        }
        return tensor(weights).view(batch, side, count);
    }

    // As PyTorch's adaptive average pooling: cells overlap where the size is no multiple, and none is empty.
    static (int Start, int End) Bounds(int cell, int cells, int size) =>
        ((int)((long)cell * size / cells), (int)((((long)(cell + 1) * size) + cells - 1) / cells));
}

using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The positions of a random crop of each row of a batch.</summary>
/// <param name="Positions">Their numbers within the row, Int64 [B, n]; repeated where a row has fewer.</param>
/// <param name="Lengths">The number of positions of each row, Int64 [B]; null where all have n.</param>
internal sealed record CodeView(Tensor Positions, Tensor? Lengths)
{
    /// <summary>Draws a view: a rectangle of a grid, one size for the batch and a place for each row; or a span of a line or a sequence,
    /// one share for the batch.</summary>
    /// <param name="height">Rows of the grid; 1 for a line or a sequence.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <param name="lengths">The lengths of sequences; null where all rows are whole.</param>
    /// <param name="rows">B: number of rows.</param>
    /// <param name="minShare">The minimum share of positions.</param>
    /// <param name="draws">Two random numbers of the batch and two of each row.</param>
    public static CodeView Draw(int height, int width, long[]? lengths, int rows, double minShare, ReadOnlySpan<float> draws)
    {
        double share = minShare + (draws[0] * (1 - minShare));
        // A rectangle may be up to twice as high as wide, or the reverse.
        double aspect = height == 1 ? 1 : Math.Pow(2, draws[1] - 0.5);
        int viewHeight = height == 1 ? 1 : Share(Math.Sqrt(share) * aspect, height);
        int[] widths = [.. Enumerable.Range(0, rows).Select(row => Share(
            height == 1 ? share : Math.Sqrt(share) / aspect, lengths is null ? width : (int)lengths[row]))];
        int viewWidth = widths.Max();
        long[] positions = new long[rows * viewHeight * viewWidth];
        for (int row = 0; row < rows; row++)
        {
            long length = lengths is null ? width : lengths[row];
            int top = (int)(draws[2 + (2 * row)] * (height - viewHeight + 1));
            long left = (long)(draws[3 + (2 * row)] * (length - widths[row] + 1));
            for (int i = 0; i < viewHeight * viewWidth; i++)
                positions[(row * viewHeight * viewWidth) + i] = ((top + (i / viewWidth)) * (long)width) + Math.Min(left + (i % viewWidth), length - 1);
        }
        bool padded = Array.Exists(widths, one => one != viewWidth);
        return new(tensor(positions).view(rows, -1), padded ? tensor(Array.ConvertAll(widths, one => (long)one)) : null);
    }

    /// <summary>The same on another device.</summary>
    public CodeView To(Device device) => new(Positions.to(device), Lengths?.to(device));

    /// <summary>The rows' positions of a tensor [B, N, C] → [B, n, C].</summary>
    public Tensor Of(Tensor values) =>
        values.gather(1, Positions.unsqueeze(2).expand(-1, -1, values.shape[2]));

    static int Share(double share, int size) => Math.Clamp((int)Math.Round(share * size, MidpointRounding.AwayFromZero), 1, size);
}

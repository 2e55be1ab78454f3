using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of a training step, or of held-out examples: its codes, and the features of two views of each row.</summary>
/// <param name="codes">Int64 [B, N, G]; null where no objective needs codes.</param>
/// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
internal abstract class ViewStep(Tensor? codes, Tensor? lengths)
{
    public Tensor Codes => codes!;

    public Tensor? Lengths => lengths;

    /// <summary>The mean features of two views of each row, each [B, C].</summary>
    public (Tensor First, Tensor Second) Views
    {
        get
        {
            if (field.First is null)
                field = RunViews();
            return field;
        }
    }

    protected abstract (Tensor First, Tensor Second) RunViews();
}

/// <summary>A batch of a <see cref="MaskedCodeTransformer"/>.</summary>
/// <param name="network">The network.</param>
/// <param name="codes">Int64 [B, N, G].</param>
/// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
/// <param name="embedded">The inputs of the first layer without positions, [B, N, C].</param>
/// <param name="step">The number of completed steps; null for held-out examples.</param>
internal sealed class FeatureStep(MaskedCodeTransformer network, Tensor codes, Tensor? lengths, Tensor embedded, long? step)
    : ViewStep(codes, lengths)
{
    // The streams of random numbers of masks and of views, in training and for held-out examples. Each row has its own.
    const long MaskStream = 1L << 52, ViewStream = 1L << 53, HeldOut = 1L << 54, RowsOfStep = 1L << 24;

    int Rows => (int)Codes.shape[0];

    // A row of a grid, or of a line or a sequence.
    (int Height, int Width) Size => network.Grid.IsSequence ? (1, (int)Codes.shape[1]) : (network.Grid.Height, network.Grid.Width);

    long[]? RowLengths => field ??= Lengths?.cpu().data<long>().ToArray();

    /// <summary>Masks positions of each row and runs all layers.</summary>
    /// <returns>The outputs of the last layer at the masked positions, [M, C], and the numbers of these positions within the batch, Int64
    /// [M].</returns>
    public (Tensor States, Tensor Positions) RunMasked()
    {
        MaskedCodeTransformerOptions options = network.Options;
        (int height, int width) = Size;
        (int, int) sizes = options.MaskSizes(isGrid: height > 1);
        var positions = new List<long>();
        bool[] masked = new bool[Rows * height * width];
        long firstRow = BatchShare.Current.Place(Rows).First;
        for (int row = 0; row < Rows; row++)
        {
            int length = RowLengths is null ? width : (int)RowLengths[row];
            foreach (int position in BlockMask.Draw(
                height, length, options.MaskShare, sizes, network.Seed, Stream(MaskStream) + firstRow + row))
            {
                long place = ((long)row * height * width) + position;
                positions.Add(place);
                masked[place] = true;
            }
        }
        Device device = Codes.device;
        Tensor numbers = tensor(positions.ToArray()).to(device);
        Tensor inputs = network.Masked(embedded, tensor(masked).view(Rows, -1).to(device));
        Tensor states = network.Run(network.WithPositions(inputs), Lengths, network.Kept(Rows, step, device), options.Layers);
        return (states.reshape(-1, options.Channels).index_select(0, numbers), numbers);
    }

    protected override (Tensor First, Tensor Second) RunViews() => (ViewFeatures(0), ViewFeatures(1));

    Tensor ViewFeatures(int number)
    {
        MaskedCodeTransformerOptions options = network.Options;
        (int height, int width) = Size;
        // Two numbers of the batch, which all shares have, and two of each row.
        (long first, long batch) = BatchShare.Current.Place(Rows);
        float[] draws = new float[2 + (2 * batch)];
        SeededRandom.Uniforms(network.Seed, Stream(ViewStream) + number, draws);
        float[] mine = [.. draws.AsSpan(0, 2), .. draws.AsSpan((int)(2 + (2 * first)), 2 * Rows)];
        CodeView view = CodeView.Draw(height, width, RowLengths, Rows, options.MinViewShare, mine).To(Codes.device);
        // Positions of sequences count from the start of the view: rotary positions are relative.
        Tensor states = network.Run(
            view.Of(network.WithPositions(embedded)), view.Lengths, network.Kept(Rows, step, Codes.device), options.FeatureLayer);
        return FeaturePooling.Mean(states, view.Lengths);
    }

    long Stream(long first) => step is long number ? first + (number * RowsOfStep) : first + HeldOut;
}

/// <summary>Random masks of blocks: rectangles of a grid (BEiT, arXiv 2106.08254), or spans of a line or a sequence (HuBERT, arXiv
/// 2106.07447).</summary>
internal static class BlockMask
{
    // Four numbers for each block: its height and width, its row and column.
    const int DrawsOfBlock = 4, BlocksAtOnce = 16;

    /// <summary>Draws the masked positions of a row, in ascending order: as many as the share says, at least one. Blocks may
    /// reach beyond the edges, so that positions there are masked as often as others; the last block is cut where it would mask
    /// more.</summary>
    /// <param name="height">Rows of the grid; 1 for a line or a sequence.</param>
    /// <param name="width">Columns of the grid, or the length.</param>
    /// <param name="share">The share of positions that are masked.</param>
    /// <param name="sizes">The minimum and the maximum size of a block.</param>
    /// <param name="seed">The seed of all randomness.</param>
    /// <param name="stream">The stream of random numbers; a mask depends on (seed, stream) and the sizes alone.</param>
    public static int[] Draw(int height, int width, double share, (int Min, int Max) sizes, int seed, long stream)
    {
        int positions = height * width;
        int wanted = Math.Clamp((int)Math.Round(share * positions, MidpointRounding.AwayFromZero), 1, positions);
        bool[] masked = new bool[positions];
        float[] draws = [];
        int count = 0;
        for (int block = 0; count < wanted; block++)
        {
            if (block * DrawsOfBlock >= draws.Length)
            {
                // The numbers of a stream are the same however many are asked for. More blocks than these are drawn only where blocks
                // overlap a lot.
                draws = new float[(block + BlocksAtOnce) * DrawsOfBlock];
                SeededRandom.Uniforms(seed, stream, draws);
            }
            ReadOnlySpan<float> draw = draws.AsSpan(block * DrawsOfBlock, DrawsOfBlock);
            int rows = Size(draw[0], height), columns = Size(draw[1], width);
            int top = (int)(draw[2] * (height + rows - 1)) - rows + 1, left = (int)(draw[3] * (width + columns - 1)) - columns + 1;
            for (int i = 0; i < rows * columns && count < wanted; i++)
            {
                (int row, int column) = (top + (i / columns), left + (i % columns));
                if (row < 0 || row >= height || column < 0 || column >= width || masked[(row * width) + column])
                    continue;
                masked[(row * width) + column] = true;
                count++;
            }
        }
        return [.. Enumerable.Range(0, positions).Where(position => masked[position])];

        int Size(float draw, int most) => Math.Min(most, sizes.Min + (int)(draw * (sizes.Max - sizes.Min + 1)));
    }
}

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

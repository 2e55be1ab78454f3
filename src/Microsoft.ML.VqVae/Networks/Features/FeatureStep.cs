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

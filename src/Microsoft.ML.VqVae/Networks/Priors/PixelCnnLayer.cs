using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// One layer of a Gated PixelCNN, figure 2 of arXiv 1606.05328. Instead of multiplying weights by a mask of zeros, windows end where the
/// mask would begin, so that no work is wasted: a row of the vertical stack sees itself and rows above, a column of the horizontal stack
/// itself and columns to the left. Shifting the input of the first layer once hides from both the code that they predict.
/// </summary>
/// <remarks>Activations are [B, H, W, channels], channels innermost: 1×1 convolutions then are matrix products.</remarks>
internal sealed class PixelCnnLayer : nn.Module
{
    readonly Conv2d vertical;
    readonly Parameter across;
    readonly Conv2d horizontal;
    readonly Linear output;
    readonly Parameter? condition;
    readonly Parameter? map;

    /// <param name="options">The settings.</param>
    /// <param name="isLast">Whether no layer follows, so that only the skip connection is of use.</param>
    /// <param name="source">The source of the weights.</param>
    public PixelCnnLayer(PixelCnnOptions options, bool isLast, WeightSource source) : base(nameof(PixelCnnLayer))
    {
        Channels = options.Channels;
        Reach = options.KernelSize / 2;
        IsLast = isLast;
        int skip = options.SkipChannelsOrDefault;
        vertical = source.Convolution2d(Channels, 2 * Channels, (Reach + 1, options.KernelSize), 1, (0, Reach));
        across = source.Draw(2L * Channels, 2L * Channels, 2L * Channels);
        horizontal = source.Convolution2d(Channels, 2 * Channels, (1, Reach + 1), 1, (0, 0));
        output = source.Linear(Channels, isLast ? skip : Channels + skip);
        if (options.Conditions > 0)
            condition = source.Draw(fanIn: 1, options.Conditions, 4L * Channels);
        if (options.MapChannels > 0)
            map = source.Draw(options.MapChannels, 4L * Channels, options.MapChannels);
        RegisterComponents();
    }

    public int Channels { get; }

    /// <summary>Number of rows above its own, and of columns to the left of its own, that the layer sees.</summary>
    public int Reach { get; }

    public bool IsLast { get; }

    /// <summary>From the vertical to the horizontal stack, [2C, 2C].</summary>
    public Parameter Across => across;

    /// <summary>The horizontal convolution as a matrix for columns laid side by side, the leftmost first: [2C, (Reach + 1)·C].</summary>
    public Tensor HorizontalWeight => horizontal.weight.squeeze(2).permute(0, 2, 1).reshape(2L * Channels, (Reach + 1L) * Channels);

    public Tensor HorizontalBias => horizontal.bias!;

    /// <summary>The 1×1 convolution of the horizontal stack's gate; its outputs are C residual channels (none in the last layer), then
    /// the skip channels.</summary>
    public Linear Output => output;

    /// <summary>The part of <see cref="Output"/> for the skip connection: weights [S, C] and biases [S].</summary>
    public (Tensor Weight, Tensor Bias) Skip
    {
        get
        {
            long first = IsLast ? 0 : Channels, count = output.weight.shape[0] - first;
            return (output.weight.narrow(0, first, count), output.bias!.narrow(0, first, count));
        }
    }

    /// <param name="rows">The vertical stack, [B, H, W, C].</param>
    /// <param name="columns">The horizontal stack, [B, H, W, C].</param>
    /// <param name="conditioning">The result of <see cref="Conditioning"/>.</param>
    /// <param name="kept">Dropout's factors, [B, 1, 1, 2C]; or null.</param>
    /// <returns>The same two for the next layer; of the last layer as they were. And the gated unit of the horizontal stack, [B·H·W, C],
    /// from which <see cref="Skip"/> leads to the skip sums.</returns>
    public (Tensor Rows, Tensor Columns, Tensor Unit) Forward(Tensor rows, Tensor columns, Tensor? conditioning, Tensor? kept)
    {
        using DisposeScope scope = NewDisposeScope();
        (long batch, long height, long width) = (columns.shape[0], columns.shape[1], columns.shape[2]);
        Tensor Flat(Tensor grid) => grid.reshape(-1, grid.shape[3]);
        Tensor Grid(Tensor flat) => flat.view(batch, height, width, -1);

        Tensor above = ConvolveRows(functional.pad(rows, [0, 0, 0, 0, Reach, 0]), conditioning);
        // What the horizontal stack sees, side by side, so that one product is enough.
        Tensor seen = cat([.. ColumnsToTheLeft(columns.Operand()), above], 3);
        Tensor here = Grid(Flat(seen).Product(cat([HorizontalWeight, across], 1).t(), HorizontalBias));
        if (conditioning is not null)
            here = here.Add(OfHorizontal(conditioning).As(here));
        Tensor unit = Flat(Gate(here, kept?.narrow(3, Channels, Channels))).MoveToOuterDisposeScope();
        if (IsLast)
            return (rows, columns, unit);
        Tensor residual = unit.Product(output.weight.narrow(0, 0, Channels).t(), output.bias!.narrow(0, 0, Channels)).Single();
        return (Gate(above, kept?.narrow(3, 0, Channels)).MoveToOuterDisposeScope(), Grid(residual).Add(columns).MoveToOuterDisposeScope(), unit);
    }

    /// <summary>The same in an ONNX graph, where channels follow the batch.</summary>
    /// <param name="rows">The vertical stack, [B, C, H, W].</param>
    /// <param name="columns">The horizontal stack, [B, C, H, W].</param>
    /// <param name="skips">The sum of the skip connections so far, [B, S, H, W]; null before the first layer.</param>
    /// <param name="conditions">The classes, Int64 [B]; or null.</param>
    /// <param name="positions">The map, [B, M, h, w]; or null.</param>
    public (OnnxValue Rows, OnnxValue Columns, OnnxValue Skips) ToOnnx(
        OnnxValue rows, OnnxValue columns, OnnxValue? skips, OnnxValue? conditions, OnnxValue? positions)
    {
        OnnxValue Gate(OnnxValue sums) => sums.Narrow(1, 0, Channels).Tanh() * sums.Narrow(1, Channels, Channels).Sigmoid();
        List<OnnxValue> terms = [];
        if (condition is not null)
            terms.Add(conditions!.RowsOf(condition).Reshape(-1, 4L * Channels, 1, 1));
        if (map is not null)
            terms.Add(positions!.Mix(map));
        OnnxValue Conditioned(OnnxValue sums, long part) =>
            terms.Aggregate(sums, (sum, term) => sum + term.Narrow(1, part * 2 * Channels, 2L * Channels));

        OnnxValue above = Conditioned(rows.Through(vertical, Reach, Reach, 0, Reach), 0);
        OnnxValue here = Conditioned(columns.Through(horizontal, 0, Reach, 0, 0) + above.Mix(across), 1);
        OnnxValue outputs = Gate(here).Mix(output.weight!, output.bias);
        OnnxValue Skips(OnnxValue own) => skips is null ? own : own + skips;
        if (IsLast)
            return (rows, columns, Skips(outputs));
        OnnxValue ownSkips = outputs.Narrow(1, Channels, output.weight!.shape[0] - Channels);
        return (Gate(above), columns + outputs.Narrow(1, 0, Channels), Skips(ownSkips));
    }

    /// <summary>The vertical convolution: [B, Reach + h, W, C] → [B, h, W, 2C], before its gate.</summary>
    public Tensor ConvolveRows(Tensor window, Tensor? conditioning)
    {
        Tensor sums = vertical.Apply(window.permute(0, 3, 1, 2)).permute(0, 2, 3, 1);
        return conditioning is null ? sums : sums.Add(conditioning.narrow(3, 0, 2L * Channels).As(sums));
    }

    /// <summary>The part of <see cref="Conditioning"/> that is for the horizontal stack.</summary>
    public Tensor OfHorizontal(Tensor conditioning) => conditioning.narrow(3, 2L * Channels, 2L * Channels);

    /// <summary>The terms that class and map add to the sums before the gates: [B, h, w, 4C], 2C for the vertical stack, 2C for the
    /// horizontal; h and w are 1 where all positions get the same.</summary>
    /// <param name="conditions">Int64 [B], or null.</param>
    /// <param name="positions">The map, channels innermost, [B, h, w, M]; or null.</param>
    public Tensor? Conditioning(Tensor? conditions, Tensor? positions)
    {
        Tensor? ofClass = condition?.index_select(0, conditions!).view(-1, 1, 1, 4L * Channels);
        Tensor? ofMap = map is null ? null : positions!.view(-1, positions.shape[3]).Product(map.t())
            .view(positions.shape[0], positions.shape[1], positions.shape[2], 4L * Channels);
        return ofClass is null ? ofMap : ofMap is null ? ofClass : ofClass.Add(ofMap);
    }

    /// <summary>The gated unit, times dropout's factors where there are any.</summary>
    public static Tensor Gate(Tensor sums, Tensor? kept = null)
    {
        Tensor gate = GatedUnit.Of(sums);
        return kept is null ? gate : gate.mul(kept.As(gate));
    }

    /// <summary>[B, H, W, C] → for each column those to its left, the farthest first, and itself, [B, H, W, C] each.</summary>
    IEnumerable<Tensor> ColumnsToTheLeft(Tensor columns)
    {
        long width = columns.shape[2];
        return Enumerable.Range(0, Reach + 1).Select(place => Math.Min(Reach - place, width))
            .Select(distance => distance == 0 ? columns
                : functional.pad(columns.narrow(2, 0, width - distance), [0, 0, distance, 0]));
    }
}

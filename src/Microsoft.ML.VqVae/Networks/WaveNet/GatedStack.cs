using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A WaveNet (van den Oord et al. 2016, arXiv 1609.03499): the logits of each symbol of a sequence from those before it, through dilated
/// causal gated convolutions, optionally conditioned on a class and on frames of numbers, each for a stretch of the sequence.
/// </summary>
/// <remarks>
/// Weights: <c>embedding</c> [symbols + 1, C], whose last row stands for "before the start"; <c>layers.N.filter</c> and
/// <c>layers.N.gate</c>, see <see cref="CausalConvolution"/>; <c>layers.N.residual.weight</c> [C, C] and <c>.bias</c> (not in the last
/// layer); <c>layers.N.skip</c> [S, C]; <c>skipBias</c> [S]; <c>hidden.weight</c> [S, S] and <c>.bias</c>; <c>output.weight</c>
/// [symbols, S] and <c>.bias</c>.
/// </remarks>
internal sealed class GatedStack : nn.Module
{
    readonly Parameter embedding;
    readonly ModuleList<GatedLayer> layers;
    readonly Parameter skipBias;
    readonly Linear hidden;
    readonly Linear output;

    public GatedStack(GatedStackShape shape, WeightSource source) : base(nameof(GatedStack))
    {
        Shape = shape;
        embedding = source.Draw(1, shape.Symbols + 1L, shape.Channels);
        layers = new ModuleList<GatedLayer>(Enumerable.Range(0, shape.Layers).Select(layer => new GatedLayer(shape, layer, source)).ToArray());
        skipBias = source.Draw(shape.Channels, shape.SkipChannels);
        hidden = source.Linear(shape.SkipChannels, shape.SkipChannels);
        output = source.Linear(shape.SkipChannels, shape.Symbols);
        RegisterComponents();
    }

    public GatedStackShape Shape { get; }

    public Parameter Embedding => embedding;

    public ModuleList<GatedLayer> Layers => layers;

    public Parameter SkipBias => skipBias;

    public Linear Hidden => hidden;

    public Linear Output => output;

    /// <summary>Symbols Int64 [B, T] → logits [B, T, symbols]; those at t depend on the symbols before t.</summary>
    public Tensor Logits(Tensor symbols, StackConditions given)
    {
        using DisposeScope scope = NewDisposeScope();
        (long batch, long length) = (symbols.shape[0], symbols.shape[1]);
        Tensor start = zeros(batch, 1, dtype: ScalarType.Int64, device: symbols.device).Fill_(Shape.Symbols);
        Tensor former = cat([start, symbols.narrow(1, 0, length - 1)], 1).view(-1);
        Tensor x = embedding.index_select(0, former).Operand().view(batch, length, -1);
        var units = new List<Tensor>();
        foreach (GatedLayer layer in layers)
        {
            using DisposeScope ofLayer = NewDisposeScope();
            Tensor unit = layer.Unit(x, given);
            units.Add(unit.MoveToOuterDisposeScope());
            if (layer.Residual is not { } residual)
                continue;
            using Tensor before = x;
            x = residual.Apply(unit).view(x.shape).Add(x).MoveToOuterDisposeScope();
        }
        Tensor logits = LogitsOf(cat(units, 1).Product(SkipWeights(), skipBias)).Single();
        return logits.view(batch, length, -1).MoveToOuterDisposeScope();
    }

    /// <summary>From the units of all layers, side by side, to the skip sum: one product instead of one for each layer. [layers · C, S].</summary>
    public Tensor SkipWeights() => cat([.. layers.Select(layer => layer.Skip)], 1).t();

    /// <summary>Skip sums [N, S] → logits [N, symbols].</summary>
    public Tensor LogitsOf(Tensor skipSums) => output.Apply(hidden.Apply(skipSums.relu()).relu());

    /// <summary>The same in an ONNX graph, without conditions of positions.</summary>
    /// <param name="symbols">Int64 [B, T].</param>
    /// <param name="classes">Int64 [B], or null.</param>
    public OnnxValue ToOnnx(OnnxValue symbols, OnnxValue? classes)
    {
        // The zero that is put before the others becomes the symbol "before the start".
        OnnxValue before = (symbols - Shape.Symbols).Pad(axis: 1, before: 1, after: 0).WithoutLast(axis: 1) + Shape.Symbols;
        OnnxValue x = before.RowsOf(embedding).ChannelsFirst();
        OnnxValue? skipSum = null;
        foreach (GatedLayer layer in layers)
            (x, skipSum) = layer.ToOnnx(x, skipSum, classes);
        return (skipSum!.ChannelsLast() + skipBias).Relu().Through(hidden).Relu().Through(output);
    }
}

/// <summary>The sizes of a <see cref="GatedStack"/>.</summary>
/// <param name="Symbols">The number of different symbols, and so of logits per position.</param>
/// <param name="Classes">The number of classes that a sequence can be conditioned on as a whole; 0 for none.</param>
/// <param name="ConditioningChannels">Channels of the condition of each position; 0 for none.</param>
/// <param name="Blocks">The number of repetitions of the dilations 1, 2, 4, ….</param>
/// <param name="LayersPerBlock">Layers of a block; the dilation doubles from one to the next.</param>
/// <param name="KernelSize">Taps of a dilated convolution.</param>
/// <param name="Channels">Channels of the residual path and of the gates.</param>
/// <param name="SkipChannels">Channels of the sum over all layers, and of the layer after it.</param>
internal sealed record GatedStackShape(
    int Symbols, int Classes, int ConditioningChannels, int Blocks, int LayersPerBlock, int KernelSize, int Channels, int SkipChannels)
{
    public int Layers => Blocks * LayersPerBlock;

    public int Dilation(int layer) => 1 << (layer % LayersPerBlock);

    /// <summary>The number of earlier symbols that the logits of a position depend on: the last one, and those before it within reach of
    /// the taps.</summary>
    public int ReceptiveField => 1 + Blocks * (KernelSize - 1) * ((1 << LayersPerBlock) - 1);

    /// <summary>Checks the settings that the options of a decoder and of a prior have in common, under their names.</summary>
    public static void Describe(
        OptionProblems problems, int blocks, int layersPerBlock, int kernelSize, int channels, int skipChannels)
    {
        problems.Require(blocks is >= 1 and <= 64, "Blocks", "from 1 to 64", blocks);
        problems.Require(layersPerBlock is >= 1 and <= 16, "LayersPerBlock", "from 1 to 16", layersPerBlock);
        problems.Require(kernelSize is 2 or 3, "KernelSize", "2 or 3", kernelSize);
        problems.AtLeast("Channels", channels, 1);
        problems.AtLeast("SkipChannels", skipChannels, 1);
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A WaveNet (van den Oord et al. 2016, arXiv 1609.03499) over sequences of codes of any length, conditioned on a class such as the speaker
/// or on nothing: the prior of section 4.3 of the paper (arXiv 1711.00937).
/// </summary>
/// <remarks>
/// Names in <c>state_dict</c>: <c>stack.embedding</c> [K + 1, C], whose last row stands for "before the start";
/// <c>stack.layers.N.filter</c>
/// and <c>stack.layers.N.gate</c>, each with <c>.weight</c> [C, C, taps], <c>.bias</c> and, with conditions, <c>.classes</c> [conditions,
/// C];
/// <c>stack.layers.N.residual.weight</c>, <c>.bias</c> (not in the last layer); <c>stack.layers.N.skip</c>; <c>stack.skipBias</c>;
/// <c>stack.hidden.weight</c>, <c>.bias</c>; <c>stack.output.weight</c>, <c>.bias</c>.
/// </remarks>
public sealed class WaveNetPrior : CodePrior
{
    readonly WaveNetPriorOptions options;
    readonly GatedStack stack;

    /// <summary>Creates a prior with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">The seed of the weights; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options are invalid; the message lists all problems.</exception>
    public WaveNetPrior(WaveNetPriorOptions options, int seed) : base(nameof(WaveNetPrior))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        using (var source = new WeightSource(seed))
            stack = new GatedStack(options.Shape, source);
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public WaveNetPriorOptions Options => options.Copy();

    /// <inheritdoc/>
    public override int Codes => options.Codes;

    /// <inheritdoc/>
    public override int Conditions => options.Conditions;

    /// <summary>Number of preceding codes that the distribution of a code depends on.</summary>
    public int ReceptiveField => stack.Shape.ReceptiveField;

    /// <inheritdoc/>
    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map) =>
        stack.Logits(codes, new StackConditions(conditions, null));

    internal override OnnxValue LogitsToOnnx(OnnxValue codes, OnnxValue? conditions, OnnxValue? map = null) =>
        stack.ToOnnx(codes, conditions);

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        Device.type == DeviceType.CPU && NumberType == ScalarType.Float32 && batch <= SpanSteps.MaxBatch
            ? new SpanSteps(new PackedStack(stack), batch, length, new StackConditions(conditions, null))
            : new TensorSteps(stack, batch, length, new StackConditions(conditions, null));
}

/// <summary>The settings of a <see cref="WaveNetPrior"/>.</summary>
public sealed class WaveNetPriorOptions : CodePriorOptions
{
    /// <summary>K: number of codes to choose from.</summary>
    /// <value>At least 2; 0, the default, to take it from the column.</value>
    public int Codes { get; set; }

    /// <summary>Number of classes, such as speakers, that the codes are conditioned on.</summary>
    /// <value>Zero or more; 0, the default, for codes without conditions or to take the number from the column.</value>
    public int Conditions { get; set; }

    /// <summary>Number of times that the dilations 1, 2, 4, … are repeated.</summary>
    /// <value>From 1 to 64. The default is 1.</value>
    public int Blocks { get; set; } = 1;

    /// <summary>Number of layers in a block: the dilations are 1, 2, 4, …, 2 to the power of this minus 1.</summary>
    /// <value>From 1 to 16. The default is 6: a block sees 64 codes.</value>
    public int LayersPerBlock { get; set; } = 6;

    /// <summary>Taps of the dilated convolutions.</summary>
    /// <value>2, the default, or 3.</value>
    public int KernelSize { get; set; } = 2;

    /// <summary>Channels of the residual path and of the gates.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>Channels of the sum over all layers, from which the logits are computed.</summary>
    /// <value>At least 1. The default is 128.</value>
    public int SkipChannels { get; set; } = 128;

    /// <summary>Creates the default settings: a small network, for a CPU or for few sequences to learn from.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static WaveNetPriorOptions Fast() => new();

    /// <summary>Creates the settings of a large network for a GPU, with twice the default's layers and channels. Its two blocks see 127
    /// codes, five seconds at 25 codes per second.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static WaveNetPriorOptions Large() => new() { Blocks = 2, Channels = 128, SkipChannels = 256 };

    /// <inheritdoc/>
    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new WaveNetPrior(For(grid, conditions), seed);

    /// <summary>The settings for the codes of a grid, in a line.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The settings and the grid contradict each other.</exception>
    internal WaveNetPriorOptions For(CodeGrid grid, int conditions)
    {
        ArgumentNullException.ThrowIfNull(grid);
        var problems = new OptionProblems(Heading);
        problems.Require(Codes == 0 || Codes == grid.Codes, nameof(Codes), $"{grid.Codes}, as in the data, or 0", Codes);
        problems.Require(
            Conditions == 0 || Conditions == conditions, nameof(Conditions), $"{conditions}, as in the data, or 0", Conditions);
        problems.ThrowIfAny();
        WaveNetPriorOptions copy = Copy();
        (copy.Codes, copy.Conditions) = (grid.Codes, conditions);
        return copy;
    }

    private protected override string Heading => "The WaveNet prior's options cannot be used";

    internal override void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Codes), Codes, 2);
        problems.AtLeast(nameof(Conditions), Conditions, 0);
        GatedStackShape.Describe(problems, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);
    }

    internal GatedStackShape Shape => new(Codes, Conditions, 0, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);

    /// <summary>A copy in which the number of codes is valid if it is still to be taken from a column, to check all other
    /// settings.</summary>
    internal WaveNetPriorOptions WithOpenSizes()
    {
        WaveNetPriorOptions copy = Copy();
        copy.Codes = Codes == 0 ? 2 : Codes;
        return copy;
    }

    internal WaveNetPriorOptions Copy() => (WaveNetPriorOptions)MemberwiseClone();
}

using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A WaveNet (van den Oord et al. 2016, arXiv 1609.03499) over sequences of codes of any length, conditioned on a class such as the speaker
/// or on nothing: the prior of section 4.3 of the paper (arXiv 1711.00937).
/// </summary>
/// <remarks>
/// Names in <c>state_dict</c>: <c>stack.embedding</c> [K + 1, C], whose last row stands for "before the start"; <c>stack.layers.N.filter</c>
/// and <c>stack.layers.N.gate</c>, each with <c>.weight</c> [C, C, taps], <c>.bias</c> and, with conditions, <c>.classes</c> [conditions, C];
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
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
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

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        new Steps(StackSteps.Begin(stack, batch, length, new StackConditions(conditions, null)));

    sealed class Steps(StackSteps steps) : CodeSteps
    {
        public override Tensor NextLogits() => steps.NextLogits();

        public override void Accept(Tensor codes) => steps.Accept(codes);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                steps.Dispose();
        }
    }
}

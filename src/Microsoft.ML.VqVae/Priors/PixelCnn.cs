using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Priors;

/// <summary>A Gated PixelCNN (van den Oord et al. 2016, arXiv 1606.05328) over grids of codes.</summary>
public sealed class PixelCnn : CodePrior
{
    readonly PixelCnnOptions options;

    /// <summary>Makes a network with fresh weights.</summary>
    /// <param name="options">The settings, the grid included; copied.</param>
    /// <param name="seed">What weights and dropout are drawn from; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public PixelCnn(PixelCnnOptions options, int seed) : base(nameof(PixelCnn))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        _ = seed;
    }

    /// <summary>A copy of the settings.</summary>
    public PixelCnnOptions Options => options.Copy();

    /// <inheritdoc/>
    public override int Codes => options.Codes;

    /// <inheritdoc/>
    public override int Conditions => options.Conditions;

    /// <inheritdoc/>
    public override int? Length => options.Positions * options.CodesPerPosition;

    /// <inheritdoc/>
    public override int MapChannels => options.MapChannels;

    /// <inheritdoc/>
    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map) => throw new NotImplementedException();

    /// <inheritdoc/>
    protected override CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) => throw new NotImplementedException();
}

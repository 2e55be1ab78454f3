namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="ResidualVectorQuantizer"/> ("SoundStream", Zeghidour et al. 2021, arXiv 2107.03312).</summary>
public sealed class ResidualVectorQuantizerOptions : QuantizerOptions
{
    /// <summary>The codebook of each stage: size, dimensions and learning. Its <see cref="VectorQuantizerOptions.CodesPerPosition"/> must be
    /// 1; its <see cref="VectorQuantizerOptions.UnquantizedSteps"/> hold for all stages together.</summary>
    /// <value>The default has the defaults of <see cref="VectorQuantizerOptions"/>: 512 codes, learned by moving averages.</value>
    public VectorQuantizerOptions Stage { get; set; } = new();

    /// <summary>G: the number of stages, and of codes at each position.</summary>
    /// <value>At least 1. The default is 4.</value>
    public override int CodesPerPosition { get; set; } = 4;

    /// <summary>The share of training examples that use a random number of stages, from 1 to all (quantizer dropout, section III.C of arXiv
    /// 2107.03312), so that the first codes of a position alone decode well.</summary>
    /// <value>From 0, the default, to 1.</value>
    public double Dropout { get; set; }

    /// <inheritdoc/>
    public override int CodebookSize => Stage.Codes;

    /// <inheritdoc/>
    public override int Channels => Stage.Dimensions;

    /// <inheritdoc/>
    public override Quantizer CreateQuantizer(int seed) => new ResidualVectorQuantizer(this, seed);

    /// <inheritdoc/>
    public override ResidualVectorQuantizerOptions Copy() =>
        new() { Stage = Stage.Copy(), CodesPerPosition = CodesPerPosition, Dropout = Dropout };

    /// <inheritdoc/>
    public override void Validate() => OptionProblems.Check("The residual vector quantizer's options cannot be used", Describe);

    internal override int? SetUnquantizedSteps => Stage?.SetUnquantizedSteps;

    internal override void Describe(OptionProblems problems)
    {
        problems.Require(Stage is not null, nameof(Stage), "set", Stage);
        Stage?.Describe(problems);
        problems.Require(Stage is null or { CodesPerPosition: 1 }, "Stage.CodesPerPosition", "1", Stage?.CodesPerPosition);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.Require(Dropout is >= 0 and <= 1, nameof(Dropout), "from 0 to 1", Dropout);
    }
}

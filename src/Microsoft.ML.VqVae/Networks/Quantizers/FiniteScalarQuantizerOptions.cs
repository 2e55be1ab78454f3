namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of a <see cref="FiniteScalarQuantizer"/> ("Finite Scalar Quantization: VQ-VAE Made Simple", Mentzer et al. 2023, arXiv
/// 2309.15505). There is no codebook to learn, and there are no quantizer losses.
/// </summary>
public sealed class FiniteScalarQuantizerOptions : QuantizerOptions
{
    /// <summary>The number of values that each dimension of a code can have. A codebook has their product of codes.</summary>
    /// <value>At least one number, each 2 or more, with a product of at most 16777216; the paper recommends 5 or more. The default is 8, 8, 8,
    /// about 512 codes as in table 1 of the paper.</value>
    public IReadOnlyList<int> Levels { get; set; } = [8, 8, 8];

    // No weight bounds the codebook, but each code has a name in the annotations of columns.
    const int MaxCodes = 1 << 24;

    /// <inheritdoc/>
    /// <value>At least 1. The default is 1.</value>
    public override int CodesPerPosition { get; set; } = 1;

    /// <summary>K: the product of <see cref="Levels"/>.</summary>
    public override int CodebookSize => Levels.Aggregate(1, (product, levels) => checked(product * levels));

    /// <summary>The number of channels of encodings: one for each of <see cref="Levels"/> and of the codes at a position.</summary>
    public override int Channels => checked(Levels.Count * CodesPerPosition);

    /// <inheritdoc/>
    public override Quantizer CreateQuantizer(int seed) => new FiniteScalarQuantizer(this);

    /// <inheritdoc/>
    public override FiniteScalarQuantizerOptions Copy() => new() { Levels = [.. Levels], CodesPerPosition = CodesPerPosition };

    /// <inheritdoc/>
    public override void Validate() => OptionProblems.Check("The finite scalar quantizer's options cannot be used", Describe);

    internal override void Describe(OptionProblems problems)
    {
        string found = Levels is null ? "null" : $"[{string.Join(", ", Levels)}]";
        bool valid = Levels is { Count: > 0 } && Levels.All(levels => levels >= 2);
        problems.Require(valid, nameof(Levels), "one number or more, each 2 or more", found);
        if (valid)
        {
            double product = Levels!.Aggregate(1.0, (product, levels) => product * levels);
            problems.Require(product <= MaxCodes, nameof(Levels), $"numbers whose product is at most {MaxCodes}", found);
        }
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
    }
}

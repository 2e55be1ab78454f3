namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>One layer of a network by its shapes, and the work of its forward pass.</summary>
/// <param name="Kind">Which operator it is.</param>
/// <param name="Input">The shape of the input.</param>
/// <param name="Weight">The shape of the weight.</param>
/// <param name="Stride">Strides of a convolution.</param>
/// <param name="Padding">Padding of a convolution.</param>
/// <param name="Dilation">Dilation of a convolution.</param>
/// <param name="Positions">How many times each weight is multiplied: positions over the whole batch.</param>
public sealed record LayerWork(
    LayerKind Kind, IReadOnlyList<long> Input, IReadOnlyList<long> Weight, IReadOnlyList<long> Stride, IReadOnlyList<long> Padding,
    IReadOnlyList<long> Dilation, long Positions)
{
    /// <summary>Floating-point operations of the forward pass: a multiplication and an addition for each weight and position.</summary>
    public double Operations => 2.0 * Positions * Weight.Aggregate(1L, (product, length) => product * length);

    /// <summary>Floating-point operations of a training step: the backward pass takes twice the forward pass. The nearest code has
    /// none.</summary>
    public double TrainingOperations => Kind == LayerKind.NearestCode ? Operations : 3 * Operations;

    /// <summary>Rows, inner length and columns of the matrix product with as many operations.</summary>
    public (long Rows, long Inner, long Columns) Product => Kind == LayerKind.TransposedConvolution
        ? (Positions, Weight[0], Weight.Skip(1).Aggregate(1L, (product, length) => product * length))
        : (Positions, Weight.Skip(1).Aggregate(1L, (product, length) => product * length), Weight[0]);

    /// <summary>The shapes as text, which tells one layer from another.</summary>
    public override string ToString()
    {
        string window = string.Join("×", Weight.Skip(2)), input = string.Join("×", Input.Skip(2).Prepend(Input[0]));
        string steps = Step("stride", Stride) + Step("dilation", Dilation);
        return Kind switch
        {
            LayerKind.NearestCode => $"mm {Product.Rows}×{Product.Inner}×{Product.Columns}",
            LayerKind.TransposedConvolution => $"transposed {window} {Weight[0]}→{Weight[1]} of {input}{steps}",
            LayerKind.Convolution1d => $"{window}-tap {Weight[1]}→{Weight[0]} of {input}{steps}",
            _ => $"{window} {Weight[1]}→{Weight[0]} of {input}{steps}",
        };

        static string Step(string name, IReadOnlyList<long> values) => values.Any(value => value > 1) ? $" {name} {values[^1]}" : "";
    }
}

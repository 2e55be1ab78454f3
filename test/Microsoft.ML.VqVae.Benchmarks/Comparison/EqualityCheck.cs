using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>The check that two implementations of a model compute the same.</summary>
internal static class EqualityCheck
{
    /// <summary>How far losses may differ, relative to the library's, and scores of codes, relative to the range of scores of their
    /// position.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Requires the same loss and the same codes. Codes may differ where the plain network's scores of the two are as good as
    /// equal: rounding then decides.</summary>
    /// <exception cref="InvalidOperationException">Loss or codes differ; the message names model and variant.</exception>
    public static void Require(string model, string variant, ModelOutputs library, ModelOutputs plain)
    {
        double difference = Math.Abs(plain.Loss - library.Loss) / Math.Abs(library.Loss);
        // Written so that a loss that is not a number fails.
        if (!(difference <= Tolerance))
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"{model}: the loss of the first batch is {library.Loss:R} in the library and {plain.Loss:R} in the {variant} network with "
                + $"the same weights; they may differ by {Tolerance} of the library's. The two are not the same model."));
        }
        if (!library.Codes.shape.AsSpan().SequenceEqual(plain.Codes.shape))
        {
            throw new InvalidOperationException(
                $"{model}: the library gives {library.Codes.numel()} codes for the first batch and the {variant} network "
                + $"{plain.Codes.numel()}.");
        }
        long differing = Differing(library.Codes, plain.Codes, plain.Scores!);
        if (differing > 0)
        {
            throw new InvalidOperationException(
                $"{model}: {differing} of {library.Codes.numel()} codes of the first batch differ between the library and the {variant} "
                + "network with the same weights, by more than rounding. The two are not the same model.");
        }
    }

    static long Differing(Tensor library, Tensor plain, Tensor scores)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor range = scores.max(1).values - scores.min(1).values;
        Tensor gap = (ScoresOf(plain) - ScoresOf(library)).abs();
        return library.ne(plain).logical_and(gap.gt(range * Tolerance)).sum().item<long>();

        Tensor ScoresOf(Tensor codes) => scores.gather(1, codes.unsqueeze(1)).squeeze(1);
    }
}

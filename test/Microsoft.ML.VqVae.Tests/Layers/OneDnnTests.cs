using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Matrix products of oneDNN, called directly, against those of libtorch in Double.</summary>
[TestClass]
public sealed class OneDnnTests
{
    [TestInitialize]
    public void RequireFunctions()
    {
        if (!OneDnn.HasProducts)
            Assert.Inconclusive("The processor has no AVX-512, or ONEDNN_MAX_CPU_ISA forbids it, or libtorch lacks the functions.");
    }

    [TestMethod]
    [DataRow(ScalarType.Float32, 1, 1, 1)]
    [DataRow(ScalarType.Float32, 3136, 576, 64)]
    [DataRow(ScalarType.Float32, 65, 33, 17)]
    [DataRow(ScalarType.Float32, 7, 5000, 3)]
    [DataRow(ScalarType.BFloat16, 1, 1, 1)]
    [DataRow(ScalarType.BFloat16, 3136, 576, 64)]
    [DataRow(ScalarType.BFloat16, 65, 33, 17)]
    [DataRow(ScalarType.BFloat16, 7, 5000, 3)]
    public void Products_are_those_of_Double(ScalarType type, int rows, int inner, int columns)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        foreach ((bool turnsLeft, bool turnsRight, bool adds) in Choices())
        {
            Tensor left = Matrix(rows, inner, turnsLeft), right = Matrix(inner, columns, turnsRight), result = Matrix(rows, columns, false);
            Tensor expected = left.to(float64).mm(right.to(float64));
            if (adds)
                expected += result.to(float64);
            // Rounding of the result, and of the sums within it.
            Tensor sums = left.to(float64).abs().mm(right.to(float64).abs());
            Tensor allowed = (expected.abs() * (type == ScalarType.BFloat16 ? 1.0 / 256 : 1e-6)) + (sums * 1e-5) + 1e-6;
            OneDnn.Multiply(left, right, result, adds);
            Assert.IsTrue(
                (result.to(float64) - expected).abs().le(allowed).all().item<bool>(), $"turned: {turnsLeft}, {turnsRight}; added: {adds}");
        }

        // Rows of a larger matrix, so that they do not follow each other in memory.
        Tensor Matrix(int height, int width, bool turned)
        {
            Tensor numbers = randn([turned ? width : height, (turned ? height : width) + 3], generator: generator).to(type);
            numbers = numbers.narrow(1, 0, turned ? height : width);
            return turned ? numbers.t() : numbers;
        }

        static IEnumerable<(bool, bool, bool)> Choices() =>
            from first in new[] { false, true } from second in new[] { false, true } from third in new[] { false, true } select (first, second, third);
    }

    [TestMethod]
    public void Matrices_that_do_not_fit_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => OneDnn.Multiply(zeros(2, 3), zeros(4, 5), zeros(2, 5), adds: false));
        Assert.AreEqual("A product of Float32 [2, 3] and Float32 [4, 5] cannot be Float32 [2, 5].", error.Message);
        Tensor fitting = zeros(3, 5);
        foreach (Tensor other in new[] { zeros(2, 5, 1), zeros(3, 5), zeros([2, 5], ScalarType.BFloat16), zeros(5), zeros(2, 4) })
            Assert.ThrowsExactly<ArgumentException>(() => OneDnn.Multiply(zeros(2, 3), fitting, other, adds: false));
        Assert.ThrowsExactly<ArgumentException>(
            () => OneDnn.Multiply(zeros([2, 3], float64), zeros([3, 5], float64), zeros([2, 5], float64), adds: false));
        Assert.ThrowsExactly<ArgumentException>(() => OneDnn.Multiply(zeros(2, 0), zeros(0, 5), zeros(2, 5), adds: false));
        OneDnn.Multiply(zeros(0, 3), fitting, zeros(0, 5), adds: false);
    }

    [TestMethod]
    public void Gradients_are_not_recorded()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor left = ones(2, 3).requires_grad_(), result = zeros(2, 4);
        OneDnn.Multiply(left, ones(3, 4), result, adds: false);
        Assert.IsFalse(result.requires_grad);
        Assert.AreEqual(24f, result.sum().item<float>());
    }
}

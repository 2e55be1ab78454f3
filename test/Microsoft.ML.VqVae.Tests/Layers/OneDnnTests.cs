using System.Runtime.Intrinsics.X86;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Matrix products of oneDNN, called directly, against those of libtorch in Double.</summary>
[TestClass]
public sealed class OneDnnTests
{
    internal const string Missing = "The processor has no AVX-512, or ONEDNN_MAX_CPU_ISA forbids it.";

    readonly int _threads = get_num_threads();

    [TestCleanup]
    public void Restore() => set_num_threads(_threads);

    [TestMethod]
    public void Libtorch_has_the_functions_on_Linux_and_Windows()
    {
        bool expected = X86Base.X64.IsSupported && (OperatingSystem.IsLinux() || OperatingSystem.IsWindows());
        Assert.AreEqual(expected, OneDnn.HasFunctions);
    }

    [TestMethod]
    [DataRow(ScalarType.Float32, 1, 1, 1)]
    [DataRow(ScalarType.Float32, 784, 576, 64)]
    [DataRow(ScalarType.Float32, 65, 33, 17)]
    [DataRow(ScalarType.Float32, 7, 5000, 3)]
    [DataRow(ScalarType.Float32, 9, 20_000, 5)]
    [DataRow(ScalarType.Float32, 1, 4096, 40)]
    [DataRow(ScalarType.Float32, 64, 16_384, 24)]
    [DataRow(ScalarType.BFloat16, 1, 1, 1)]
    [DataRow(ScalarType.BFloat16, 784, 576, 64)]
    [DataRow(ScalarType.BFloat16, 65, 33, 17)]
    [DataRow(ScalarType.BFloat16, 7, 5000, 3)]
    [DataRow(ScalarType.BFloat16, 40, 2048, 1)]
    [DataRow(ScalarType.BFloat16, 1024, 512, 8)]
    [DataRow(ScalarType.BFloat16, 64, 16_384, 24)]
    public void Products_are_those_of_Double(ScalarType type, int rows, int inner, int columns)
    {
        if (!OneDnn.HasProducts)
            Assert.Inconclusive(Missing);
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        foreach (int threads in new[] { 1, 2 })
        {
            set_num_threads(threads);
            Compare(type, rows, inner, columns, generator);
        }
    }

    /// <summary>Sizes at which oneDNN divides its work in other ways.</summary>
    [TestMethod]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.BFloat16)]
    public void Products_of_any_size_are_those_of_Double(ScalarType type)
    {
        if (!OneDnn.HasProducts)
            Assert.Inconclusive(Missing);
        using var generator = new Generator(2);
        var sizes = new Random(3);
        for (int product = 0; product < 30; product++)
        {
            using DisposeScope scope = NewDisposeScope();
            int Size() => (int)Math.Exp(sizes.NextDouble() * Math.Log(600));
            Compare(type, Size(), Size(), Size(), generator);
        }
    }

    static void Compare(ScalarType type, int rows, int inner, int columns, Generator generator)
    {
        foreach ((bool turnsLeft, bool turnsRight, bool adds) in Choices())
        {
            Tensor left = Matrix(rows, inner, turnsLeft), right = Matrix(inner, columns, turnsRight);
            Tensor result = Matrix(rows, columns, false).contiguous();
            Tensor expected = left.to(float64).mm(right.to(float64));
            if (adds)
                expected += result.to(float64);
            // Rounding of the result, and of a sum of a part of the terms within it, which is some four standard deviations at most.
            double digit = type == ScalarType.BFloat16 ? 1.0 / 256 : 1e-6;
            Tensor deviation = left.to(float64).pow(2).mm(right.to(float64).pow(2)).sqrt();
            Tensor allowed = ((expected.abs() + (deviation * 4)) * digit) + 1e-6;
            OneDnn.Multiply(left, right, result, adds);
            Assert.IsTrue(
                (result.to(float64) - expected).abs().le(allowed).all().item<bool>(),
                $"{rows}×{inner}×{columns}, turned: {turnsLeft}, {turnsRight}, added: {adds}, {get_num_threads()} threads");
        }

        // Rows of a larger matrix, so that they do not follow each other in memory.
        Tensor Matrix(int height, int width, bool turned)
        {
            Tensor numbers = randn([turned ? width : height, (turned ? height : width) + 3], generator: generator).to(type);
            numbers = numbers.narrow(1, 0, turned ? height : width);
            return turned ? numbers.t() : numbers;
        }

        static IEnumerable<(bool, bool, bool)> Choices() =>
            from first in new[] { false, true }
            from second in new[] { false, true }
            from third in new[] { false, true }
            select (first, second, third);
    }

    [TestMethod]
    public void Matrices_that_do_not_fit_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => OneDnn.Multiply(zeros(2, 3), zeros(4, 5), zeros(2, 5), adds: false));
        Assert.AreEqual(
            "A product [n, m] · [m, p] → [n, p] is expected, with m above 0 and a contiguous result, in Float32 or BFloat16 on the CPU, but "
            + "found is Float32 [2, 3] on CPU · Float32 [4, 5] on CPU → Float32 [2, 5] on CPU.",
            error.Message);
        Tensor fitting = zeros(3, 5);
        foreach (Tensor other in new[] { zeros(2, 5, 1), zeros(3, 5), zeros([2, 5], ScalarType.BFloat16), zeros(5), zeros(2, 4), zeros(5, 2).t() })
            Assert.ThrowsExactly<ArgumentException>(() => OneDnn.Multiply(zeros(2, 3), fitting, other, adds: false));
        Assert.ThrowsExactly<ArgumentException>(
            () => OneDnn.Multiply(zeros([2, 3], float64), zeros([3, 5], float64), zeros([2, 5], float64), adds: false));
        Assert.ThrowsExactly<ArgumentException>(() => OneDnn.Multiply(zeros(2, 0), zeros(0, 5), zeros(2, 5), adds: false));
        OneDnn.Multiply(zeros(0, 3), fitting, zeros(0, 5), adds: false);
    }

    [TestMethod]
    public void Gradients_are_not_recorded()
    {
        if (!OneDnn.HasProducts)
            Assert.Inconclusive(Missing);
        using DisposeScope scope = NewDisposeScope();
        Tensor left = ones(2, 3).requires_grad_(), result = zeros(2, 4);
        OneDnn.Multiply(left, ones(3, 4), result, adds: false);
        Assert.IsFalse(result.requires_grad);
        Assert.AreEqual(24f, result.sum().item<float>());
    }
}

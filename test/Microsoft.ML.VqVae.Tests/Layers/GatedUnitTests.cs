using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>The gated unit and its gradient beside libtorch's own operators.</summary>
[TestClass]
public class GatedUnitTests
{
    [TestMethod]
    [DataRow(3, 32)]
    [DataRow(70, 128)]
    [DataRow(1031, 96)]
    public void Units_and_gradients_are_those_of_libtorch(int rows, int width)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor sums = randn(rows, width, generator: generator) * 6, ofUnits = randn(rows, width / 2, generator: generator);
        Assert.IsTrue(GatedUnitKernel.Handles(sums));
        (Tensor units, Tensor gradient) = Computed(GatedUnit.Of, sums, ofUnits);
        (Tensor expected, Tensor expectedGradient) = Computed(Plain, sums.to(ScalarType.Float64), ofUnits.to(ScalarType.Float64));
        Near(expected, units, 1e-6);
        Near(expectedGradient, gradient, 1e-6);
        // Without gradients, the same numbers.
        Assert.IsTrue(GatedUnit.Of(sums).equal(units).all().item<bool>());
    }

    [TestMethod]
    public void BFloat16_is_rounded_to_the_nearest()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(6);
        Tensor sums = (randn(65, 64, generator: generator) * 3).to(ScalarType.BFloat16);
        Tensor ofUnits = randn(65, 32, generator: generator).to(ScalarType.BFloat16);
        (Tensor units, Tensor gradient) = Computed(GatedUnit.Of, sums, ofUnits);
        (Tensor expected, Tensor expectedGradient) = Computed(GatedUnit.Of, sums.to(ScalarType.Float32), ofUnits.to(ScalarType.Float32));
        Assert.IsTrue(units.equal(expected.to(ScalarType.BFloat16)).all().item<bool>());
        Assert.IsTrue(gradient.equal(expectedGradient.to(ScalarType.BFloat16)).all().item<bool>());
    }

    [TestMethod]
    public void Large_sums_stay_finite_and_undefined_ones_undefined()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            Tensor sums = tensor(new[] { 1000f, -1000f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0, 1, -1 })
                .repeat(8).view(1, 64).to(type);
            float[] units = [.. GatedUnit.Of(sums).to(ScalarType.Float32).data<float>()];
            float[] expected = [.. Plain(sums.to(ScalarType.Float32)).data<float>()];
            for (int i = 0; i < units.Length; i++)
                Assert.AreEqual(expected[i], units[i], type == ScalarType.Float32 ? 1e-6f : 4e-3f, $"{type}, unit {i}");
        }
    }

    [TestMethod]
    public void Parts_of_other_tensors_and_several_axes_are_read_in_their_order()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor all = randn(5, 7, 3, 128, generator: generator);
        foreach (Tensor sums in new[] { all, all.narrow(3, 32, 64), all.permute(2, 1, 0, 3) })
        {
            long[] shape = [.. sums.shape[..^1], sums.size(-1) / 2];
            // The gradient of an expanded tensor has strides of 0.
            Tensor ofUnits = randn(shape[..^1], generator: generator).unsqueeze(-1).expand(shape);
            (Tensor units, Tensor gradient) = Computed(GatedUnit.Of, sums, ofUnits);
            (Tensor expected, Tensor expectedGradient) = Computed(Plain, sums, ofUnits);
            CollectionAssert.AreEqual(shape, units.shape);
            Near(expected, units, 1e-6);
            Near(expectedGradient, gradient, 1e-6);
        }
    }

    [TestMethod]
    public void Other_sums_are_left_to_libtorch()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Tensor sums in new[] { rand(4, 20), rand(4, 64, dtype: ScalarType.Float64), rand(0, 64) })
        {
            Assert.IsFalse(GatedUnitKernel.Handles(sums));
            Assert.IsTrue(GatedUnit.Of(sums).equal(Plain(sums)).all().item<bool>());
        }
    }

    [TestMethod]
    public void Other_code_can_run_a_graph_backward_twice()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(8);
        Tensor sums = randn(4, 64, generator: generator).requires_grad_(true);
        Tensor total = GatedUnit.Of(sums).sum();
        total.backward(retain_graph: true);
        Tensor once = sums.grad!.clone();
        total.backward();
        Near(once * 2, sums.grad!, 1e-6);
    }

    static Tensor Plain(Tensor sums)
    {
        Tensor[] halves = sums.chunk(2, -1);
        return halves[0].tanh() * halves[1].sigmoid();
    }

    static (Tensor Units, Tensor Gradient) Computed(Func<Tensor, Tensor> unit, Tensor sums, Tensor ofUnits)
    {
        Tensor given = sums.detach().requires_grad_(true);
        Tensor units = unit(given);
        units.backward([ofUnits]);
        return (units.detach(), given.grad!);
    }

    static void Near(Tensor expected, Tensor found, double tolerance)
    {
        double difference = (expected.to(ScalarType.Float64) - found.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.IsLessThan(tolerance, difference);
    }
}

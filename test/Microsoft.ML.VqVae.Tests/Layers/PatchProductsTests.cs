using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Convolutions as products against those of libtorch in Double, which are sums written out.</summary>
[TestClass]
public sealed class PatchProductsTests
{
    readonly bool _convolutions = SlowOperators.Convolutions;
    readonly long _numbers = PatchProducts.MostNumbers;

    [TestCleanup]
    public void Restore() => (SlowOperators.Convolutions, PatchProducts.MostNumbers) = (_convolutions, _numbers);

    [TestMethod]
    [DataRow(3, 1, 1, 1)]
    [DataRow(4, 2, 1, 1)]
    [DataRow(1, 1, 0, 1)]
    [DataRow(1, 2, 0, 1)]
    [DataRow(3, 1, 2, 2)]
    [DataRow(2, 3, 0, 1)]
    // Taps that see nothing but zeros.
    [DataRow(3, 2, 5, 1)]
    [DataRow(2, 1, 6, 7)]
    public void Convolutions_have_the_values_and_gradients_of_libtorch(int kernel, int stride, int padding, int dilation)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor images = randn([3, 5, 8, 6], generator: generator), weights = randn([4, 5, kernel, kernel], generator: generator);
        Tensor bias = randn([4], generator: generator);
        (long[] steps, long[] zeros, long[] taps) = ([stride, stride], [padding, padding], [dilation, dilation]);
        foreach (long numbers in new[] { _numbers, 1 })
        {
            PatchProducts.MostNumbers = numbers;
            Compare([images, weights, bias], given => PatchProducts.Convolve(given[0], given[1], given[2], steps, zeros, taps),
                given => nn.functional.conv2d(given[0], given[1], given[2], steps, zeros, taps));
            Compare([images, weights], given => PatchProducts.Convolve(given[0], given[1], null, steps, zeros, taps),
                given => nn.functional.conv2d(given[0], given[1], null, steps, zeros, taps));
        }
    }

    [TestMethod]
    [DataRow(4, 2, 1)]
    [DataRow(3, 1, 1)]
    [DataRow(2, 3, 0)]
    [DataRow(3, 2, 2)]
    public void Transposed_convolutions_have_the_values_and_gradients_of_libtorch(int kernel, int stride, int padding)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(2);
        Tensor images = randn([3, 5, 4, 7], generator: generator), weights = randn([5, 4, kernel, kernel], generator: generator);
        (long[] steps, long[] zeros) = ([stride, stride], [padding, padding]);
        foreach (long numbers in new[] { _numbers, 1 })
        {
            PatchProducts.MostNumbers = numbers;
            Compare([images, weights], given => PatchProducts.ConvolveTransposed(given[0], given[1], steps, zeros),
                given => nn.functional.conv_transpose2d(given[0], given[1], null, steps, zeros));
        }
    }

    [TestMethod]
    public void Axes_with_other_steps_are_not_confused()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor images = randn([2, 3, 1, 20], generator: generator), weights = randn([4, 3, 1, 3], generator: generator);
        Compare([images, weights], given => PatchProducts.Convolve(given[0], given[1], null, [1, 2], [0, 4], [1, 3]),
            given => nn.functional.conv2d(given[0], given[1], null, [1, 2], [0, 4], [1, 3]));
        Tensor back = randn([3, 4, 1, 4], generator: generator);
        Compare([images, back], given => PatchProducts.ConvolveTransposed(given[0], given[1], [1, 2], [0, 1]),
            given => nn.functional.conv_transpose2d(given[0], given[1], null, [1, 2], [0, 1]));
    }

    [TestMethod]
    public void Results_take_operations_in_place_and_leave_no_tensors()
    {
        using DisposeScope scope = NewDisposeScope();
        SlowOperators.Convolutions = true;
        using Conv2d layer = nn.Conv2d(3, 4, 3);
        using Tensor images = rand(2, 3, 8, 8);
        Assert.AreEqual(0, LiveTensors.Growth(() =>
        {
            using DisposeScope inner = NewDisposeScope();
            layer.Apply(images).relu_().sum().backward();
            layer.weight.grad = null;
            layer.bias!.grad = null;
        }));
        Tensor result = layer.Apply(images);
        Assert.IsTrue(result.permute(0, 2, 3, 1).is_contiguous(), "channels are innermost");
    }

    [TestMethod]
    public void Only_what_requires_gradients_gets_them()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = rand(2, 3, 8, 8), weights = rand(4, 3, 3, 3).requires_grad_();
        PatchProducts.Convolve(images, weights, null, [1, 1], [0, 0], [1, 1]).sum().backward();
        Assert.IsNull(images.grad);
        Assert.IsNotNull(weights.grad);
        using IDisposable without = no_grad();
        Assert.IsFalse(PatchProducts.Convolve(images, weights, null, [1, 1], [0, 0], [1, 1]).requires_grad);
    }

    static void Compare(Tensor[] inputs, Func<Tensor[], Tensor> actual, Func<Tensor[], Tensor> expected)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.clone().requires_grad_())];
        Tensor[] exact = [.. inputs.Select(input => input.to(ScalarType.Float64).requires_grad_())];
        (Tensor result, Tensor reference) = (actual(leaves), expected(exact));
        using var generator = new Generator(4);
        Tensor ofResult = randn(reference.shape, generator: generator);
        result.backward([ofResult]);
        reference.backward([ofResult.to(ScalarType.Float64)]);
        string[] names = ["values", "gradient of the images", "gradient of the kernel", "gradient of the bias"];
        Tensor[] found = [result.detach(), .. leaves.Select(leaf => leaf.grad!)], right = [reference.detach(), .. exact.Select(leaf => leaf.grad!)];
        for (int i = 0; i < found.Length; i++)
            TensorAssert.Close(right[i].to(ScalarType.Float32), found[i], 1e-5 * Math.Max(1, right[i].abs().max().item<double>()), names[i]);
    }
}

using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Convolutions as products against those of libtorch in Double, which are sums written out.</summary>
[TestClass]
public sealed class PatchProductsTests
{
    readonly bool _convolutions = SlowOperators.Convolutions, _products = SlowOperators.Products;
    readonly long _limit = Patches.Limit, _smallest = SlowOperators.Smallest;

    // All at once, some images, some rows with a remainder, and row by row.
    long[] Limits => [_limit, 6000, 900, 1];

    // By MKL, and by oneDNN.
    static bool[] Products => OneDnn.HasProducts ? [false, true] : [false];

    [TestCleanup]
    public void Restore()
    {
        (SlowOperators.Convolutions, SlowOperators.Products) = (_convolutions, _products);
        (SlowOperators.Smallest, Patches.Limit) = (_smallest, _limit);
    }

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
    // Dilated, with strides.
    [DataRow(3, 2, 2, 2)]
    [DataRow(2, 3, 1, 4)]
    // Pixels that no patch sees.
    [DataRow(1, 3, 0, 1)]
    [DataRow(2, 5, 0, 1)]
    public void Convolutions_have_the_values_and_gradients_of_libtorch(int kernel, int stride, int padding, int dilation)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor images = randn([3, 5, 8, 6], generator: generator), weights = randn([4, 5, kernel, kernel], generator: generator);
        Tensor bias = randn([4], generator: generator);
        (long[] steps, long[] zeros, long[] taps) = ([stride, stride], [padding, padding], [dilation, dilation]);
        foreach (long limit in Limits)
        {
            Patches.Limit = limit;
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
        foreach (long limit in Limits)
        {
            Patches.Limit = limit;
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
        Tensor back = randn([3, 4, 1, 4], generator: generator), high = randn([2, 3, 5, 20], generator: generator);
        foreach (long limit in Limits)
        {
            Patches.Limit = limit;
            // Of one row, and of several.
            foreach (Tensor given in new[] { images, high })
            {
                Compare([given, weights], all => PatchProducts.Convolve(all[0], all[1], null, [1, 2], [0, 4], [1, 3]),
                    all => nn.functional.conv2d(all[0], all[1], null, [1, 2], [0, 4], [1, 3]));
                Compare([given, back], all => PatchProducts.ConvolveTransposed(all[0], all[1], [1, 2], [0, 1]),
                    all => nn.functional.conv_transpose2d(all[0], all[1], null, [1, 2], [0, 1]));
                Compare([given, weights], all => PatchProducts.Convolve(all[0], all[1], null, [1, 1], [0, 4], [1, 3]),
                    all => nn.functional.conv2d(all[0], all[1], null, [1, 1], [0, 4], [1, 3]));
                Compare([given, back], all => PatchProducts.ConvolveTransposed(all[0], all[1], [1, 1], [0, 1]),
                    all => nn.functional.conv_transpose2d(all[0], all[1], null, [1, 1], [0, 1]));
            }
        }
    }

    [TestMethod]
    [DataRow(3, 1, 1, 1)]
    [DataRow(4, 2, 1, 1)]
    [DataRow(3, 2, 2, 2)]
    public void Convolutions_in_BFloat16_have_the_values_and_gradients_of_libtorch(int kernel, int stride, int padding, int dilation)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(6);
        Tensor Drawn(params long[] shape) => randn(shape, generator: generator).to(ScalarType.BFloat16);
        Tensor images = Drawn(3, 5, 8, 6), weights = Drawn(4, 5, kernel, kernel), bias = Drawn(4), back = Drawn(5, 4, kernel, kernel);
        (long[] steps, long[] zeros, long[] taps) = ([stride, stride], [padding, padding], [dilation, dilation]);
        foreach (long limit in Limits)
        {
            Patches.Limit = limit;
            Compare([images, weights, bias], given => PatchProducts.Convolve(given[0], given[1], given[2], steps, zeros, taps),
                given => nn.functional.conv2d(given[0], given[1], given[2], steps, zeros, taps));
            Compare([images, back], given => PatchProducts.ConvolveTransposed(given[0], given[1], steps, zeros),
                given => nn.functional.conv_transpose2d(given[0], given[1], null, steps, zeros));
        }
    }

    [TestMethod]
    public void Gradients_of_kernels_do_not_lose_parts_in_BFloat16()
    {
        using DisposeScope scope = NewDisposeScope();
        // A sum of 500 ones, each a part: in BFloat16, it would not get beyond 256.
        Tensor images = ones([500, 1, 1, 2], ScalarType.BFloat16);
        Tensor kernel = ones([1, 1, 1, 2], ScalarType.BFloat16).requires_grad_();
        Patches.Limit = 1;
        PatchProducts.Convolve(images, kernel, null, [1, 1], [0, 0], [1, 1]).sum().backward();
        Assert.AreEqual(1000f, kernel.grad!.sum().to(ScalarType.Float32).item<float>(), 4f);
    }

    [TestMethod]
    public void No_images_give_a_gradient_of_zeros()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor kernel = rand(4, 3, 3, 3).requires_grad_();
        PatchProducts.Convolve(zeros(0, 3, 8, 8), kernel, null, [1, 1], [0, 0], [1, 1]).sum().backward();
        TensorAssert.Same(zeros(4, 3, 3, 3), kernel.grad!, "gradient");
    }

    [TestMethod]
    public void Images_with_channels_innermost_and_parts_of_tensors_are_read_in_place()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor all = randn([4, 3, 6, 6], generator: generator).ChannelsInnermost();
        Tensor weights = randn([4, 3, 3, 3], generator: generator).ChannelsInnermost();
        foreach (long limit in Limits)
        {
            Patches.Limit = limit;
            TensorAssert.Close(
                nn.functional.conv2d(all.narrow(0, 2, 2).to(ScalarType.Float64), weights.to(ScalarType.Float64)).to(ScalarType.Float32),
                PatchProducts.Convolve(all.narrow(0, 2, 2), weights, null, [1, 1], [0, 0], [1, 1]), 1e-5, "part");
        }
    }

    [TestMethod]
    public void A_kernel_larger_than_the_images_is_an_error()
    {
        using DisposeScope scope = NewDisposeScope();
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => PatchProducts.Convolve(zeros(1, 2, 9, 1), zeros(3, 2, 4, 4), null, [2, 2], [1, 1], [1, 1]));
        Assert.AreEqual("The kernel spans 4 pixels, more than the 3 of the padded images.", error.Message);
    }

    [TestMethod]
    public void Results_take_operations_in_place_and_leave_no_tensors()
    {
        using DisposeScope scope = NewDisposeScope();
        (SlowOperators.Convolutions, SlowOperators.Smallest) = (true, 0);
        using Conv2d first = nn.Conv2d(3, 4, 3), second = nn.Conv2d(4, 5, 3), third = nn.Conv2d(5, 2, 3);
        using Tensor images = rand(2, 3, 8, 8);
        (Tensor, Tensor, Tensor) Forward()
        {
            Tensor one = first.Apply(images).relu_(), two = second.Apply(one).relu_();
            return (one, two, third.Apply(two));
        }
        long before = LiveTensors.Count(), within;
        using (DisposeScope inner = NewDisposeScope())
        {
            (Tensor one, Tensor two, Tensor three) = Forward();
            using Tensor sum = three.sum();
            BackwardPass.Run(() => sum.backward());
            within = Tensor.TotalCount;
            Assert.IsTrue(one.permute(0, 2, 3, 1).is_contiguous(), "channels are innermost");
            foreach (Conv2d layer in new[] { first, second, third })
                (layer.weight.grad, layer.bias!.grad) = (null, null);
        }
        Assert.AreEqual(before, LiveTensors.Count());
        using (DisposeScope inner = NewDisposeScope())
        {
            _ = Forward();
            long made = Tensor.TotalCount;
            // The sum, and the gradients that were returned last: of the first layer's kernel and bias.
            Assert.AreEqual(made + 3, within, "tensors that the backward pass has left");
        }
    }

    [TestMethod]
    public void An_exception_in_the_backward_pass_is_thrown_by_it()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = rand(2, 3, 8, 8), weights = rand(4, 3, 3, 3).requires_grad_(), last = rand(2, 4, 3, 3).requires_grad_();
        Tensor loss = PatchProducts.Convolve(
            PatchProducts.Convolve(images, weights, null, [1, 1], [0, 0], [1, 1]), last, null, [1, 1], [0, 0], [1, 1]).sum();
        using (no_grad())
            last.zero_();
        ExternalException error = Assert.ThrowsExactly<ExternalException>(() =>
        {
            BackwardPass.Run(() => loss.backward());
        });
        Assert.Contains("modified by an inplace operation", error.Message);
        // The next one is not affected.
        BackwardPass.Run(() => PatchProducts.Convolve(images, weights, null, [1, 1], [0, 0], [1, 1]).sum().backward());
        Assert.IsNotNull(weights.grad);
    }

    [TestMethod]
    [DataRow(true, false, false)]
    [DataRow(false, true, false)]
    [DataRow(false, false, true)]
    [DataRow(false, false, false)]
    public void Only_what_requires_gradients_gets_them(bool images, bool kernel, bool bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] given = [rand(2, 3, 8, 8).requires_grad_(images), rand(4, 3, 3, 3).requires_grad_(kernel), rand(4).requires_grad_(bias)];
        Tensor Convolve() => PatchProducts.Convolve(given[0], given[1], given[2], [1, 1], [0, 0], [1, 1]);
        Tensor result = Convolve();
        Assert.AreEqual(images || kernel || bias, result.requires_grad);
        if (result.requires_grad)
            result.sum().backward();
        CollectionAssert.AreEqual(new[] { images, kernel, bias }, given.Select(tensor => tensor.grad is not null).ToArray());
        using (no_grad())
            Assert.IsFalse(Convolve().requires_grad);
        using (inference_mode(true))
            Assert.IsFalse(Convolve().requires_grad);
    }

    static void Compare(Tensor[] inputs, Func<Tensor[], Tensor> actual, Func<Tensor[], Tensor> expected)
    {
        SlowOperators.Smallest = 0;
        foreach (bool products in Products)
        {
            SlowOperators.Products = products;
            CompareOnce(inputs, actual, expected);
        }
    }

    static void CompareOnce(Tensor[] inputs, Func<Tensor[], Tensor> actual, Func<Tensor[], Tensor> expected)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.clone().requires_grad_())];
        Tensor[] exact = [.. inputs.Select(input => input.to(ScalarType.Float64).requires_grad_())];
        (Tensor result, Tensor reference) = (actual(leaves), expected(exact));
        using var generator = new Generator(4);
        ScalarType type = inputs[0].dtype;
        Tensor ofResult = randn(reference.shape, generator: generator).to(type);
        result.backward([ofResult]);
        reference.backward([ofResult.to(ScalarType.Float64)]);
        string[] names = ["values", "gradient of the images", "gradient of the kernel", "gradient of the bias"];
        Tensor[] found = [result.detach(), .. leaves.Select(leaf => leaf.grad!)], right = [reference.detach(), .. exact.Select(leaf => leaf.grad!)];
        // BFloat16 has 8 binary digits; some gradients are rounded for each part of the images.
        double rounding = type == ScalarType.BFloat16 ? 1.0 / 64 : 1e-5;
        for (int i = 0; i < found.Length; i++)
        {
            Assert.AreEqual(type, found[i].dtype, names[i]);
            TensorAssert.WithinPart(right[i], found[i], rounding, names[i]);
        }
    }
}

using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Products as convolutions, and convolutions as products: which is taken depends on the processor, the result does not.</summary>
[TestClass]
public sealed class SlowOperatorsTests
{
    readonly bool _products = SlowOperators.Products, _convolutions = SlowOperators.Convolutions;
    readonly long _smallest = SlowOperators.Smallest;
    readonly int _threads = get_num_threads();

    [TestCleanup]
    public void Restore()
    {
        (SlowOperators.Products, SlowOperators.Convolutions, SlowOperators.Smallest) = (_products, _convolutions, _smallest);
        set_num_threads(_threads);
    }

    [TestMethod]
    [DataRow(2048, 64, 48)]
    // No multiple of the number of images.
    [DataRow(2050, 64, 48)]
    [DataRow(8192, 1, 128)]
    public void Products_by_other_functions_have_the_same_values_and_gradients(int rows, int inputs, int outputs)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        set_num_threads(2);
        SlowOperators.Smallest = 0;
        Tensor values = randn([rows, inputs], generator: generator), ofResult = randn([rows, outputs], generator: generator).mul(0.01);
        Tensor weights = randn([outputs, inputs], generator: generator), bias = randn([outputs], generator: generator);
        Func<Tensor, Tensor, Tensor, Tensor>[] products =
        [
            (left, right, added) => left.Product(right.t(), added),
            (left, right, added) => left.Product(right.t()).add(added),
            // A batch of rows.
            (left, right, added) => left.view(2, -1, inputs).Product(right.t()).add(added).view(rows, outputs),
        ];
        // By convolutions of libtorch, and by oneDNN's products.
        foreach (bool slow in OneDnn.HasProducts ? new[] { false, true } : [false])
        {
            SlowOperators.Convolutions = slow;
            foreach (Func<Tensor, Tensor, Tensor, Tensor> product in products)
            {
                SlowOperators.Products = false;
                Tensor[] expected = Run(product, ofResult, values, weights, bias);
                SlowOperators.Products = true;
                Assert.IsTrue(SlowOperators.IncludeProduct(values, weights, reduced: false));
                AreClose(expected, Run(product, ofResult, values, weights, bias), $"product, {slow}");
            }
            SlowOperators.Products = false;
            Tensor[] ofLayer = RunLayer(values, weights, bias, ofResult);
            SlowOperators.Products = true;
            AreClose(ofLayer, RunLayer(values, weights, bias, ofResult), $"layer, {slow}");
        }
    }

    [TestMethod]
    public void Small_products_and_those_of_other_numbers_stay_products()
    {
        using DisposeScope scope = NewDisposeScope();
        (SlowOperators.Products, SlowOperators.Convolutions) = (true, false);
        set_num_threads(2);
        Tensor weights = zeros(64, 64);
        Assert.IsTrue(SlowOperators.IncludeProduct(zeros(1024, 64), weights, reduced: false));
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(8, 64), weights, reduced: false));
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(1024, 64, ScalarType.BFloat16), weights, reduced: false));
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(1024, 64, ScalarType.Float64), weights.to(ScalarType.Float64), reduced: false));
        // libtorch computes the convolution of a single image without oneDNN where it is small, and on one thread.
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(300, 64), weights, reduced: false));
        Assert.IsTrue(SlowOperators.IncludeProduct(zeros(1030, 64), weights, reduced: false));
        set_num_threads(1);
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(1030, 64), weights, reduced: false));
        Assert.IsTrue(SlowOperators.IncludeProduct(zeros(1024, 64), weights, reduced: false));
        // Without libtorch's own oneDNN: by a function with a gradient of its own, and in BFloat16 at any size.
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(1024, 64), weights, reduced: true));
        SlowOperators.Convolutions = true;
        Assert.IsTrue(SlowOperators.IncludeProduct(zeros(8, 64), weights, reduced: true));
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(0, 64), weights, reduced: true));
        Assert.IsFalse(SlowOperators.IncludeProduct(zeros(511, 64), weights, reduced: false));
        Assert.IsTrue(SlowOperators.IncludeProduct(zeros(512, 64), weights, reduced: false));
    }

    [TestMethod]
    [DataRow(2, 1, 40, 3, 5)]
    [DataRow(2, 16, 40, 3, 5)]
    [DataRow(3, 4, 21, 3, 5)]
    [DataRow(3, 8, 9, 3, 1)]
    // All earlier positions lie before the start.
    [DataRow(2, 64, 9, 3, 5)]
    [DataRow(3, 2, 1, 2, 5)]
    // One row that is large enough for oneDNN, and one that is not.
    [DataRow(2, 4, 6000, 1, 4)]
    [DataRow(3, 4, 60, 1, 4)]
    public void Causal_convolutions_are_sums_of_their_taps(int taps, int dilation, int length, int batch, int channels)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(2);
        SlowOperators.Smallest = 0;
        Tensor input = randn([batch, length, channels], generator: generator), kernel = randn([8, channels, taps], generator: generator);
        Tensor bias = randn([8], generator: generator), ofResult = randn([batch, length, 8], generator: generator);
        foreach (bool hasBias in new[] { true, false })
        {
            Tensor[] expected = Run(WrittenOut, ofResult.to(float64), [.. new[] { input, kernel, bias }.Select(tensor => tensor.to(float64))]);
            // By a convolution, and by products of patches; one row that is small by a product for each tap.
            foreach (bool slow in new[] { false, true })
            {
                SlowOperators.Convolutions = slow;
                Assert.AreEqual(batch == 1 && length < 100, SlowOperators.IncludeCausalConvolution(input));
                AreClose(expected, Run(Convolve, ofResult, input, kernel, bias), $"bias {hasBias}, slow {slow}");
            }
            // In Double, by a product for each tap.
            AreClose(
                expected, Run(Convolve, ofResult.to(float64), [.. new[] { input, kernel, bias }.Select(tensor => tensor.to(float64))]), "Double");

            Tensor Convolve(Tensor values, Tensor weights, Tensor added) => hasBias
                ? values.ConvolveCausally(weights, added, dilation) : values.ConvolveCausally(weights, null, dilation).add(added.sum().mul(0));

            // The last tap is the present.
            Tensor WrittenOut(Tensor values, Tensor weights, Tensor added) => Enumerable.Range(0, taps)
                .Where(back => back * dilation < length)
                .Select(back => nn.functional.pad(values.narrow(1, 0, length - (back * dilation)), [0, 0, back * dilation, 0])
                    .matmul(weights.select(2, taps - 1 - back).t()))
                .Aggregate((all, part) => all + part).add(hasBias ? added : added.sum().mul(0));
        }
    }

    [TestMethod]
    public void Causal_convolutions_in_Double_and_of_small_rows_are_products()
    {
        using DisposeScope scope = NewDisposeScope();
        SlowOperators.Convolutions = false;
        Assert.IsFalse(SlowOperators.IncludeCausalConvolution(zeros(2, 100, 64)));
        Assert.IsTrue(SlowOperators.IncludeCausalConvolution(zeros(2, 100, 64, ScalarType.Float64)));
        Assert.IsTrue(SlowOperators.IncludeCausalConvolution(zeros(1, 100, 64)));
        Assert.IsTrue(SlowOperators.IncludeCausalConvolution(zeros([1, 100, 64], ScalarType.BFloat16)));
        SlowOperators.Convolutions = true;
        Assert.IsFalse(SlowOperators.IncludeCausalConvolution(zeros([1, 100, 64], ScalarType.BFloat16)));
        SlowOperators.Convolutions = false;
        Assert.IsFalse(SlowOperators.IncludeCausalConvolution(zeros(1, 1000, 64)));
    }

    [TestMethod]
    [DataRow(null, false, false)]
    [DataRow("ALL", false, false)]
    [DataRow("DEFAULT", false, false)]
    [DataRow("AVX512_CORE_BF16", false, false)]
    [DataRow("avx512_core", false, false)]
    [DataRow("AVX10_1_512", false, false)]
    [DataRow("AVX2_VNNI", false, true)]
    [DataRow("avx", true, true)]
    [DataRow("SSE41", true, true)]
    public void A_limit_of_instructions_is_found_in_the_variable(string? value, bool belowAvx2, bool belowAvx512)
    {
        Assert.AreEqual(belowAvx2, NativeSettings.IsBelow(value, ProcessorInstructions.Avx2));
        Assert.AreEqual(belowAvx512, NativeSettings.IsBelow(value, ProcessorInstructions.Avx512));
    }

    [TestMethod]
    public void Convolutions_of_every_layer_are_products_where_convolutions_are_slow()
    {
        SlowOperators.Smallest = 0;
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(3);
        using Conv2d images = source.Convolution2d(3, 4, 4, 2, 1);
        using ConvTranspose2d larger = source.Upsampling2d(3, 4);
        using Conv1d rows = nn.Conv1d(3, 4, 3, stride: 2, padding: 2, dilation: 2);
        using ConvTranspose1d longer = nn.ConvTranspose1d(3, 4, 4, stride: 2, padding: 1);
        using var generator = new Generator(4);
        Tensor picture = randn([2, 3, 6, 8], generator: generator), row = randn([2, 3, 10], generator: generator);
        Tensor kernel = randn([4, 3, 3, 3], generator: generator).requires_grad_();
        (Tensor Input, Func<Tensor, Tensor> Layer, Tensor[] Weights)[] layers =
        [
            (picture, images.Apply, [images.weight, images.bias!]), (picture, larger.Apply, [larger.weight, larger.bias!]),
            (row, rows.Apply, [rows.weight, rows.bias!]), (row, longer.Apply, [longer.weight, longer.bias!]),
            (picture, values => values.Convolve(kernel, padding: 1, stride: 2), [kernel]),
        ];
        foreach ((Tensor input, Func<Tensor, Tensor> layer, Tensor[] weights) in layers)
        {
            Tensor[] Results(bool slow)
            {
                SlowOperators.Convolutions = slow;
                foreach (Tensor weight in weights)
                    weight.grad = null;
                Tensor given = input.detach().clone().requires_grad_(), result = layer(given);
                result.Square().sum().backward();
                Tensor[] results = [result.detach(), given.grad!, .. weights.Select(weight => weight.grad!.clone())];
                // A changed kernel is noticed by the gradient of the convolution, that of products then is of no shape.
                Tensor again = layer(given).sum();
                using (no_grad())
                    weights[0].mul_(1);
                ExternalException error = Assert.ThrowsExactly<ExternalException>(() => again.backward());
                Assert.Contains(slow ? "invalid gradient" : "modified by an inplace operation", error.Message);
                return results;
            }
            AreClose(Results(false), Results(true), $"layer with weights [{string.Join(", ", weights[0].shape)}]");
        }
    }

    [TestMethod]
    public void Size_and_precision_decide_which_convolutions_are_products()
    {
        using DisposeScope scope = NewDisposeScope();
        SlowOperators.Convolutions = true;
        Tensor kernel = zeros(64, 64, 3, 3);
        Assert.IsTrue(SlowOperators.IncludeConvolution(zeros(64, 64, 7, 7), kernel, [1, 1], reduced: false));
        Assert.IsFalse(SlowOperators.IncludeConvolution(zeros([64, 64, 7, 7], ScalarType.Float64), kernel, [1, 1], reduced: false));
        Assert.IsFalse(SlowOperators.IncludeConvolution(zeros(1, 64, 7, 7), kernel, [1, 1], reduced: false));
        Assert.IsFalse(SlowOperators.IncludeConvolution(zeros(4, 64, 7, 7), kernel, [2, 2], reduced: false));
        Assert.IsTrue(SlowOperators.IncludeConvolution(zeros(4, 64, 7, 7), kernel, null, reduced: false));
        // libtorch's own convolutions in BFloat16 are slow at any size.
        foreach (bool products in new[] { true, false })
        {
            SlowOperators.Products = products;
            Assert.AreEqual(products, SlowOperators.IncludeConvolution(zeros(1, 64, 7, 7), kernel, [1, 1], reduced: true));
        }
        SlowOperators.Products = _products;
        using var source = new WeightSource(3);
        using Conv2d layer = source.Convolution2d(3, 4, 4, 2, 1);
        using IDisposable reduced = MixedPrecision.BFloat16();
        Assert.AreEqual(ScalarType.BFloat16, layer.Apply(zeros(2, 3, 8, 8)).dtype);
    }

    [TestMethod]
    public void Products_in_BFloat16_without_libtorchs_own_have_the_same_values_and_gradients()
    {
        if (!OneDnn.HasProducts)
            Assert.Inconclusive(OneDnnTests.Missing);
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor Drawn(params long[] shape) => randn(shape, generator: generator).to(ScalarType.BFloat16).to(ScalarType.Float32);
        Tensor values = Drawn(2, 9, 7), weights = Drawn(5, 7), bias = Drawn(5), ofResult = Drawn(2, 9, 5);
        Tensor[] expected = Run((left, right, added) => left.matmul(right.t()).add(added), ofResult, values, weights, bias);
        (SlowOperators.Products, SlowOperators.Convolutions) = (true, true);
        Assert.IsTrue(SlowOperators.IncludeProduct(values, weights, reduced: true));
        using IDisposable reduced = MixedPrecision.BFloat16();
        Tensor[] actual = Run(
            (left, right, added) =>
            {
                Tensor product = left.Product(right.t());
                Assert.AreEqual(ScalarType.BFloat16, product.dtype);
                return product.Single().add(added);
            },
            ofResult, values, weights, bias);
        Tensor layer = RunLayer(values, weights, bias, ofResult.to(ScalarType.BFloat16))[0];
        Assert.AreEqual(ScalarType.BFloat16, layer.dtype);
        TensorAssert.WithinPart(expected[0], layer, 0.01, "layer");
        foreach ((Tensor first, Tensor second) in expected.Zip(actual))
            TensorAssert.WithinPart(first, second, 0.01, "product");
    }

    [TestMethod]
    public void Attention_is_in_Single_where_products_in_BFloat16_are_slow()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor[] single = [.. Enumerable.Range(0, 3).Select(_ => randn([2, 3, 5, 4], generator: generator))];
        Tensor[] half = [.. single.Select(values => values.to(ScalarType.BFloat16))];
        Tensor exact = MixedPrecision.Attend(single[0], single[1], single[2], null, causal: true);
        foreach (bool slow in new[] { false, true })
        {
            SlowOperators.Convolutions = slow;
            Tensor attended = MixedPrecision.Attend(half[0], half[1], half[2], null, causal: true);
            Assert.AreEqual(slow ? ScalarType.Float32 : ScalarType.BFloat16, attended.dtype);
            TensorAssert.Close(exact, attended.to(ScalarType.Float32), 0.05, $"attention, {slow}");
            Assert.AreEqual(float64, MixedPrecision.Attend(
                single[0].to(float64), single[1].to(float64), single[2].to(float64), null, causal: true).dtype);
        }
    }

    [TestMethod]
    public void The_layers_of_a_prior_with_classes_stay_in_BFloat16()
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(1);
        var options = new PixelCnnOptions { Channels = 4, Conditions = 3, Codes = 5, Height = 3, Width = 3 };
        using var layer = new PixelCnnLayer(options, isLast: false, source);
        using IDisposable reduced = MixedPrecision.BFloat16();
        Tensor conditioning = layer.Conditioning(tensor(new long[] { 0, 2 }), null)!;
        (Tensor rows, _, Tensor unit) = layer.Forward(zeros(2, 3, 3, 4), zeros(2, 3, 3, 4), conditioning, ones(2, 1, 1, 8));
        Assert.AreEqual((ScalarType.BFloat16, ScalarType.BFloat16), (rows.dtype, unit.dtype));
    }

    static void AreClose(Tensor[] expected, Tensor[] actual, string what)
    {
        foreach ((Tensor first, Tensor second) in expected.Zip(actual))
            TensorAssert.WithinPart(first, second, 1e-5, what);
    }

    /// <summary>The result, and the gradients of the inputs.</summary>
    static Tensor[] Run(Func<Tensor, Tensor, Tensor, Tensor> compute, Tensor ofResult, params Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        Tensor result = compute(leaves[0], leaves[1], leaves[2]);
        result.backward([ofResult]);
        return [result.detach(), .. leaves.Select(leaf => leaf.grad!)];
    }

    static Tensor[] RunLayer(Tensor values, Tensor weights, Tensor bias, Tensor ofResult)
    {
        using Linear layer = nn.Linear(weights.shape[1], weights.shape[0]);
        using (no_grad())
        {
            layer.weight.copy_(weights);
            layer.bias!.copy_(bias);
        }
        Tensor input = values.detach().clone().requires_grad_();
        Tensor result = layer.Apply(input);
        result.backward([ofResult]);
        return [result.detach(), input.grad!, layer.weight.grad!.clone(), layer.bias.grad!.clone()];
    }
}

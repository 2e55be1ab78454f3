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

    [TestCleanup]
    public void Restore() => (SlowOperators.Products, SlowOperators.Convolutions) = (_products, _convolutions);

    [TestMethod]
    [DataRow(2048, 64, 48)]
    // No multiple of the number of images.
    [DataRow(2050, 64, 48)]
    [DataRow(8192, 1, 128)]
    public void Products_as_convolutions_have_the_same_values_and_gradients(int rows, int inputs, int outputs)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor values = randn([rows, inputs], generator: generator), ofResult = randn([rows, outputs], generator: generator).mul(0.01);
        Tensor weights = randn([outputs, inputs], generator: generator), bias = randn([outputs], generator: generator);
        using Linear layer = nn.Linear(inputs, outputs);
        using (no_grad())
        {
            layer.weight.copy_(weights);
            layer.bias!.copy_(bias);
        }
        Func<Tensor, Tensor, Tensor, Tensor>[] products =
        [
            (left, right, added) => left.Product(right.t(), added),
            (left, right, added) => left.Product(right.t()).add(added),
            (left, right, added) => added.unsqueeze(0).repeat(rows, 1).AddProduct_(left, right.t()),
            // Neither weights nor bias are those of the layer: only the gradient of the input is compared.
            (left, right, added) => layer.Apply(left).add(right.sum().mul(0)).add(added.sum().mul(0)),
        ];
        foreach (Func<Tensor, Tensor, Tensor, Tensor> product in products)
        {
            Tensor[] expected = Run(slow: false, product, ofResult, values, weights, bias);
            Tensor[] actual = Run(slow: true, product, ofResult, values, weights, bias);
            foreach ((Tensor first, Tensor second) in expected.Zip(actual))
                TensorAssert.Close(first, second, 1e-5 * Math.Max(1, first.abs().max().item<float>()), "product");
        }
    }

    [TestMethod]
    public void Small_products_and_those_of_other_numbers_stay_products()
    {
        using DisposeScope scope = NewDisposeScope();
        SlowOperators.Products = true;
        Tensor weights = zeros(64, 64);
        Assert.IsTrue(SlowOperators.Include(zeros(1024, 64), weights));
        Assert.IsFalse(SlowOperators.Include(zeros(8, 64), weights));
        Assert.IsFalse(SlowOperators.Include(zeros(1024, 64, ScalarType.BFloat16), weights));
        Assert.IsFalse(SlowOperators.Include(zeros(1024, 64, ScalarType.Float64), weights.to(ScalarType.Float64)));
    }

    [TestMethod]
    [DataRow(2, 1, 40)]
    [DataRow(2, 16, 40)]
    [DataRow(3, 4, 21)]
    // All earlier positions lie before the start.
    [DataRow(2, 64, 9)]
    public void Causal_convolutions_as_products_have_the_same_values_and_gradients(int taps, int dilation, int length)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(2);
        Tensor input = randn([3, length, 5], generator: generator), kernel = randn([8, 5, taps], generator: generator);
        Tensor bias = randn([8], generator: generator), ofResult = randn([3, length, 8], generator: generator);
        foreach (bool hasBias in new[] { true, false })
        {
            Tensor Convolve(Tensor values, Tensor weights, Tensor added) => hasBias
                ? values.ConvolveCausally(weights, added, dilation) : values.ConvolveCausally(weights, null, dilation).add(added.sum().mul(0));
            SlowOperators.Convolutions = false;
            Tensor[] expected = Run(slow: false, Convolve, ofResult, input, kernel, bias);
            SlowOperators.Convolutions = true;
            Tensor[] actual = Run(slow: false, Convolve, ofResult, input, kernel, bias);
            foreach ((Tensor first, Tensor second) in expected.Zip(actual))
                TensorAssert.Close(first, second, 2e-5, $"{(hasBias ? "with" : "without")} bias");
            // Written out: the last tap is the present.
            Tensor sum = Enumerable.Range(0, taps).Select(back => length <= back * dilation ? zeros(3, length, 8)
                : nn.functional.pad(input.narrow(1, 0, length - (back * dilation)), [0, 0, back * dilation, 0]).matmul(kernel.select(2, taps - 1 - back).t()))
                .Aggregate((all, part) => all + part);
            TensorAssert.Close(hasBias ? sum + bias : sum, actual[0], 2e-5, "written out");
        }
    }

    static Tensor[] Run(bool slow, Func<Tensor, Tensor, Tensor, Tensor> compute, Tensor ofResult, params Tensor[] inputs)
    {
        SlowOperators.Products = slow;
        Tensor[] leaves = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        Tensor result = compute(leaves[0], leaves[1], leaves[2]);
        result.backward([ofResult]);
        return [result.detach(), .. leaves.Select(leaf => leaf.grad!)];
    }
}

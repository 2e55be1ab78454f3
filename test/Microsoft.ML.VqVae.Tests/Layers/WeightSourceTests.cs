using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>Layers get their first weights from the seed, in order, and torch's global generator is left alone.</summary>
[TestClass]
public sealed class WeightSourceTests
{
    [TestMethod]
    public void Weights_follow_each_other_from_the_seed()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor random = get_rng_state();
        using var source = new WeightSource(7);
        using Linear linear = source.Linear(3, 5);
        using Conv1d line = source.Convolution1d(4, 6, size: 3, stride: 2, padding: 1, dilation: 2);
        using Conv1d rectified = source.Convolution1d(4, 6, size: 3, stride: 1, padding: 1, betweenRectifiers: true);
        using Conv2d image = source.Convolution2d(2, 3, (2, 3), stride: 1, (0, 1));
        using ConvTranspose2d upsampling = source.Upsampling2d(3, 2);
        using Tensor after = get_rng_state();
        TensorAssert.Same(random, after, "state of torch's generator");

        using Generator generator = SeededRandom.CreateGenerator(7, long.MaxValue);
        Tensor Next(double bound, params long[] shape) => zeros(shape).uniform_(-bound, bound, generator);
        void Check(nn.Module layer, double weightBound, double biasBound, params long[] shape)
        {
            Dictionary<string, Tensor> state = layer.state_dict();
            CollectionAssert.AreEqual((string[])["weight", "bias"], state.Keys.ToArray());
            CollectionAssert.AreEqual(shape, state["weight"].shape);
            TensorAssert.Same(Next(weightBound, shape), state["weight"], "weight");
            TensorAssert.Same(Next(biasBound, state["bias"].shape), state["bias"], "bias");
            Assert.IsTrue(layer.parameters().All(parameter => parameter.requires_grad), "requires_grad");
        }

        Check(linear, 1 / Math.Sqrt(3), 1 / Math.Sqrt(3), 5, 3);
        Check(line, 1 / Math.Sqrt(12), 1 / Math.Sqrt(12), 6, 4, 3);
        Check(rectified, Math.Sqrt(6.0 / 12), 1 / Math.Sqrt(12), 6, 4, 3);
        Check(image, 1 / Math.Sqrt(12), 1 / Math.Sqrt(12), 3, 2, 2, 3);
        Check(upsampling, 1 / Math.Sqrt(32), 1 / Math.Sqrt(32), 3, 2, 4, 4);

        CollectionAssert.AreEqual((long[])[1, 6, 4], line.call(zeros(1, 4, 9)).shape);
        CollectionAssert.AreEqual((long[])[1, 3, 6, 7], image.call(zeros(1, 2, 7, 7)).shape);
        CollectionAssert.AreEqual((long[])[1, 2, 8, 10], upsampling.call(zeros(1, 3, 4, 5)).shape);
    }
}

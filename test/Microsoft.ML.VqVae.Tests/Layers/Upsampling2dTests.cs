using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>The transposed convolution that is computed as a convolution and a pixel shuffle is the transposed convolution.</summary>
[TestClass]
public sealed class Upsampling2dTests
{
    [TestMethod]
    [DataRow(3, 5, 4, 6)]
    [DataRow(8, 1, 7, 7)]
    [DataRow(1, 2, 1, 1)]
    public void Both_ways_give_the_same_images_and_gradients(int inputs, int outputs, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var source = new WeightSource(7);
        using var layer = new Upsampling2d(inputs, outputs, source);
        using var generator = new Generator(8);
        var images = randn(2, inputs, height, width, generator: generator);
        var weight = randn(2, outputs, 2 * height, 2 * width, generator: generator);
        (Tensor Output, Tensor[] Gradients) Run(Func<Tensor, Tensor> forward)
        {
            var input = images.clone().requires_grad_();
            layer.zero_grad();
            var output = forward(input);
            (output * weight).sum().backward();
            return (output, layer.parameters().Select(p => p.grad!.clone()).Append(input.grad!).ToArray());
        }

        var shuffled = Run(layer.Shuffled);
        var transposed = Run(layer.Transposed);
        TensorAssert.Close(transposed.Output, shuffled.Output, 1e-5, "images");
        for (var i = 0; i < 3; i++)
            TensorAssert.Close(transposed.Gradients[i], shuffled.Gradients[i], 1e-5, $"gradient {i}");
    }
}

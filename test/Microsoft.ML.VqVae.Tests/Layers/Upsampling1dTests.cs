using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>The transposed convolution of one axis is what its definition says: input i adds weight k to output 2·i + k − 1.</summary>
[TestClass]
public sealed class Upsampling1dTests
{
    [TestMethod]
    [DataRow(3, 5, 4)]
    [DataRow(8, 1, 7)]
    [DataRow(1, 2, 1)]
    public void Values_and_gradients_are_those_of_the_definition(int inputs, int outputs, int length)
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(7);
        using ConvTranspose1d layer = source.Upsampling1d(inputs, outputs);
        using var generator = new Generator(8);
        Tensor input = randn(2, inputs, length, generator: generator).requires_grad_();
        Tensor slope = randn(2, outputs, 2 * length, generator: generator);
        Tensor output = layer.call(input);
        (output * slope).sum().backward();

        var parameters = layer.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        CollectionAssert.AreEqual(new long[] { inputs, outputs, 4 }, parameters["weight"].shape);
        float[] x = TensorAssert.Floats(input), g = TensorAssert.Floats(slope), w = TensorAssert.Floats(parameters["weight"]);
        float[] b = TensorAssert.Floats(parameters["bias"]);
        float[] expected = new float[2 * outputs * 2 * length], inputGradient = new float[x.Length], weightGradient = new float[w.Length];
        for (int row = 0; row < 2; row++)
        {
            for (int to = 0; to < outputs; to++)
                Array.Fill(expected, b[to], (row * outputs + to) * 2 * length, 2 * length);
            foreach (int from in Enumerable.Range(0, inputs))
            {
                for (int i = 0; i < length * outputs * 4; i++)
                {
                    (int at, int to, int k) = (i / (outputs * 4), i / 4 % outputs, i % 4);
                    int target = 2 * at + k - 1;
                    if (target < 0 || target >= 2 * length)
                        continue;
                    int xi = (row * inputs + from) * length + at, wi = (from * outputs + to) * 4 + k;
                    int yi = (row * outputs + to) * 2 * length + target;
                    expected[yi] += x[xi] * w[wi];
                    inputGradient[xi] += g[yi] * w[wi];
                    weightGradient[wi] += g[yi] * x[xi];
                }
            }
        }
        TensorAssert.Close(expected, output, 1e-5, "values");
        TensorAssert.Close(inputGradient, input.grad!, 1e-5, "gradient of the input");
        TensorAssert.Close(weightGradient, parameters["weight"].grad!, 1e-5, "gradient of the weight");
        TensorAssert.Close(slope.sum([0, 2]), parameters["bias"].grad!, 1e-5, "gradient of the bias");
    }
}

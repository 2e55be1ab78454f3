using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Adam = Microsoft.ML.VqVae.Training.Adam;

namespace Microsoft.ML.VqVae.Tests.Training;

[TestClass]
public class AdamTests
{
    [TestMethod]
    public void Steps_are_those_of_TorchSharps_Adam()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = SeededRandom.CreateGenerator(3, 0);
        // Kernels lie in memory with channels innermost; the last two are divided between threads.
        Tensor[] initial =
        [
            randn([5, 7], generator: generator), randn([33], generator: generator),
            randn([8, 5, 3, 3], generator: generator).ChannelsInnermost(),
            randn([70_001], generator: generator), randn([64, 128, 3, 3], generator: generator).ChannelsInnermost(),
        ];
        Parameter[] expected = [.. initial.Select(values => new Parameter(values.clone()))];
        Parameter[] actual = [.. initial.Select(values => new Parameter(values.clone()))];
        using TorchSharp.Modules.Adam reference = optim.Adam(expected, lr: 3e-3);
        using var adam = new Adam(actual);
        for (int step = 0; step < 5; step++)
        {
            for (int i = 0; i < initial.Length; i++)
            {
                // A parameter may have no gradient in a step.
                Tensor? gradient = step == 2 && i == 1 ? null : randn(initial[i].shape, generator: generator);
                expected[i].grad = gradient;
                actual[i].grad = gradient;
                // As a backward pass leaves it, and in another order than the parameter.
                if (gradient is not null && step % 2 == 0 && initial[i].Dimensions == 4)
                    actual[i].grad = gradient.ChannelsInnermost();
            }
            reference.step();
            adam.Step(3e-3);
        }
        for (int i = 0; i < initial.Length; i++)
        {
            // libtorch's square root of vectors is not always the nearest number. Each of the five steps rounds a parameter to 6e-8 of it, on
            // both sides, and a change of 3e-3 to 4e-10.
            (float[] e, float[] a) = (expected[i].data<float>().ToArray(), actual[i].data<float>().ToArray());
            for (int place = 0; place < e.Length; place++)
                Assert.AreEqual(e[place], a[place], 6e-7 * Math.Abs(e[place]) + 4e-9, $"parameter {i}, place {place}");
        }
        CollectionAssert.AreEqual((long[])[5, 4, 5, 5, 5], adam.States.Select(state => state.step).ToArray());
    }
}

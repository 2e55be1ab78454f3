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
        Tensor[] initial = [randn([5, 7], generator: generator), randn([33], generator: generator)];
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
            }
            reference.step();
            adam.Step(3e-3);
        }
        for (int i = 0; i < initial.Length; i++)
            CollectionAssert.AreEqual(expected[i].data<float>().ToArray(), actual[i].data<float>().ToArray());
        CollectionAssert.AreEqual((long[])[5, 4], adam.States.Select(state => state.step).ToArray());
    }
}

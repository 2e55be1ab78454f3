using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>Taking a grid code by code gives the logits of the whole network.</summary>
[TestClass]
public sealed class PixelCnnStepsTests
{
    [TestMethod]
    [DataRow(3, 4, 1, 3, 3, 0, 0, 1)]
    [DataRow(4, 4, 1, 3, 15, 0, 0, 256)]
    [DataRow(5, 3, 3, 3, 2, 4, 0, 16)]
    [DataRow(3, 5, 2, 5, 3, 2, 3, 5)]
    [DataRow(1, 6, 1, 5, 2, 0, 2, 3)]
    [DataRow(6, 1, 2, 3, 2, 3, 0, 3)]
    [DataRow(2, 2, 1, 7, 1, 0, 0, 2)]
    public void Logits_are_those_of_the_whole_network(
        int height, int width, int groups, int kernel, int layers, int classes, int mapChannels, int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(
            PixelCnnTests.Options(o => (o.Height, o.Width, o.CodesPerPosition, o.KernelSize, o.Layers, o.Conditions, o.MapChannels)
                = (height, width, groups, kernel, layers, classes, mapChannels)), 1);
        using (no_grad())
            foreach (Parameter parameter in network.parameters())
                parameter.mul_(1.5);
        Tensor codes = PixelCnnTests.RandomCodes(network, batch);
        using var generator = new Generator(3);
        Tensor? conditions = classes > 0 ? randint(classes, [batch], generator: generator) : null;
        Tensor? map = mapChannels > 0 ? randn([batch, mapChannels, height, width], generator: generator) : null;
        Tensor expected = network.Logits(codes, conditions, map);
        using IDisposable withoutGradients = no_grad();
        CheckSteps(network, new PixelCnnTensorSteps(network, batch, conditions, map), codes, expected);
        CheckSteps(network, new PixelCnnSpanSteps(network, batch, conditions, map), codes, expected);
    }

    static void CheckSteps(PixelCnn network, PixelCnnSteps begun, Tensor codes, Tensor expected)
    {
        using PixelCnnSteps steps = begun;
        for (int index = 0; index < network.Length; index++)
        {
            // Known codes may be accepted without asking for their logits.
            if (index % 5 != 3)
            {
                Tensor found = steps.NextLogits();
                Assert.IsFalse(found.requires_grad);
                TensorAssert.Close(expected.select(1, index), found, 1e-4, $"{steps.GetType().Name}, logits of code {index}");
                TensorAssert.Same(found, steps.NextLogits(), "asked again");
            }
            steps.Accept(codes.select(1, index));
        }
        Assert.ThrowsExactly<InvalidOperationException>(() => steps.NextLogits());
        Assert.ThrowsExactly<InvalidOperationException>(() => steps.Accept(codes.select(1, 0)));
    }

    [TestMethod]
    public void One_vector_for_all_positions_conditions_steps_too()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(PixelCnnTests.Options(o => o.MapChannels = 2), 1);
        Tensor codes = PixelCnnTests.RandomCodes(network, 2);
        using var generator = new Generator(3);
        Tensor map = randn([2, 2, 1, 1], generator: generator);
        Tensor expected = network.Logits(codes, null, map);
        using CodeSteps steps = network.Begin(2, map: map);
        for (int index = 0; index < network.Length; index++)
        {
            TensorAssert.Close(expected.select(1, index), steps.NextLogits(), 1e-4, $"logits of code {index}");
            steps.Accept(codes.select(1, index));
        }
    }

    [TestMethod]
    public void Codes_of_another_shape_are_told()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(PixelCnnTests.Options(), 1);
        using CodeSteps steps = network.Begin(2);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => steps.Accept(zeros(3, dtype: ScalarType.Int64)));
        StringAssert.Contains(error.Message, "Codes must be Int64 [2], one a row, but are Int64 [3]");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Begin(0));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => network.Begin(1, 13)).Message, "has 12 codes a row");
    }

    [TestMethod]
    public void Few_grids_are_processed_without_tensors()
    {
        using var network = new PixelCnn(PixelCnnTests.Options(), 1);
        using CodeSteps few = network.Begin(PixelCnnSpanSteps.MaxBatch), many = network.Begin(PixelCnnSpanSteps.MaxBatch + 1);
        Assert.IsInstanceOfType<PixelCnnSpanSteps>(few);
        Assert.IsInstanceOfType<PixelCnnTensorSteps>(many);
    }

    [TestMethod]
    [DataRow(2)]
    [DataRow(PixelCnnSpanSteps.MaxBatch + 1)]
    public void Steps_free_all_that_they_allocate(int batch)
    {
        using var network = new PixelCnn(PixelCnnTests.Options(o => (o.Conditions, o.CodesPerPosition) = (2, 2)), 1);
        using Tensor conditions = zeros(batch, dtype: ScalarType.Int64);
        using Tensor codes = zeros(batch, dtype: ScalarType.Int64);
        void Run()
        {
            using CodeSteps steps = network.Begin(batch, conditions: conditions);
            for (int index = 0; index < network.Length; index++)
            {
                steps.NextLogits().Dispose();
                steps.Accept(codes);
            }
        }

        Run();
        long before = LiveTensors.Count();
        Run();
        Assert.AreEqual(before, Tensor.TotalCount);
    }
}

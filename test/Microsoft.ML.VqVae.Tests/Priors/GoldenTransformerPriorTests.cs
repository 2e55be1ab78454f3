using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>The transformer gives the numbers that test/golden/transformer_prior.py computed in NumPy, one head of one position at a
/// time.</summary>
[TestClass]
public sealed class GoldenTransformerPriorTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("grid")]
    [DataRow("sequence")]
    public void Logits_loss_and_all_gradients_agree_with_one_position_at_a_time(string part)
    {
        GoldenFile golden = GoldenFile.Open("transformer_prior.json", part);
        using DisposeScope scope = NewDisposeScope();
        var options = new TransformerPriorOptions
        {
            Layers = golden.Whole("layers"),
            Channels = golden.Whole("channels"),
            Heads = golden.Whole("heads"),
            FeedForwardChannels = golden.Whole("feed_forward"),
        };
        var grid = new CodeGrid(
            golden.Whole("height"), golden.Whole("width"), golden.Whole("codes_per_position"), golden.Whole("codes"));
        using var network = new TransformerPrior(options, grid, golden.Whole("conditions"), seed: 1);
        GoldenFile.FillIn(network, 0.6);
        int batch = golden.Whole("batch");
        Tensor codes = golden.Wholes("given", batch, -1);
        Tensor lengths = golden.Wholes("lengths", batch);
        Tensor? conditions = network.Conditions > 0 ? golden.Wholes("condition", batch) : null;
        TensorAssert.Close(golden.Numbers("logits"), network.Logits(codes, conditions), Tolerance, "logits");
        Tensor loss = network.Loss(codes, conditions, lengths);
        loss.backward();
        TensorAssert.Close([golden.Number("loss")], loss, Tolerance, "loss");
        golden.CheckGradients(network, Tolerance);
    }
}

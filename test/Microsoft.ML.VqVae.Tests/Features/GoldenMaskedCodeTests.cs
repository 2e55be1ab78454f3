using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>The network gives the numbers that test/golden/masked_codes.py computed one head of one position at a time.</summary>
[TestClass]
public sealed class GoldenMaskedCodeTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("grid")]
    [DataRow("sequence")]
    public void Features_loss_and_all_gradients_agree_with_one_position_at_a_time(string part)
    {
        GoldenFile golden = GoldenFile.Open("masked_codes.json", part);
        using DisposeScope scope = NewDisposeScope();
        var options = new MaskedCodeTransformerOptions
        {
            Layers = golden.Whole("layers"),
            Channels = golden.Whole("channels"),
            Heads = golden.Whole("heads"),
            FeedForwardChannels = golden.Whole("feed_forward"),
            FeatureLayer = golden.Whole("feature_layer"),
            MinMaskSize = golden.Whole("min_mask_size"),
            MaxMaskSize = golden.Whole("max_mask_size"),
        };
        var grid = new CodeGrid(
            golden.Whole("height"), golden.Whole("width"), golden.Whole("codes_per_position"), golden.Whole("codes"));
        int batch = golden.Whole("batch"), channels = golden.Whole("input_channels");
        using var network = new MaskedCodeTransformer(options, grid, channels, golden.Whole("seed"));
        GoldenFile.FillIn(network, 0.6);
        Tensor lengths = golden.Wholes("lengths", batch);
        Tensor codes = golden.Wholes("given", batch, -1, grid.CodesPerPosition);
        Tensor? vectors = channels == 0 ? null : tensor(golden.Numbers("vectors")).view(batch, -1, channels);

        Tensor features = network.Features(vectors ?? codes, grid.IsSequence ? lengths : null);
        Tensor real = Networks.Padding.Real(lengths, codes.shape[1]).to(ScalarType.Bool);
        TensorAssert.Close(golden.Numbers("features"), features[real], Tolerance, "features");

        network.train();
        StepLoss loss = network.Loss(codes, grid.IsSequence ? lengths : null, vectors, TestTask.At(golden.Whole("step")));
        loss.Total.backward();
        TensorAssert.Close([golden.Number("loss")], loss.Total, Tolerance, "loss");
        golden.CheckGradients(network, Tolerance);
    }

    [TestMethod]
    public void Masks_are_those_of_the_script()
    {
        foreach (string part in (string[])["grid", "sequence"])
        {
            GoldenFile golden = GoldenFile.Open("masked_codes.json", part);
            using Tensor lengths = golden.Wholes("lengths", -1);
            long[] ofRows = lengths.data<long>().ToArray();
            (int height, int width) = (golden.Whole("height"), golden.Whole("width"));
            (int, int) sizes = (golden.Whole("min_mask_size"), golden.Whole("max_mask_size"));
            long stream = (1L << 52) + (golden.Whole("step") * (1L << 24));
            long[] masked = [.. Enumerable.Range(0, ofRows.Length).SelectMany(row => BlockMask.Draw(
                Math.Max(1, height), height == 0 ? (int)ofRows[row] : width, 0.5, sizes, golden.Whole("seed"), stream + row)
                .Select(position => position + (row * ofRows.Max())))];
            using Tensor expected = golden.Wholes("masks", -1);
            CollectionAssert.AreEqual(expected.data<long>().ToArray(), masked, part);
        }
    }
}

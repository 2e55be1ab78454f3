using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>The WaveNet prior gives the numbers that test/golden/wavenet.py computed with plain PyTorch.</summary>
[TestClass]
public sealed class GoldenWaveNetPriorTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    public void Logits_bits_loss_and_all_gradients_agree()
    {
        using DisposeScope scope = NewDisposeScope();
        var golden = GoldenFile.Open("wavenet.json", "prior");
        using var prior = new WaveNetPrior(
            new WaveNetPriorOptions
            {
                Codes = golden.Whole("codes"), Conditions = golden.Whole("conditions"), Blocks = golden.Whole("blocks"),
                LayersPerBlock = golden.Whole("layers"), KernelSize = golden.Whole("taps"), Channels = golden.Whole("channels"),
                SkipChannels = golden.Whole("skip"),
            },
            seed: 1);
        GoldenFile.FillIn(prior, 0.35);
        int batch = golden.Whole("batch");
        Tensor codes = golden.Wholes("given", batch, golden.Whole("length"));
        (Tensor? conditions, Tensor? lengths) = (golden.Wholes("condition", batch), golden.Wholes("lengths", batch));

        TensorAssert.Close(golden.Numbers("logits"), prior.Logits(codes, conditions), Tolerance, "logits");
        TensorAssert.Close(golden.Numbers("bits"), prior.Bits(codes, conditions, lengths), Tolerance, "bits");
        Tensor loss = prior.Loss(codes, conditions, lengths);
        loss.backward();
        TensorAssert.Close([golden.Number("loss")], loss, Tolerance, "loss");
        golden.CheckGradients(prior, Tolerance);
    }
}

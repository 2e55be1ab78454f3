using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The WaveNet decoder gives the numbers that test/golden/wavenet.py computed with plain PyTorch.</summary>
[TestClass]
public sealed class GoldenWaveNetDecoderTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    public void Logits_loss_and_all_gradients_agree()
    {
        using DisposeScope scope = NewDisposeScope();
        var golden = GoldenFile.Open("wavenet.json", "decoder");
        (int hop, int dimensions, int latents) = (golden.Whole("hop"), golden.Whole("dimensions"), golden.Whole("latents"));
        using var decoder = new WaveNetDecoder(
            new WaveNetDecoderOptions
            {
                SamplesPerLatent = hop, LatentChannels = dimensions, Speakers = golden.Whole("speakers"), Blocks = golden.Whole("blocks"),
                LayersPerBlock = golden.Whole("layers"), KernelSize = golden.Whole("taps"), Channels = golden.Whole("channels"),
                SkipChannels = golden.Whole("skip"), ConditioningChannels = golden.Whole("conditioning"),
                FramesPerLatent = golden.Whole("frames"),
            },
            seed: 1);
        GoldenFile.FillIn(decoder, 0.35);
        int batch = golden.Whole("batch");
        Tensor samples = golden.Wholes("samples", batch, latents * hop);
        Tensor speakers = golden.Wholes("speaker", batch);
        Tensor quantized = GoldenFile.Make("quantized", [batch, dimensions, latents], 1).requires_grad_();

        // The file has the logits of every sixteenth level.
        Tensor some = arange(0, WaveNetDecoder.Levels, 16);
        TensorAssert.Close(
            golden.Numbers("logits"), decoder.Logits(samples, quantized, speakers).index_select(2, some), Tolerance, "logits");
        Tensor loss = decoder.Loss(samples, quantized, speakers);
        loss.backward();
        TensorAssert.Close([golden.Number("loss")], loss, Tolerance, "loss");
        float[] expected = golden.Numbers("quantized_gradient");
        TensorAssert.Within(expected, quantized.grad!, Tolerance * expected.Max(Math.Abs), "gradient of the latents");
        golden.CheckGradients(decoder, Tolerance, "stack.embedding", "stack.output.weight");
    }
}

using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The image codec gives the numbers that test/golden/image_codec.py computed with plain PyTorch.</summary>
[TestClass]
public sealed class GoldenImageCodecTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    public void Forward_losses_and_all_gradients_agree()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "image_codec.json"));
        JsonElement golden = JsonSerializer.Deserialize<JsonElement>(file);
        int Whole(string property) => golden.GetProperty(property).GetInt32();
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(
            new ImageCodecOptions
            {
                Height = Whole("size"), Width = Whole("size"), Channels = Whole("channels"), HiddenChannels = Whole("hidden"),
                OuterChannels = Whole("outer"), ResidualChannels = Whole("residual"), ResidualBlocks = 1,
            },
            new VectorQuantizerOptions
            {
                Codes = Whole("codes"), Dimensions = Whole("dimensions"), CodesPerPosition = Whole("codes_per_position"),
                CommitmentCost = golden.GetProperty("beta").GetDouble(), Learning = CodebookLearning.Gradient, InitializeFromData = false,
                RestartEverySteps = 0,
            },
            seed: 1);
        model.SetPixelStatistics(golden.GetProperty("mean").GetDouble(), golden.GetProperty("deviation").GetDouble(), -9, 9);
        using (no_grad())
        {
            foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in model.named_parameters())
                parameter.copy_(GoldenFile.Make(name, parameter.shape, name == "quantizer.codebook" ? 1.2 : 0.35));
        }
        Tensor images = GoldenFile.Make("images", [Whole("batch"), Whole("channels"), Whole("size"), Whole("size")], 1);

        ImageVqVaeOutput output = model.call(images);
        StepLoss losses = model.Loss(images, TestTask.At(0));
        losses.Total.backward();

        TensorAssert.Close(golden.GetProperty("encodings").Deserialize<float[]>()!, model.EncodeToLatents(images), Tolerance, "encodings");
        CollectionAssert.AreEqual(golden.GetProperty("indices").Deserialize<long[]>()!, TensorAssert.Longs(output.Quantization.Indices));
        TensorAssert.Close(
            golden.GetProperty("reconstruction").Deserialize<float[]>()!, output.Reconstruction, Tolerance, "reconstruction");
        void Loss(string property, Tensor actual) =>
            TensorAssert.Close([golden.GetProperty(property).GetSingle()], actual, Tolerance, property);
        Loss("total", losses.Total);
        Loss("reconstruction_error", losses.Terms["reconstruction"]);
        Loss("codebook_loss", losses.Terms["codebook"]);
        Loss("commitment_loss", losses.Terms["commitment"]);
        new GoldenFile(golden).CheckGradients(model, Tolerance);
    }
}

using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>The PixelCNN gives the numbers that test/golden/pixelcnn.py computed with masked convolutions in plain PyTorch.</summary>
[TestClass]
public sealed class GoldenPixelCnnTests
{
    const double Tolerance = 1e-5;

    [TestMethod]
    public void Logits_loss_and_all_gradients_agree_with_masked_convolutions()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "pixelcnn.json"));
        JsonElement golden = JsonSerializer.Deserialize<JsonElement>(file);
        int Whole(string property) => golden.GetProperty(property).GetInt32();
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(
            new PixelCnnOptions
            {
                Height = Whole("height"), Width = Whole("width"), CodesPerPosition = Whole("codes_per_position"), Codes = Whole("codes"),
                Conditions = Whole("classes"), MapChannels = Whole("map_channels"), Layers = Whole("layers"),
                Channels = Whole("channels"), SkipChannels = Whole("skip_channels"), KernelSize = Whole("kernel"),
            },
            seed: 1);
        using (no_grad())
        {
            foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
                parameter.copy_(GoldenFile.Make(name, parameter.shape, 0.6));
        }
        int batch = Whole("batch");
        Tensor codes = tensor(golden.GetProperty("grid").Deserialize<long[]>()!).view(batch, network.Length!.Value);
        Tensor conditions = tensor(golden.GetProperty("conditions").Deserialize<long[]>()!);
        Tensor map = GoldenFile.Make("map", [batch, Whole("map_channels"), Whole("height"), Whole("width")], 1);

        TensorAssert.Close(
            golden.GetProperty("logits").Deserialize<float[]>()!, network.Logits(codes, conditions, map), Tolerance, "logits");
        Tensor loss = network.Loss(codes, conditions, map: map);
        loss.backward();
        TensorAssert.Close([golden.GetProperty("loss").GetSingle()], loss, Tolerance, "loss");
        new GoldenFile(golden).CheckGradients(network, Tolerance);
    }
}

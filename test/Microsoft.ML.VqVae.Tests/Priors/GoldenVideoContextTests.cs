using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>The network over earlier frames gives the numbers that test/golden/video_context.py computed in plain PyTorch.</summary>
[TestClass]
public sealed class GoldenVideoContextTests
{
    const double Tolerance = 2e-5;

    [TestMethod]
    public void The_map_and_all_gradients_agree_with_one_example_at_a_time()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "video_context.json"));
        JsonElement golden = JsonSerializer.Deserialize<JsonElement>(file);
        int Whole(string property) => golden.GetProperty(property).GetInt32();
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(seed: 1);
        using var network = new VideoContext(new VideoCodePriorOptions
        {
            Frame = new()
            {
                Height = Whole("height"),
                Width = Whole("width"),
                CodesPerPosition = Whole("codes_per_position"),
                Codes = Whole("codes"),
            },
            Actions = Whole("actions"),
            ContextFrames = Whole("frames"),
            EmbeddingChannels = Whole("embedding"),
            ContextChannels = Whole("channels"),
            MotionKernelSize = Whole("kernel"),
            ContextBlocks = Whole("blocks"),
        }, source);
        using (no_grad())
        {
            foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
                parameter.copy_(GoldenFile.Make(name, parameter.shape, 0.6));
        }
        Tensor Codes(string name, params long[] shape) => tensor(golden.GetProperty(name).Deserialize<long[]>()!).view(shape);
        Tensor map = network.Map(Codes("context", Whole("batch"), Whole("frames"), -1), Codes("followed", Whole("batch"), Whole("frames")));
        TensorAssert.Close(golden.GetProperty("map").Deserialize<float[]>()!, map, Tolerance, "map");
        map.mul(GoldenFile.Make("weights", map.shape, 1)).sum().backward();
        new GoldenFile(golden).CheckGradients(network, Tolerance);
    }
}

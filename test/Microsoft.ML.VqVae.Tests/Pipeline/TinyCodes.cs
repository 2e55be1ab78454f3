using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes and priors that are small enough for a test of milliseconds.</summary>
internal static class TinyCodes
{
    public const int Height = 3, Width = 4, Codes = 5;

    public static readonly string[] Classes = ["up", "down", "flat"];

    /// <summary>A row with a grid of codes; each is made of the one before it in the way of its class.</summary>
    public sealed class Grid
    {
        [VectorType(Height, Width, 1), KeyType(TinyCodes.Codes)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";

        public int Number { get; set; }
    }

    /// <summary>The same with as many codes as the row has.</summary>
    public sealed class Line
    {
        [KeyType(TinyCodes.Codes)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";

        public int Number { get; set; }
    }

    public static Grid[] Grids(int count) => [.. Enumerable.Range(0, count).Select(number =>
        new Grid { Codes = Keys(number, Height * Width), Class = Classes[number % 3], Number = number })];

    public static Line[] Lines(int count) => [.. Enumerable.Range(0, count).Select(number =>
        new Line { Codes = Keys(number, 3 + number * 7 % 11), Class = Classes[number % 3], Number = number })];

    /// <summary>Keys that go up or down by one from code to code, or stay, all around the circle of codes.</summary>
    static uint[] Keys(int number, int length)
    {
        int step = (number % 3) switch { 0 => 1, 1 => Codes - 1, _ => 0 };
        return [.. Enumerable.Range(0, length).Select(i => (uint)((number / 3 + step * i) % Codes + 1))];
    }

    /// <summary>The rows as a view, with the key of the class as <c>Label</c>.</summary>
    public static IDataView Grids(MLContext ml, int count) => WithLabel(ml, ml.Data.LoadFromEnumerable(Grids(count)));

    public static IDataView Lines(MLContext ml, int count) => WithLabel(ml, ml.Data.LoadFromEnumerable(Lines(count)));

    public static IDataView WithLabel(MLContext ml, IDataView data) =>
        ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(data).Transform(data);

    /// <summary>Options for a few steps of real training.</summary>
    public static PriorOptions Options(int steps = 5) => new()
    {
        PixelCnn = new PixelCnnOptions { Layers = 2, Channels = 8 },
        WaveNet = new WaveNetPriorOptions { Blocks = 1, LayersPerBlock = 3, Channels = 8, SkipChannels = 8 },
        Training = new() { Steps = steps, BatchSize = 8, LearningRate = 1e-2, Seed = 3 },
        PredictionBatchSize = 7,
    };

    /// <summary>A prior over grids that was never trained.</summary>
    public static PriorTransformer UntrainedGrid(MLContext ml, bool conditioned = true, long mostLogits = long.MaxValue) => Untrained(
        Grids(ml, 3), conditioned, new PixelCnnOptions { Layers = 2, Channels = 8 }, null, mostLogits);

    /// <summary>A prior over rows of any length that was never trained.</summary>
    public static PriorTransformer UntrainedLine(MLContext ml, bool conditioned = true, long mostLogits = long.MaxValue) => Untrained(
        Lines(ml, 3), conditioned, null, new WaveNetPriorOptions { Blocks = 1, LayersPerBlock = 3, Channels = 8, SkipChannels = 8 },
        mostLogits);

    static PriorTransformer Untrained(
        IDataView data, bool conditioned, PixelCnnOptions? pixelCnn, WaveNetPriorOptions? waveNet, long mostLogits)
    {
        var options = new PriorOptions { PixelCnn = pixelCnn ?? new(), WaveNet = waveNet ?? new(), PredictionBatchSize = 7 };
        CategorySet? conditions = conditioned ? CategorySet.Of(data.Schema["Label"], "condition").WithRows([0, 1, 2]) : null;
        DataViewSchema.Column codes = data.Schema["Codes"];
        PriorDescription description =
            PriorDescription.Resolve(codes, CodeFormat.Of(codes), conditions, options) with { MeanLength = 6 };
        CodePrior network = description.CreateNetwork(seed: 11);
        // Fresh weights may give every code the same chance.
        using (no_grad())
        {
            long stream = 0;
            foreach (Parameter parameter in network.parameters())
            {
                using Generator generator = SeededRandom.CreateGenerator(5, stream++);
                using Tensor noise = randn(parameter.shape, generator: generator);
                parameter.add_(noise * 0.3);
            }
        }
        var columns = new PriorColumns("Codes", conditioned ? "Label" : null, "Bits", "PerCode");
        return new PriorTransformer(new PriorModel(description, network, CPU), columns, maxLogits: mostLogits);
    }
}

global using ImageFeatureModel =
    Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.ImageFeatureDescription, Microsoft.ML.VqVae.Networks.ImageFeatureNetwork>;
using System.Globalization;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a network of features of images in a model file: all that is needed to recreate it, except its
/// weights.</summary>
/// <param name="Network">The settings of the network.</param>
/// <param name="Pixels">The layout of the images.</param>
/// <param name="Codes">The codes that are predicted in training; null for none.</param>
/// <param name="PredictionBatchSize">Number of rows that the network processes at once.</param>
internal sealed record ImageFeatureDescription(
    ImageFeatureNetworkOptions Network, ImageFormat Pixels, CodeGrid? Codes, int PredictionBatchSize) : INetworkDescription<ImageFeatureNetwork>
{
    public ImageFeatureNetwork CreateNetwork(int seed) => new(Network, (Pixels.Channels, Pixels.Height, Pixels.Width), Codes, seed);

    public void Describe(OptionProblems problems)
    {
        Network.Describe(problems);
        Pixels.Describe(problems);
        problems.AtLeast("Pixels.Height", Pixels.Height, 1);
        problems.AtLeast("Pixels.Width", Pixels.Width, 1);
        problems.AtLeast("Pixels.Channels", Pixels.Channels, 1);
        problems.Require(Pixels.Frames == 0, "Pixels.Frames", "0", Pixels.Frames);
    }
}

/// <summary>The columns of a transformer of features of images, and how maps become one vector.</summary>
/// <param name="Input">The column of images.</param>
/// <param name="Codes">The column of codes that was read in training; null for none.</param>
/// <param name="Output">The column of features.</param>
/// <param name="PoolingSize">Parts along each axis of the last map whose means are taken, after the mean of the whole map.</param>
/// <param name="MiddlePoolingSize">Parts along each axis of the map before it whose means are taken; 0 for none.</param>
internal sealed record ImageFeatureColumns(string Input, string? Codes, string Output, int PoolingSize, int MiddlePoolingSize)
    : IColumnNames<ImageFeatureDescription>
{
    public void Describe(OptionProblems problems, ImageFeatureDescription model)
    {
        SchemaColumns.Describe(problems, [Input, Codes], [Output]);
        ImageFeatureOptions.DescribePooling(problems, model.Network.Stages, PoolingSize, MiddlePoolingSize);
    }

    public IReadOnlyList<ModelColumn<ImageFeatureModel, ImageFeaturePass>> ToOutputs() =>
    [
        ModelColumn<ImageFeatureModel, ImageFeaturePass>.Vector(Output, model => [Size(model.Description)], pass => pass.Features, ToOnnx),
    ];

    /// <summary>Number of features of an image.</summary>
    public int Size(ImageFeatureDescription model) => Parts(model).Sum(part => checked(part.Side * part.Side * part.Map.CodesPerPosition));

    /// <summary>The maps whose means are the features, in the order of the features: that of the last stage or of the one before it, with
    /// its channels as the codes of a position of a grid; and the number of parts along each axis.</summary>
    public IReadOnlyList<(bool Last, CodeGrid Map, int Side)> Parts(ImageFeatureDescription model)
    {
        CodeGrid Map(int stage) => model.Network.MapOf(stage, model.Pixels.Height, model.Pixels.Width);
        int stages = model.Network.Stages;
        List<(bool, CodeGrid, int)> parts = [(true, Map(stages), 1)];
        if (PoolingSize > 1)
            parts.Add((true, Map(stages), PoolingSize));
        if (MiddlePoolingSize > 0)
            parts.Add((false, Map(stages - 1), MiddlePoolingSize));
        return parts;
    }

    OnnxValue ToOnnx(ImageFeatureModel model, IReadOnlyList<OnnxValue> inputs)
    {
        IReadOnlyList<OnnxValue> maps = model.Network.MapsToOnnx(inputs[0]);
        return OnnxValue.Concatenate([.. Parts(model.Description).Select(part => FeaturePooling.ToOnnx(
            maps[part.Last ? ^1 : ^2].Reshape(0, part.Map.CodesPerPosition, -1).ChannelsLast(), part.Map, part.Side, maximum: false,
            square: true).MergeLast())], axis: 1);
    }

    /// <summary>The features in words.</summary>
    public string FeaturesText(ImageFeatureDescription model) => string.Join(", ", Parts(model).Select(part => string.Create(
        CultureInfo.InvariantCulture,
        $"{(part.Side == 1 ? "mean" : $"{part.Side}×{part.Side} means")} of {part.Map.CodesPerPosition} channels")));
}

/// <summary>The lazy forward pass of a batch.</summary>
/// <param name="model">The network.</param>
/// <param name="columns">The pooling.</param>
/// <param name="images">[B, C, H, W] on the CPU.</param>
internal sealed class ImageFeaturePass(ImageFeatureModel model, ImageFeatureColumns columns, Tensor images)
{
    /// <summary>Single [B, features].</summary>
    public Tensor Features
    {
        get
        {
            IReadOnlyList<Tensor> maps = model.Network.Maps(images.to(model.Device));
            return cat([.. columns.Parts(model.Description).Select(part => FeaturePooling.Pool(
                maps[part.Last ? ^1 : ^2].flatten(2).transpose(1, 2), part.Map, lengths: null, part.Side, maximum: false,
                square: true).flatten(1))], 1);
        }
    }
}

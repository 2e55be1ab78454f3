global using GaussianVaeModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.GaussianVaeDescription, Microsoft.ML.VqVae.Networks.ImageGaussianVae>;
global using VimcoModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.VimcoDescription, Microsoft.ML.VqVae.Networks.ImageVimco>;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a Gaussian VAE in a model file: all that is needed to recreate it, except its weights.</summary>
internal sealed record GaussianVaeDescription(ImageCodecOptions Codec, int LatentChannels, ImageFormat Pixels, int PredictionBatchSize)
    : INetworkDescription<ImageGaussianVae>
{
    public ImageGaussianVae CreateNetwork(int seed) => new(Codec, LatentChannels, seed);

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        problems.AtLeast(nameof(LatentChannels), LatentChannels, 1);
        Pixels.Describe(problems, Codec);
    }
}

/// <summary>The description of a VIMCO model in a model file: all that is needed to recreate it, except its weights.</summary>
internal sealed record VimcoDescription(ImageCodecOptions Codec, VimcoOptions Latents, ImageFormat Pixels, int PredictionBatchSize)
    : INetworkDescription<ImageVimco>
{
    public ImageVimco CreateNetwork(int seed) => new(Codec, Latents, seed);

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        Latents.Describe(problems);
        Pixels.Describe(problems, Codec);
    }
}

/// <summary>The column names of a baseline model; null for columns that are not requested.</summary>
internal sealed record BaselineColumns(
    string Input, string Output, string? Reconstruction, bool ReconstructionAsImage, string? ReconstructionBits, string? BoundBits)
    : IColumnNames<GaussianVaeDescription>, IColumnNames<VimcoDescription>
{
    public void Describe(OptionProblems problems, GaussianVaeDescription model) => Describe(problems);

    public void Describe(OptionProblems problems, VimcoDescription model) => Describe(problems);

    void Describe(OptionProblems problems) =>
        SchemaColumns.Describe(problems, [Input], [Output, Reconstruction, ReconstructionBits, BoundBits]);

    public static BaselineColumns Of(string output, string? input, ImageBaselineOptions options) => new(
        input ?? output, output, options.ReconstructionColumnName, options.ReconstructionAsImage, options.ReconstructionBitsColumnName,
        options.BoundBitsColumnName);

    public IReadOnlyList<ModelColumn<GaussianVaeModel, GaussianVaePass>> ToGaussianVaeOutputs(
        Func<SchemaShape, ImageDataViewType>? imageType = null) => ToOutputs(
        ModelColumn<GaussianVaeModel, GaussianVaePass>.Vector(Output, model =>
        {
            (int height, int width, int channels) = model.Network.LatentShape;
            return [height, width, channels];
        }, pass => pass.Mean.permute(0, 2, 3, 1), (model, inputs) => model.Network.PosteriorToOnnx(inputs[0]).Mean.ChannelsLast()),
        model => model.Description.Pixels, pass => pass.Reconstruction, pass => pass.BoundBits, pass => pass.ReconstructionBits, imageType,
        (model, inputs) => model.Network.ImagesToOnnx(ToOnnxParameters(model, inputs)),
        (model, inputs) => model.Network.BoundBitsToOnnx(inputs[0]),
        (model, inputs) => model.Network.BitsToOnnx(ToOnnxParameters(model, inputs), inputs[0]).Sum(1, 2, 3));

    public IReadOnlyList<ModelColumn<VimcoModel, VimcoPass>> ToVimcoOutputs(Func<SchemaShape, ImageDataViewType>? imageType = null) => ToOutputs(
        ModelColumn<VimcoModel, VimcoPass>.Codes(
            Output, model => ColumnTypes.Codes(Output, model.Network.LatentGrid, model.Network.Categories), pass => pass.Categories,
            (model, inputs) => model.Network.EncodeToOnnx(inputs[0])),
        model => model.Description.Pixels, pass => pass.Reconstruction, pass => pass.BoundBits, pass => pass.ReconstructionBits, imageType,
        (model, inputs) => model.Network.ImagesToOnnx(ToOnnxParameters(model, inputs)),
        // The bound takes the mean over many samples of the latents.
        onnxBoundBits: null,
        (model, inputs) => model.Network.BitsToOnnx(ToOnnxParameters(model, inputs), inputs[0]).Sum(1, 2, 3));

    static OnnxValue ToOnnxParameters(GaussianVaeModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.ParametersToOnnx(model.Network.PosteriorToOnnx(inputs[0]).Mean);

    static OnnxValue ToOnnxParameters(VimcoModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.ParametersToOnnx(model.Network.EmbedToOnnx(model.Network.EncodeToOnnx(inputs[0])));

    List<ModelColumn<TModel, TPass>> ToOutputs<TModel, TPass>(
        ModelColumn<TModel, TPass> latents, Func<TModel, ImageFormat> format, Func<TPass, Tensor> reconstruction,
        Func<TPass, Tensor> boundBits, Func<TPass, Tensor> reconstructionBits, Func<SchemaShape, ImageDataViewType>? imageType,
        OnnxColumn<TModel> onnxReconstruction, OnnxColumn<TModel>? onnxBoundBits, OnnxColumn<TModel> onnxReconstructionBits)
    {
        List<ModelColumn<TModel, TPass>> columns = [latents];
        if (Reconstruction is not null)
            columns.Add(PixelColumns.Declare(Reconstruction, ReconstructionAsImage, format, reconstruction, imageType, onnxReconstruction));
        if (BoundBits is not null)
            columns.Add(ModelColumn<TModel, TPass>.Number(BoundBits, boundBits, onnxBoundBits));
        if (ReconstructionBits is not null)
            columns.Add(ModelColumn<TModel, TPass>.Number(ReconstructionBits, reconstructionBits, onnxReconstructionBits));
        return columns;
    }
}

/// <summary>The lazy forward pass of a batch of images through a Gaussian VAE; images are decoded from the posterior mean.</summary>
internal sealed class GaussianVaePass(ImageGaussianVae network, Tensor pixels) : ImagePass<GaussianPosterior>(network, pixels)
{
    public Tensor Mean => field ??= network.call(Pixels).Mean;

    public Tensor BoundBits => network.BoundBits(Pixels);

    protected override Tensor DecodeParameters() => network.DecodeParameters(Mean);
}

/// <summary>The lazy forward pass of a batch of images through a VIMCO model; images are decoded from the most likely latents.</summary>
internal sealed class VimcoPass(ImageVimco network, Tensor pixels) : ImagePass<Tensor>(network, pixels)
{
    public Tensor Categories => field ??= network.Encode(Pixels);

    public Tensor BoundBits => network.BoundBits(Pixels);

    protected override Tensor DecodeParameters() => network.DecodeParameters(network.Embed(Categories));
}

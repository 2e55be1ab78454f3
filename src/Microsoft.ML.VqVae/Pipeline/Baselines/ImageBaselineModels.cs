using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained Gaussian VAE.</summary>
internal sealed class GaussianVaeModel(GaussianVaeDescription description, ImageGaussianVae network, Device device)
    : TrainedModel<GaussianVaeDescription, ImageGaussianVae>(description, network, device)
{
    public static GaussianVaeModel Load(IHostEnvironment environment, GaussianVaeDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new GaussianVaeModel(
            description, new ImageGaussianVae(description.Codec, description.LatentChannels, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}

/// <summary>A trained VIMCO model.</summary>
internal sealed class VimcoModel(VimcoDescription description, ImageVimco network, Device device)
    : TrainedModel<VimcoDescription, ImageVimco>(description, network, device)
{
    public static VimcoModel Load(IHostEnvironment environment, VimcoDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new VimcoModel(description, new ImageVimco(description.Codec, description.Latents, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}

/// <summary>A batch on its way through a Gaussian VAE; its images are decoded from the mean of the posterior.</summary>
internal sealed class GaussianVaePass(ImageGaussianVae network, Tensor pixels) : ImagePass<GaussianPosterior>(network, pixels)
{
    Tensor Mean => field ??= network.call(Pixels).Mean;

    protected override Tensor DecodeParameters() => network.DecodeParameters(Mean);

    public static IBatchMapping Mapping(GaussianVaeModel model, BaselineColumns names)
    {
        (int height, int width, int channels) = model.Network.LatentShape;
        return names.Mapping<GaussianVaePass, GaussianPosterior>(
            model.Description.Pixels, model.Description.PredictionBatchSize, () => model.Device,
            new(ModelColumns.Embeddings(names.Output, (height, width, 1), channels),
                capacity => new VectorColumn(height * width * channels, capacity), pass => pass.Mean.permute(0, 2, 3, 1)),
            pass => model.Network.BoundBits(pass.Pixels),
            pixels => new GaussianVaePass(model.Network, pixels));
    }
}

/// <summary>A batch on its way through a VIMCO model; its images are decoded from the likeliest latents.</summary>
internal sealed class VimcoPass(ImageVimco network, Tensor pixels) : ImagePass<Tensor>(network, pixels)
{
    Tensor Categories => field ??= network.Encode(Pixels);

    protected override Tensor DecodeParameters() => network.DecodeParameters(network.Embed(Categories));

    public static IBatchMapping Mapping(VimcoModel model, BaselineColumns names)
    {
        (int height, int width, int perPosition) = model.Network.LatentGrid;
        return names.Mapping<VimcoPass, Tensor>(
            model.Description.Pixels, model.Description.PredictionBatchSize, () => model.Device,
            new(ModelColumns.Codes(names.Output, model.Network.LatentGrid, model.Network.Categories),
                capacity => new KeyColumn(height * width * perPosition, capacity), pass => pass.Categories),
            pass => model.Network.BoundBits(pass.Pixels),
            pixels => new VimcoPass(model.Network, pixels));
    }
}

/// <summary>The names of the columns of a model that the paper compares with; null for those that are not made.</summary>
internal sealed record BaselineColumns(
    string Input, string Output, string? Reconstruction, bool ReconstructionAsImage, string? ReconstructionBits, string? BoundBits)
{
    public static BaselineColumns Of(string input, string output, ImageBaselineOptions options) => new(
        input, output, options.ReconstructionColumnName, options.ReconstructionAsImage, options.ReconstructionBitsColumnName,
        options.BoundBitsColumnName);

    public IBatchMapping Mapping<TPass, TOutput>(
        ImageFormat format, int batchSize, Func<Device> device, ComputedColumn<TPass> output, Func<TPass, Tensor> boundBits,
        Func<Tensor, TPass> begin)
        where TPass : ImagePass<TOutput>
    {
        List<ComputedColumn<TPass>> made = [output];
        if (Reconstruction is not null)
            made.Add(ComputedColumn<TPass>.Pixels(Reconstruction, format, ReconstructionAsImage, pass => pass.Reconstruction));
        if (BoundBits is not null)
            made.Add(ComputedColumn<TPass>.Number(BoundBits, boundBits));
        if (ReconstructionBits is not null)
            made.Add(ComputedColumn<TPass>.Number(ReconstructionBits, pass => pass.ReconstructionBits));
        return new ImageMapping<TPass>(Input, format, batchSize, device, made, begin);
    }
}

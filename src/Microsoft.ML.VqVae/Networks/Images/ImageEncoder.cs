using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Normalized images [B, C, H, W] → encodings [B, G·D, h, w]: strided convolutions, residual blocks, a 1×1 projection.</summary>
internal sealed class ImageEncoder : nn.Module<Tensor, Tensor>
{
    readonly ModuleList<Conv2d> down;
    readonly ModuleList<ResidualBlock> residual;
    readonly Conv2d project;

    public ImageEncoder(ImageCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(ImageEncoder))
    {
        int outer = options.OuterChannelsOrDefault;
        down = new ModuleList<Conv2d>(Enumerable.Range(1, options.Downsamplings).Select(level => source.Convolution2d(
            level == 1 ? options.Channels : outer, level == options.Downsamplings ? options.HiddenChannels : outer, 4, 2, 1))
            .ToArray());
        residual = new ModuleList<ResidualBlock>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock(options.HiddenChannels, options.ResidualChannels, source)).ToArray());
        project = source.Convolution2d(options.HiddenChannels, encodingChannels, 1, 1, 0);
        RegisterComponents();
    }

    public override Tensor forward(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = images;
        for (int level = 0; level < down.Count; level++)
        {
            x = down[level].Apply(x);
            if (level < down.Count - 1)
                x = x.relu_();
        }
        foreach (ResidualBlock block in residual)
            x = block.call(x);
        return project.Apply(x.relu_()).Single().MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue images)
    {
        OnnxValue x = images.Through(down[0]);
        foreach (Conv2d layer in down.Skip(1))
            x = x.Relu().Through(layer);
        foreach (ResidualBlock block in residual)
            x = block.ToOnnx(x);
        return x.Relu().Through(project);
    }
}

/// <summary>Codes [B, G·D, h, w] → parameters of the pixels' distribution [B, C·P, H, W], see <see cref="PixelDistribution"/>: a 3×3
/// convolution,
/// residual blocks, transposed convolutions. With P = 1 that is a normalized image.</summary>
internal sealed class ImageDecoder : nn.Module<Tensor, Tensor>
{
    readonly Conv2d expand;
    readonly ModuleList<ResidualBlock> residual;
    readonly ModuleList<ConvTranspose2d> up;

    public ImageDecoder(ImageCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(ImageDecoder))
    {
        int outer = options.OuterChannelsOrDefault;
        int outputs = options.Channels * PixelDistribution.For(options.PixelLikelihood).Parameters;
        expand = source.Convolution2d(encodingChannels, options.HiddenChannels, 3, 1, 1);
        residual = new ModuleList<ResidualBlock>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock(options.HiddenChannels, options.ResidualChannels, source)).ToArray());
        up = new ModuleList<ConvTranspose2d>(Enumerable.Range(1, options.Downsamplings).Select(level => source.Upsampling2d(
            level == 1 ? options.HiddenChannels : outer, level == options.Downsamplings ? outputs : outer)).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor codes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = expand.Apply(codes);
        foreach (ResidualBlock block in residual)
            x = block.call(x);
        foreach (ConvTranspose2d layer in up)
            x = layer.Apply(x.relu_());
        return x.Single().MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue codes)
    {
        OnnxValue x = codes.Through(expand);
        foreach (ResidualBlock block in residual)
            x = block.ToOnnx(x);
        foreach (ConvTranspose2d layer in up)
            x = x.Relu().Through(layer);
        return x;
    }
}

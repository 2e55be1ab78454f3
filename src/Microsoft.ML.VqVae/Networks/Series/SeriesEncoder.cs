using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Normalized series [B, C, T] → encodings [B, G·D, N]: strided convolutions that halve the length, residual blocks, a
/// projection.</summary>
internal sealed class SeriesEncoder : nn.Module
{
    readonly ModuleList<Conv1d> down;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly Conv1d project;

    public SeriesEncoder(SeriesCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(SeriesEncoder))
    {
        int hidden = options.HiddenChannels;
        down = new ModuleList<Conv1d>(Enumerable.Range(0, options.Downsamplings).Select(level =>
            source.Convolution1d(level == 0 ? options.Channels : hidden, hidden, 4, 2, 1)).ToArray());
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock1d(hidden, options.ResidualChannels, source)).ToArray());
        project = source.Convolution1d(hidden, encodingChannels, 1, 1, 0);
        RegisterComponents();
    }

    public Tensor Encode(Tensor series, Padding padding)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = series;
        for (int level = 0; level < down.Count; level++)
        {
            if (level > 0)
                x = functional.relu(x);
            x = Padding.Clear(down[level].Apply(x), padding.CodesAt(1 << (down.Count - 1 - level)));
        }
        foreach (ResidualBlock1d block in residual)
            x = Padding.Clear(block.call(x), padding.Codes);
        return Padding.Clear(project.Apply(functional.relu(x)), padding.Codes).Single().MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for series of one length.</summary>
    public OnnxValue ToOnnx(OnnxValue series)
    {
        OnnxValue x = series.Through(down[0]);
        foreach (Conv1d layer in down.Skip(1))
            x = x.Relu().Through(layer);
        foreach (ResidualBlock1d block in residual)
            x = block.ToOnnx(x);
        return x.Relu().Through(project);
    }
}

/// <summary>Codes [B, G·D, N] → normalized series [B, C, N · H], the mirror image of the encoder: residual blocks, then transposed
/// convolutions that double the length. Values of padding are arbitrary.</summary>
internal sealed class SeriesDecoder : nn.Module
{
    readonly Conv1d expand;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly ModuleList<ConvTranspose1d> up;

    public SeriesDecoder(SeriesCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(SeriesDecoder))
    {
        int hidden = options.HiddenChannels;
        expand = source.Convolution1d(encodingChannels, hidden, 3, 1, 1);
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock1d(hidden, options.ResidualChannels, source)).ToArray());
        up = new ModuleList<ConvTranspose1d>(Enumerable.Range(1, options.Downsamplings).Select(level =>
            source.Upsampling1d(hidden, level == options.Downsamplings ? options.Channels : hidden)).ToArray());
        RegisterComponents();
    }

    public Tensor Decode(Tensor codes, Padding padding)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Padding.Clear(expand.Apply(Padding.Clear(codes, padding.Codes)), padding.Codes);
        foreach (ResidualBlock1d block in residual)
            x = Padding.Clear(block.call(x), padding.Codes);
        for (int level = 0; level < up.Count; level++)
            x = up[level].Apply(Padding.Clear(functional.relu(x), padding.CodesAt(1 << level)));
        return x.Single().MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for series of one length.</summary>
    public OnnxValue ToOnnx(OnnxValue codes)
    {
        OnnxValue x = codes.Through(expand);
        foreach (ResidualBlock1d block in residual)
            x = block.ToOnnx(x);
        foreach (ConvTranspose1d layer in up)
            x = x.Relu().Through(layer);
        return x;
    }
}

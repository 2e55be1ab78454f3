using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Normalized features [B, C, T] → encodings [B, G·D, N]: one strided convolution that also sees the frames of the neighboring
/// codes, residual blocks, a projection.</summary>
internal sealed class MelEncoder : nn.Module
{
    readonly Conv1d down;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly Conv1d project;

    public MelEncoder(MelCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(MelEncoder))
    {
        int frames = options.FramesPerCode;
        down = source.Convolution1d(options.InputChannels, options.EncoderChannels, 3 * frames, frames, frames);
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.EncoderBlocks)
            .Select(block => options.EncoderDilations[block % options.EncoderDilations.Length])
            .Select(dilation => new ResidualBlock1d(options.EncoderChannels, options.EncoderChannels, source, dilation)).ToArray());
        project = source.Convolution1d(options.EncoderChannels, encodingChannels, 1, 1, 0);
        RegisterComponents();
    }

    public Tensor Encode(Tensor features, Padding padding)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = down.Apply(features);
        foreach (ResidualBlock1d block in residual)
            x = block.call(Padding.Clear(x, padding.Codes));
        return Padding.Clear(project.Apply(x.relu()), padding.Codes).Single().MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of one length.</summary>
    public OnnxValue ToOnnx(OnnxValue features)
    {
        // With these zeros there are ⌈frames / frames of a code⌉ codes, whatever the number of frames.
        long frames = down.stride[0];
        OnnxValue x = features.Through(down, frames, 2 * frames - 1);
        foreach (ResidualBlock1d block in residual)
            x = block.ToOnnx(x);
        return x.Relu().Through(project);
    }
}

/// <summary>Codes [B, G·D, N] and speakers [B, S, N] → normalized frames [B, C, N · frames]: residual blocks at the rate of the codes, then
/// all frames of a code at once.</summary>
internal sealed class MelDecoder : nn.Module
{
    readonly Conv1d expand;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly Conv1d project;
    readonly int channels;
    readonly bool speakerWithCodes;

    public MelDecoder(MelCodecOptions options, int encodingChannels, int speakers, WeightSource source) : base(nameof(MelDecoder))
    {
        channels = options.OutputChannels;
        int frames = options.TargetFrames > 0 ? 1 : options.FramesPerCode;
        speakerWithCodes = options.SpeakerWithCodes;
        int neighbours = options.DecoderNeighbours;
        expand = source.Convolution1d(
            encodingChannels + (speakerWithCodes ? speakers : 0), options.DecoderChannels, 2 * neighbours + 1, 1, neighbours);
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.DecoderBlocks)
            .Select(_ => new ResidualBlock1d(options.DecoderChannels, options.DecoderChannels, source)).ToArray());
        project = source.Convolution1d(options.DecoderChannels + speakers, frames * channels, 1, 1, 0);
        RegisterComponents();
    }

    public Tensor Decode(Tensor codes, Tensor? speakers, Padding padding)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = expand.Apply(Padding.Clear(With(codes, speakerWithCodes ? speakers : null), padding.Codes));
        foreach (ResidualBlock1d block in residual)
            x = block.call(Padding.Clear(x, padding.Codes));
        Tensor frames = project.Apply(With(x.relu(), speakers)).Single();
        // [B, frames of a code · C, N] → [B, C, N · frames of a code].
        (long batch, long count) = (frames.shape[0], frames.shape[2]);
        return frames.view(batch, -1, channels, count).permute(0, 2, 3, 1).reshape(batch, channels, -1).MoveToOuterDisposeScope();
    }

    // Side by side with channels innermost, as convolutions take them.
    static Tensor With(Tensor values, Tensor? speakers) => speakers is null ? values
        : cat([values.permute(0, 2, 1), speakers.As(values).permute(0, 2, 1)], 2).permute(0, 2, 1);
}

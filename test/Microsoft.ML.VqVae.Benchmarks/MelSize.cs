using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The size of the codec for speech that is measured.</summary>
/// <param name="Coefficients">Cepstral coefficients of an input frame.</param>
/// <param name="Bands">Mel bands of an output frame.</param>
/// <param name="Frames">Frames of a training example.</param>
/// <param name="Batch">Examples of a training step.</param>
public sealed record MelSize(
    int Coefficients, int Bands, int FramesPerCode, int EncoderChannels, int DecoderChannels, int Codes, int Dimensions, int Speakers,
    int MaskedSpans, int MaskedFrames, int Frames, int Batch)
{
    public const double CommitmentCost = 0.25;

    /// <summary>The MelSpeech preset, four speakers, crops of 2.56 s.</summary>
    public static MelSize Speech { get; } = Of(AudioVqVaeOptions.MelSpeech(), speakers: 4);

    static MelSize Of(AudioVqVaeOptions options, int speakers)
    {
        var codec = (MelCodecOptions)options.Codec;
        return new MelSize(
            codec.Coefficients, codec.Bands, codec.FramesPerCode, codec.EncoderChannels, codec.DecoderChannels, options.VectorQuantizer.Codes,
            options.VectorQuantizer.Dimensions, speakers, codec.MaskedSpans, codec.MaskedFrames, options.CropCodes * codec.FramesPerCode,
            options.Training.BatchSize);
    }
}

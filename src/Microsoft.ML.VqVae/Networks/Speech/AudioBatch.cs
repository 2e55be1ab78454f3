using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Utterances, or crops of them, side by side; shorter ones are filled up with zeros that nothing is to be learnt of.</summary>
/// <param name="Inputs">What the encoder is given, Float32 [B, C, T], T a multiple of <see cref="AudioVqVae.ValuesPerCode"/>: features in
/// their own units, or samples.</param>
/// <param name="Lengths">How many of the T are real, Int64 [B].</param>
/// <param name="Normalisers">By what the inputs are normalised, Float32 [B, 1 + C, C]: means, then the matrix to multiply with what is left
/// after they are taken away.</param>
/// <param name="Targets">What the decoder is to give, Float32 [B, C', T]; null where that is the inputs, and where nothing is
/// learnt.</param>
/// <param name="Speakers">Who speaks, Int64 [B]; null for a network that knows no speakers. Only decoding needs it.</param>
public sealed record AudioBatch(Tensor Inputs, Tensor Lengths, Tensor Normalisers, Tensor? Targets = null, Tensor? Speakers = null)
{
    internal AudioBatch To(Device device) => device.type == TorchSharp.DeviceType.CPU
        ? this
        : new(Inputs.to(device), Lengths.to(device), Normalisers.to(device), Targets?.to(device), Speakers?.to(device));
}

/// <summary>What an <see cref="AudioVqVae"/> takes of one waveform.</summary>
/// <param name="Values">[T, C], time by time: frames of features, or samples.</param>
/// <param name="Length">T.</param>
/// <param name="Statistics">What the C features are like over the utterance.</param>
/// <param name="Normaliser">The map that normalises them, means and a matrix, [1 + C, C] row by row; null where it follows from the
/// statistics.</param>
public sealed record AudioFeatures(float[] Values, int Length, FeatureStatistics Statistics, float[]? Normaliser = null);

/// <summary>What training takes of one waveform.</summary>
/// <param name="Views">What the encoder may be given: the utterance as it is, then as it would be with other vocal tracts; all as
/// long.</param>
/// <param name="Target">What the decoder is to give; null where that is the view.</param>
public sealed record AudioExample(IReadOnlyList<AudioFeatures> Views, AudioFeatures? Target);

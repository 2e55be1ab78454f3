using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of utterances, or crops of them; shorter ones are padded with zeros, which are left out of training.</summary>
/// <param name="Inputs">The inputs of the encoder, Float32 [B, C, T], T a multiple of <see cref="AudioVqVae.ValuesPerCode"/>: features in
/// their own units, or samples.</param>
/// <param name="Lengths">The number of real inputs among the T, Int64 [B].</param>
/// <param name="Normalisers">The maps that normalize the inputs, Float32 [B, 1 + C, C]: means, then the matrix that multiplies the
/// difference from the means.</param>
/// <param name="Targets">The targets of the decoder, Float32 [B, C', T]; null where the inputs are the targets, and outside of
/// training.</param>
/// <param name="Speakers">The numbers of the speakers, Int64 [B]; null for a network that knows no speakers. Only decoding needs
/// them.</param>
public sealed record AudioBatch(Tensor Inputs, Tensor Lengths, Tensor Normalisers, Tensor? Targets = null, Tensor? Speakers = null)
{
    internal AudioBatch To(Device device) => device.type == TorchSharp.DeviceType.CPU
        ? this
        : new(Inputs.to(device), Lengths.to(device), Normalisers.to(device), Targets?.to(device), Speakers?.to(device));
}

/// <summary>The input of an <see cref="AudioVqVae"/> for one waveform.</summary>
/// <param name="Values">[T, C], time by time: frames of features, or samples.</param>
/// <param name="Length">T.</param>
/// <param name="Statistics">The statistics of the C features over the utterance.</param>
/// <param name="Normaliser">The map that normalizes them, means and a matrix, [1 + C, C] row by row; null where it follows from the
/// statistics.</param>
public sealed record AudioFeatures(float[] Values, int Length, FeatureStatistics Statistics, float[]? Normaliser = null);

/// <summary>A training example: the possible inputs and the target for one waveform.</summary>
/// <param name="Views">The possible inputs of the encoder: the utterance unchanged, then as spoken with other vocal tracts; all of the same
/// length.</param>
/// <param name="Target">The target of the decoder; null where it is the view.</param>
public sealed record AudioExample(IReadOnlyList<AudioFeatures> Views, AudioFeatures? Target);

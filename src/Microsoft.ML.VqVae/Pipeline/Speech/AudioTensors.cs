using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Utterances of unequal length as the tensors of a batch.</summary>
internal static class AudioTensors
{
    /// <summary>Whole utterances: inputs [B, C, T], padded with zeros to the longest and to whole codes, lengths Int64 [B], and normalizers
    /// [B, 1 + C, C].</summary>
    public static (Tensor Inputs, Tensor Lengths, Tensor Normalizers) Pack(IReadOnlyList<AudioFeatures> features, AudioVqVae network)
    {
        int length = SequenceTensors.RoundUp(features.Max(item => item.Length), network.ValuesPerCode);
        Tensor inputs = SequenceTensors.Values([.. features.Select(item => (item.Values, 0, item.Length))], network.Channels, length);
        Tensor normalizers = Normalizers([.. features.Select(item => network.NormaliserOf(item))], network.Channels);
        return (inputs, tensor(features.Select(item => (long)item.Length).ToArray()), normalizers);
    }

    /// <summary>Normalizers as [B, 1 + C, C].</summary>
    public static Tensor Normalizers(IReadOnlyList<float[]> normalizers, int channels) =>
        tensor(normalizers.SelectMany(item => item).ToArray(), [normalizers.Count, 1 + channels, channels]);
}

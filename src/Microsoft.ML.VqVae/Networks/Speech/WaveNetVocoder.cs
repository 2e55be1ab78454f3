using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A WaveNet (van den Oord et al. 2016, arXiv 1609.03499) that models the excitation of speech given the frames of a spectrogram (ExcitNet,
/// Song et al. 2018, arXiv 1811.04769): each µ-law sample depends on the samples before it and on the frames around it. See
/// <see cref="LinearPrediction"/>.
/// </summary>
/// <remarks>Names in <c>state_dict</c>: <c>means</c> [C] and <c>deviations</c> [C], by which frames are normalized; and with <c>decoder.</c>
/// before them the names that <see cref="WaveNetDecoder"/> lists.</remarks>
internal sealed class WaveNetVocoder : nn.Module, ITrainable
{
    readonly WaveNetDecoder decoder;

    // Registered by RegisterComponents under these very names, and replaced through them when the module moves to another device.
    Tensor means;
    Tensor deviations;

    /// <param name="options">The settings of the WaveNet, with samples and channels of a frame as those of a latent.</param>
    /// <param name="seed">The seed of the weights; torch's global generator is not used.</param>
    public WaveNetVocoder(WaveNetDecoderOptions options, int seed) : base(nameof(WaveNetVocoder))
    {
        decoder = new WaveNetDecoder(options, seed);
        WeightLimit.Take(options.LatentChannels);
        means = zeros(options.LatentChannels, dtype: ScalarType.Float32);
        WeightLimit.Take(options.LatentChannels);
        deviations = ones(options.LatentChannels, dtype: ScalarType.Float32);
        RegisterComponents();
    }

    /// <summary>Sets the mean and the standard deviation, above 0, of each channel of a frame.</summary>
    public void SetStatistics(float[] channelMeans, float[] channelDeviations)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        means.copy_(tensor(channelMeans));
        deviations.copy_(tensor(channelDeviations));
    }

    /// <summary>−ln p of the µ-law samples of a batch, in nats a sample.</summary>
    /// <param name="batch">Frames [B, C, N], excitations [B, 1, N · samples of a frame], and the number of samples of each, Int64 [B].</param>
    /// <param name="moment">The position in the training run.</param>
    public StepLoss Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor samples = MuLaw.Encode(batch[1]).select(1, 0);
        return new StepLoss(decoder.Loss(samples, Normalize(batch[0]), speakers: null, batch[2]), new Dictionary<string, Tensor>())
            .MoveToOuterDisposeScope();
    }

    /// <summary>Samples the excitation of frames [1, C, N], without gradients.</summary>
    /// <returns>As many samples as the frames cover, from −1 to 1.</returns>
    public float[] Generate(Tensor frames, double temperature, int seed)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor levels = decoder.Generate(Normalize(frames), speakers: null, temperature, seed);
        return MuLaw.Decode(levels.select(0, 0)).data<float>().ToArray();
    }

    Tensor Normalize(Tensor frames) => (frames - means.view(1, -1, 1)) / deviations.view(1, -1, 1);
}

using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained codec of sound, which an encoder and its decoders share.</summary>
internal sealed class AudioModel(AudioModelDescription description, AudioVqVae network, Device device)
    : TrainedModel<AudioModelDescription, AudioVqVae>(description, network, device)
{
    long _encoderRuns;
    long _decoderRuns;

    /// <summary>How many batches were encoded, and how many utterances decoded.</summary>
    public (long Encoder, long Decoder) Runs => (Interlocked.Read(ref _encoderRuns), Interlocked.Read(ref _decoderRuns));

    public int CodesPerPosition => Description.Quantizer.CodesPerPosition;

    /// <summary>Whether the codes of an utterance depend on who is said to speak.</summary>
    public bool EncodesBySpeaker =>
        Description.Speakers is not null && Description.Codec is MelCodecOptions { Normalisation: FeatureNormalisation.Speaker };

    public Tensor Encode(AudioBatch batch)
    {
        Interlocked.Increment(ref _encoderRuns);
        return Network.Encode(batch);
    }

    /// <summary>The waveform of the codes [N, G] of one utterance. It depends on nothing but them, the speaker and the model.</summary>
    public float[] Decode(Tensor indices, long speaker)
    {
        if (indices.shape[0] == 0)
            return [];
        Interlocked.Increment(ref _decoderRuns);
        return Network.Decode(indices, (int)speaker, Description.Seed);
    }

    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static AudioModel Load(IHostEnvironment environment, AudioModelDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        AudioVqVae network = description.Codec.CreateNetwork(description.Quantizer, description.Speakers?.Count ?? 0, seed: 0);
        var model = new AudioModel(description, network, CPU);
        model.Restore(weights, device);
        return model;
    }
}

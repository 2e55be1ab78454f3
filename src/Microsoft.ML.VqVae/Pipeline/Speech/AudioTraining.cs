using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Hands a network and the stored utterances to the training loop.</summary>
internal static class AudioTraining
{
    public static (AudioModel Model, TrainingSummary Summary) Run(
        IHostEnvironment environment, AudioVqVaeOptions options, IDataView data, DataViewSchema.Column waveform,
        DataViewSchema.Column? speaker, Device device)
    {
        AudioCodecOptions codec = options.Codec.Copy();
        VectorQuantizerOptions quantizer = options.Quantizer.Copy();
        (TrainingOptions training, int seed) = NetworkTraining.WithSeed(environment, options.Training);
        ConditionSet? speakers = speaker is { } column ? SpeakersOf(data, column) : null;
        AudioVqVae network = codec.CreateNetwork(quantizer, speakers?.Count ?? 0, seed);
        UtteranceStore store;
        try
        {
            store = UtteranceStore.Read(
                data, waveform, speaker is { } who ? (who, speakers!.AllKeys()) : null, network, options.CropCodes, seed,
                bySpeaker: speakers is not null && codec is MelCodecOptions { Normalisation: FeatureNormalisation.Speaker },
                training.CancellationToken);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        var task = new TrainingTask
        {
            Network = network,
            Examples = store.Count,
            ReadBatch = examples => store.ReadBatch(new BatchCrops(examples.Numbers, examples.Step)),
            Loss = (batch, moment) => Loss(network, store.ToBatch(batch), moment),
            Fingerprint = FingerprintOf(codec, quantizer, options, store, speakers, seed),
        };
        var description = new AudioModelDescription(codec, quantizer, speakers, options.PredictionBatchSize, seed);
        return NetworkTraining.Run(environment, task, training, device, Describe(store, codec, quantizer, speakers),
            () => new AudioModel(description, network, device));
    }

    // The network has to be told how many speakers there are before it can analyse waveforms.
    static ConditionSet SpeakersOf(IDataView data, DataViewSchema.Column column)
    {
        ConditionSet speakers = ConditionSet.Of(column);
        return speakers.WithRows(SpeakerReader.ReadAll(data, column, speakers.AllKeys()));
    }

    static StepLoss Loss(AudioVqVae network, AudioBatch batch, TrainingMoment moment)
    {
        network.Quantizer.EnableRestartsAt(moment.Fraction);
        VqVaeLosses losses = network.Losses(batch, moment.Step);
        return new StepLoss(losses.Total, new Dictionary<string, Tensor>
        {
            ["reconstruction"] = losses.Reconstruction,
            ["codebook"] = losses.Codebook,
            ["commitment"] = losses.Commitment,
        }, losses.Counts);
    }

    static string Describe(UtteranceStore store, AudioCodecOptions codec, VectorQuantizerOptions quantizer, ConditionSet? speakers)
    {
        double seconds = (double)store.Samples / codec.SampleRate, rate = (double)codec.SampleRate / codec.SamplesPerCode;
        string voices = speakers is null ? "" : string.Create(CultureInfo.InvariantCulture, $" of {speakers.Known.Count()} speakers");
        string empty = store.Empty == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {store.Empty} empty rows left out");
        return string.Create(CultureInfo.InvariantCulture,
            $"a VQ-VAE on {store.Utterances} utterances{voices}, {seconds:F0} s{empty}: {quantizer.Codes} codes, {rate:0.##} a second");
    }

    static string FingerprintOf(
        AudioCodecOptions codec, VectorQuantizerOptions quantizer, AudioVqVaeOptions options, UtteranceStore store, ConditionSet? speakers,
        int seed) => new SettingsFingerprint()
        .Add("Codec", codec, SavedAudioJson.Default.AudioCodecOptions)
        .Add("Quantizer", quantizer, SavedAudioJson.Default.VectorQuantizerOptions)
        .Add("crop codes", options.CropCodes).Add("utterances", store.Utterances).Add("speakers", speakers?.Count ?? 0)
        .Add("seed", seed) + (options.Training.CheckpointFolder is null ? "" : $"\naudio={store.Hash}");
}

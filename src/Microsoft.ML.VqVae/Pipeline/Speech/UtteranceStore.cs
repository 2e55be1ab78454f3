using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// All training utterances, read and checked in one pass. Batches consist of crops: utterances that are longer than a crop are
/// cropped at random, shorter ones are padded.
/// </summary>
internal sealed class UtteranceStore : IExampleStore, IDisposable
{
    readonly UtteranceFeatures _features;
    readonly RandomCrops _crops;
    readonly List<int> _speakers = [];

    UtteranceStore(UtteranceFeatures features, RandomCrops crops) => (_features, _crops) = (features, crops);

    /// <summary>Number of examples of an epoch: each utterance counts once per crop that is needed to cover it.</summary>
    public int Count => _crops.Count;

    public int RowOf(int example) => _crops.SequenceOf(example);

    public int Utterances => _features.Count;

    /// <summary>Number of rows without samples, which are ignored.</summary>
    public int Empty { get; private set; }

    public long Samples { get; private set; }

    /// <summary>The speaker of each row with samples; empty without a column of speakers.</summary>
    public IReadOnlyList<int> Speakers => _speakers;

    /// <summary>A digest of all waveforms and their speakers: features are computed by libtorch, and may differ in the last bit from
    /// processor to processor.</summary>
    public string? Content { get; private set; }

    /// <summary>Reads all rows; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="waveform">The column of waveforms.</param>
    /// <param name="speaker">The column of speakers, or null.</param>
    /// <param name="features">Receives the utterances; to be completed before the first batch.</param>
    /// <param name="cropCodes">The length of a crop in codes.</param>
    /// <param name="seed">The seed of the crops.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    public static UtteranceStore Read(
        IDataView data, DataViewSchema.Column waveform, CategoryColumn? speaker, UtteranceFeatures features, int cropCodes, int seed,
        CancellationToken cancellation)
    {
        // Crops longer than any utterance ask for whole ones.
        int cropLength = (int)Math.Min(int.MaxValue, (long)cropCodes * features.ValuesPerCode);
        var store = new UtteranceStore(features, new RandomCrops(cropLength, seed));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using DataViewRowCursor cursor = data.GetRowCursor(speaker is null ? [waveform] : [waveform, speaker.Column]);
        var waveforms = new WaveformGetter(cursor, waveform);
        CategoryGetter? speakers = speaker is null ? null : new CategoryGetter(speaker, cursor);
        while (UnreadableRow.MoveNext(cursor, cancellation))
        {
            float[] samples = waveforms.Read();
            if (samples.Length == 0)
            {
                store.Empty++;
                continue;
            }
            int? voice = speakers?.Read();
            if (voice is int known)
                store._speakers.Add(known);
            store.Add(samples, voice ?? 0, hash);
        }
        if (store.Utterances == 0)
        {
            throw new InvalidOperationException(store.Empty == 0
                ? $"The data view has no rows: there is nothing in column '{waveform.Name}' to train on."
                : $"All {store.Empty} rows of column '{waveform.Name}' are empty: there is nothing to train on.");
        }
        store.Content = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
        return store;
    }

    void Add(float[] samples, int speaker, IncrementalHash hash)
    {
        int number = _features.Count;
        StoredUtterance utterance = _features.Add(samples, speaker);
        _crops.Add(number, utterance.Length);
        Samples += samples.Length;
        hash.AppendData(BitConverter.GetBytes(samples.Length));
        hash.AppendData(MemoryMarshal.AsBytes(samples.AsSpan()));
        hash.AppendData(BitConverter.GetBytes(speaker));
    }

    /// <summary>Crops of the examples: inputs [B, C, T], lengths Int64 [B], normalizers [B, 1 + C, C], then targets [B, C', T] and speakers
    /// Int64 [B] if the network uses them.</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        (StoredUtterance Utterance, Crop Crop)[] parts =
            [.. _crops.Choose(examples, _features[0].Views.Count).Select(crop => (_features[crop.Sequence], crop))];
        int width = SequenceTensors.RoundUp(parts.Max(part => part.Crop.Length), _features.ValuesPerCode);
        List<Tensor> tensors =
        [
            SequenceTensors.Values(
                [.. parts.Select(part => (part.Utterance.Views[part.Crop.View].Values, part.Crop.Start, part.Crop.Length))],
                _features.Channels, width),
            tensor(parts.Select(part => (long)part.Crop.Length).ToArray()),
            AudioTensors.Normalizers([.. parts.Select(part => _features.NormalizerOf(part.Utterance, part.Crop.View))], _features.Channels),
        ];
        if (parts[0].Utterance.Target is { } first)
        {
            tensors.Add(SequenceTensors.Values(
                [.. parts.Select(part => (part.Utterance.Target!.Values, part.Crop.Start, part.Crop.Length))],
                first.Statistics.Means.Length, width));
        }
        if (_features.HasSpeakers)
            tensors.Add(tensor(parts.Select(part => (long)part.Utterance.Speaker).ToArray()));
        return [.. tensors];
    }

    public void Dispose() => _features.Memory.Dispose();
}

/// <summary>
/// The features of all training utterances, adapted to one another if the codec does so, with statistics per speaker, which are passed to
/// the network.
/// </summary>
/// <param name="network">The network that analyzes waveforms and receives the statistics.</param>
/// <param name="bySpeaker">Whether inputs are normalized by speaker instead of by utterance.</param>
/// <param name="memoryLimit">Bytes of features that may lie in memory.</param>
internal sealed class UtteranceFeatures(AudioVqVae network, bool bySpeaker, long memoryLimit)
{
    readonly List<StoredUtterance> _utterances = [];
    // By speaker and view.
    float[,][] _normalizers = new float[0, 0][];

    public int Count => _utterances.Count;

    /// <summary>The memory of the features.</summary>
    public DataMemory Memory { get; } = new(memoryLimit);

    public StoredUtterance this[int index] => _utterances[index];

    /// <summary>Number of values of an input at a time.</summary>
    public int Channels => network.Channels;

    /// <summary>Number of input times that a code covers.</summary>
    public int ValuesPerCode => network.ValuesPerCode;

    /// <summary>Whether the decoder is conditioned on speakers.</summary>
    public bool HasSpeakers => network.Speakers > 0;

    /// <summary>Analyzes a waveform of at least one sample.</summary>
    /// <param name="samples">The waveform.</param>
    /// <param name="speaker">The number of the speaker, 0 without speakers.</param>
    public StoredUtterance Add(ReadOnlySpan<float> samples, int speaker)
    {
        (IReadOnlyList<AudioFeatures> views, AudioFeatures? target) = network.AnalyseExample(samples);
        var utterance = new StoredUtterance(new AudioExample([.. views.Select(Keep)], target is null ? null : Keep(target)), speaker);
        _utterances.Add(utterance);
        return utterance;
    }

    AudioFeatures Keep(AudioFeatures features) => features with { Values = Memory.Keep(features.Values) };

    /// <summary>Adapts the utterances and computes the statistics of the speakers, after all utterances are added.</summary>
    /// <param name="isWarmStart">Whether the network has the statistics of earlier training, which it keeps where there are no speakers,
    /// and for speakers without utterances.</param>
    /// <param name="cancellation">Cancels the work.</param>
    public void Complete(bool isWarmStart, CancellationToken cancellation)
    {
        IReadOnlyList<AudioExample> adapted = network.Adapt([.. _utterances.Select(utterance => utterance.Example)], cancellation);
        for (int i = 0; i < adapted.Count; i++)
            _utterances[i] = new StoredUtterance(adapted[i], _utterances[i].Speaker);
        if (!isWarmStart || HasSpeakers)
            Measure(isWarmStart);
    }

    /// <summary>The normalizer of a view of an utterance, [1 + C, C] row by row. Not thread-safe.</summary>
    public float[] NormalizerOf(StoredUtterance utterance, int view) => bySpeaker
        ? _normalizers[utterance.Speaker, view]
        : utterance.Normalizers[view] ??= network.NormaliserOf(utterance.Views[view]);

    // The network keeps the statistics of unwarped views; those of warped views are used in training only.
    void Measure(bool isWarmStart)
    {
        int speakers = Math.Max(1, network.Speakers), views = _utterances[0].Views.Count;
        bool hasTargets = _utterances[0].Target is not null;
        var inputs = new FeatureStatistics?[speakers];
        var targets = new FeatureStatistics?[hasTargets ? speakers : 0];
        _normalizers = new float[speakers, views][];
        for (int speaker = 0; speaker < speakers; speaker++)
        {
            List<StoredUtterance> own = _utterances.FindAll(utterance => utterance.Speaker == speaker);
            if (own.Count == 0 && isWarmStart)
                continue;
            // A key without rows: that speaker cannot be requested, but the tensors have a place for it.
            own = own.Count == 0 ? _utterances : own;
            for (int view = views - 1; view >= 0; view--)
            {
                FeatureStatistics ofView = FeatureStatistics.Of([.. own.Select(utterance => utterance.Views[view].Statistics)]);
                (inputs[speaker], _normalizers[speaker, view]) = (ofView, network.NormaliserOf(ofView));
            }
            if (hasTargets)
                targets[speaker] = FeatureStatistics.Of([.. own.Select(utterance => utterance.Target!.Statistics)]);
        }
        network.SetSpeakerStatistics(inputs, targets);
    }
}

/// <summary>The features of one training utterance.</summary>
/// <param name="Example">The possible inputs of the encoder, and the target of the decoder.</param>
/// <param name="Speaker">The number of the speaker, 0 without speakers.</param>
internal sealed record StoredUtterance(AudioExample Example, int Speaker)
{
    public IReadOnlyList<AudioFeatures> Views => Example.Views;

    public AudioFeatures? Target => Example.Target;

    /// <summary>Number of frames or samples; the same for all views and the target.</summary>
    public int Length => Views[0].Length;

    /// <summary>The normalizer of each view on its own, computed on first use.</summary>
    public float[]?[] Normalizers { get; } = new float[Example.Views.Count][];
}

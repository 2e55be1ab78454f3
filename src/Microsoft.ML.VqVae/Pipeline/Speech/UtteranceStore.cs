using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// All training utterances in memory, read, checked and analysed in one pass. Batches are made of crops: an utterance that is longer than a
/// crop is cut at random, a shorter one filled up.
/// </summary>
internal sealed class UtteranceStore
{
    // Streams of random numbers: crops of a step, and those that every validation sees.
    const long CropStream = 1L << 41, ValidationStream = 1L << 42;

    /// <param name="Example">What the encoder may be given, and what the decoder is to give.</param>
    /// <param name="Speaker">The speaker's number, 0 where there are none.</param>
    sealed record Utterance(AudioExample Example, int Speaker)
    {
        public IReadOnlyList<AudioFeatures> Views => Example.Views;

        public AudioFeatures? Target => Example.Target;

        /// <summary>What normalises each view by itself, once it was asked for.</summary>
        public float[]?[] Normalisers { get; } = new float[Example.Views.Count][];
    }

    readonly List<Utterance> _utterances = [];
    readonly List<int> _examples = [];
    readonly AudioVqVae _network;
    readonly int _cropCodes;
    readonly int _seed;
    readonly bool _bySpeaker;
    float[,][] _speakers = new float[0, 0][];

    UtteranceStore(AudioVqVae network, int cropCodes, int seed, bool bySpeaker) =>
        (_network, _cropCodes, _seed, _bySpeaker) = (network, cropCodes, seed, bySpeaker);

    /// <summary>How many examples an epoch has: an utterance counts once for each crop that it takes to cover it.</summary>
    public int Count => _examples.Count;

    public int Utterances => _utterances.Count;

    /// <summary>Rows without a sample, which were left out.</summary>
    public int Empty { get; private set; }

    public long Samples { get; private set; }

    /// <summary>A digest of all that is trained on.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>Reads and analyses all rows; throws at the first that is not fit for training, and where there is none.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="waveform">The column of waveforms.</param>
    /// <param name="speaker">The column of speakers with what its keys mean, or null.</param>
    /// <param name="network">The network, which is told the statistics of its speakers.</param>
    /// <param name="cropCodes">The length of a crop in codes.</param>
    /// <param name="seed">Decides where utterances are cut.</param>
    /// <param name="bySpeaker">Whether inputs are normalised by speaker.</param>
    /// <param name="cancellation">Ends the reading early.</param>
    public static UtteranceStore Read(
        IDataView data, DataViewSchema.Column waveform, (DataViewSchema.Column Column, ConditionKeys Keys)? speaker,
        AudioVqVae network, int cropCodes, int seed, bool bySpeaker, CancellationToken cancellation)
    {
        var store = new UtteranceStore(network, cropCodes, seed, bySpeaker);
        using DataViewRowCursor cursor = data.GetRowCursor(speaker is { } voices ? [waveform, voices.Column] : [waveform]);
        var reader = new WaveformReader(network, cursor, waveform, capacity: 0);
        SpeakerReader? speakers = speaker is null ? null
            : new SpeakerReader(speaker.Value.Keys, required: true, cursor, speaker.Value.Column, capacity: 0);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            float[] samples = reader.Read();
            if (samples.Length == 0)
            {
                store.Empty++;
                continue;
            }
            store.Add(samples, speakers?.Read() ?? 0);
        }
        if (store.Utterances == 0)
        {
            throw new InvalidOperationException(store.Empty == 0
                ? $"The data view has no rows: there is nothing in column '{waveform.Name}' to train on."
                : $"All {store.Empty} rows of column '{waveform.Name}' are empty: there is nothing to train on.");
        }
        store.Hash = store.Digest();
        store.Adapt(cancellation);
        store.Measure();
        return store;
    }

    void Add(float[] samples, int speaker)
    {
        AudioExample example = _network.AnalyseExample(samples);
        int crops = (example.Views[0].Length + _cropCodes * _network.ValuesPerCode - 1) / (_cropCodes * _network.ValuesPerCode);
        _examples.AddRange(Enumerable.Repeat(_utterances.Count, crops));
        _utterances.Add(new Utterance(example, speaker));
        Samples += samples.Length;
    }

    void Adapt(CancellationToken cancellation)
    {
        IReadOnlyList<AudioExample> adapted = _network.Adapt([.. _utterances.Select(utterance => utterance.Example)], cancellation);
        for (int i = 0; i < adapted.Count; i++)
            _utterances[i] = new Utterance(adapted[i], _utterances[i].Speaker);
    }

    // The network keeps the statistics of what it will see; those of warped views are for training alone.
    void Measure()
    {
        int speakers = Math.Max(1, _network.Speakers), views = _utterances[0].Views.Count;
        var inputs = new FeatureStatistics[speakers];
        var targets = new List<FeatureStatistics>();
        _speakers = new float[speakers, views][];
        for (int speaker = 0; speaker < speakers; speaker++)
        {
            List<Utterance> own = _utterances.FindAll(utterance => utterance.Speaker == speaker);
            // A key without rows: nobody can ask for that speaker, but the tensors have a place for them.
            own = own.Count == 0 ? _utterances : own;
            for (int view = views - 1; view >= 0; view--)
            {
                inputs[speaker] = FeatureStatistics.Of([.. own.Select(utterance => utterance.Views[view].Statistics)]);
                _speakers[speaker, view] = _network.NormaliserOf(inputs[speaker]);
            }
            if (_utterances[0].Target is not null)
                targets.Add(FeatureStatistics.Of([.. own.Select(utterance => utterance.Target!.Statistics)]));
        }
        _network.SetSpeakerStatistics(inputs, targets);
    }

    /// <summary>Crops of the examples as tensors, to be given to <see cref="ToBatch"/>.</summary>
    public Tensor[] ReadBatch(BatchCrops crops)
    {
        ReadOnlySpan<int> examples = crops.Examples.Span;
        var chosen = new (Utterance Utterance, int View, int Start, int Length)[examples.Length];
        int longest = 0, crop = _cropCodes * _network.ValuesPerCode;
        Span<float> draws = stackalloc float[2];
        for (int row = 0; row < chosen.Length; row++)
        {
            Utterance utterance = _utterances[_examples[examples[row]]];
            bool training = crops.Step is not null;
            // Rows of a step draw from streams of their own, and so does every held-out example.
            SeededRandom.Uniforms(
                _seed, training ? CropStream + crops.Step!.Value * examples.Length + row : ValidationStream + examples[row], draws);
            int length = Math.Min(crop, utterance.Views[0].Length);
            chosen[row] = (utterance, training ? (int)(draws[0] * utterance.Views.Count) : 0,
                (int)(draws[1] * (utterance.Views[0].Length - length + 1)), length);
            longest = Math.Max(longest, length);
        }
        int width = AudioTensors.RoundUp(longest, _network.ValuesPerCode);
        List<Tensor> tensors =
        [
            AudioTensors.Values([.. chosen.Select(c => (c.Utterance.Views[c.View].Values, c.Start, c.Length))], _network.Channels, width),
            tensor(chosen.Select(c => (long)c.Length).ToArray()),
            AudioTensors.Normalisers([.. chosen.Select(c => _bySpeaker
                ? _speakers[c.Utterance.Speaker, c.View]
                : c.Utterance.Normalisers[c.View] ??= _network.NormaliserOf(c.Utterance.Views[c.View]))], _network.Channels),
        ];
        if (chosen[0].Utterance.Target is { } first)
        {
            tensors.Add(AudioTensors.Values(
                [.. chosen.Select(c => (c.Utterance.Target!.Values, c.Start, c.Length))], first.Statistics.Means.Length, width));
        }
        if (_network.Speakers > 0)
            tensors.Add(tensor(chosen.Select(c => (long)c.Utterance.Speaker).ToArray()));
        return [.. tensors];
    }

    /// <summary>The batch that tensors of <see cref="ReadBatch"/> are.</summary>
    public AudioBatch ToBatch(Tensor[] tensors)
    {
        int next = 3;
        Tensor? targets = _utterances[0].Target is null ? null : tensors[next++];
        return new AudioBatch(tensors[0], tensors[1], tensors[2], targets, _network.Speakers > 0 ? tensors[next] : null);
    }

    // Of the features as they are: what they are brought to may differ in the last bit from machine to machine.
    string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Utterance utterance in _utterances)
        {
            hash.AppendData(MemoryMarshal.AsBytes(utterance.Views[0].Values.AsSpan()));
            hash.AppendData(BitConverter.GetBytes(utterance.Speaker));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

/// <summary>What to crop: which examples, and for which step; null for those that are held out.</summary>
internal readonly record struct BatchCrops(ReadOnlyMemory<int> Examples, long? Step);

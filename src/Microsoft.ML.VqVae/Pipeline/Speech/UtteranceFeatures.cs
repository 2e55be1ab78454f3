using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The features of all training utterances: analyzed, adapted to one another where the codec does so, and measured speaker by speaker. The
/// network is told the statistics of its speakers.
/// </summary>
/// <param name="network">The network that analyzes waveforms and receives the statistics.</param>
/// <param name="bySpeaker">Whether inputs are normalized by speaker instead of by utterance.</param>
internal sealed class UtteranceFeatures(AudioVqVae network, bool bySpeaker)
{
    readonly List<StoredUtterance> _utterances = [];
    // By speaker and view.
    float[,][] _normalizers = new float[0, 0][];

    public int Count => _utterances.Count;

    public StoredUtterance this[int index] => _utterances[index];

    /// <summary>Number of values of an input at a time.</summary>
    public int Channels => network.Channels;

    /// <summary>Number of input times that a code covers.</summary>
    public int ValuesPerCode => network.ValuesPerCode;

    /// <summary>Whether the decoder is conditioned on speakers.</summary>
    public bool HasSpeakers => network.Speakers > 0;

    /// <summary>Analyzes a waveform of at least one sample.</summary>
    /// <param name="samples">The waveform.</param>
    /// <param name="speaker">The number of the speaker, 0 where there are none.</param>
    public StoredUtterance Add(ReadOnlySpan<float> samples, int speaker)
    {
        var utterance = new StoredUtterance(network.AnalyseExample(samples), speaker);
        _utterances.Add(utterance);
        return utterance;
    }

    /// <summary>Adapts the utterances and computes the statistics of the speakers, once all utterances are there.</summary>
    public void Complete(CancellationToken cancellation)
    {
        IReadOnlyList<AudioExample> adapted = network.Adapt([.. _utterances.Select(utterance => utterance.Example)], cancellation);
        for (int i = 0; i < adapted.Count; i++)
            _utterances[i] = new StoredUtterance(adapted[i], _utterances[i].Speaker);
        Measure();
    }

    /// <summary>The normalizer of a view of an utterance, [1 + C, C] row by row. Not safe for several threads at once.</summary>
    public float[] NormalizerOf(StoredUtterance utterance, int view) => bySpeaker
        ? _normalizers[utterance.Speaker, view]
        : utterance.Normalizers[view] ??= network.NormaliserOf(utterance.Views[view]);

    // The network keeps the statistics of unwarped views; those of warped views serve the training alone.
    void Measure()
    {
        int speakers = Math.Max(1, network.Speakers), views = _utterances[0].Views.Count;
        var inputs = new FeatureStatistics[speakers];
        var targets = new List<FeatureStatistics>();
        _normalizers = new float[speakers, views][];
        for (int speaker = 0; speaker < speakers; speaker++)
        {
            List<StoredUtterance> own = _utterances.FindAll(utterance => utterance.Speaker == speaker);
            // A key without rows: that speaker cannot be requested, but the tensors have a place for it.
            own = own.Count == 0 ? _utterances : own;
            for (int view = views - 1; view >= 0; view--)
            {
                inputs[speaker] = FeatureStatistics.Of([.. own.Select(utterance => utterance.Views[view].Statistics)]);
                _normalizers[speaker, view] = network.NormaliserOf(inputs[speaker]);
            }
            if (_utterances[0].Target is not null)
                targets.Add(FeatureStatistics.Of([.. own.Select(utterance => utterance.Target!.Statistics)]));
        }
        network.SetSpeakerStatistics(inputs, targets);
    }
}

/// <summary>The features of one training utterance.</summary>
/// <param name="Example">The possible inputs of the encoder, and the target of the decoder.</param>
/// <param name="Speaker">The number of the speaker, 0 where there are none.</param>
internal sealed record StoredUtterance(AudioExample Example, int Speaker)
{
    public IReadOnlyList<AudioFeatures> Views => Example.Views;

    public AudioFeatures? Target => Example.Target;

    /// <summary>Number of frames or samples; the same for all views and the target.</summary>
    public int Length => Views[0].Length;

    /// <summary>The normalizer of each view by itself, computed on first use.</summary>
    public float[]?[] Normalizers { get; } = new float[Example.Views.Count][];
}

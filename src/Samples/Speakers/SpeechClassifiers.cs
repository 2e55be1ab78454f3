using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>
/// Two linear classifiers, of voices and of phones, that are trained on log-mel spectra of recordings only and evaluate decoded speech.
/// </summary>
internal sealed class SpeechClassifiers(MLContext ml) : IDisposable
{
    /// <summary>The number of 10 ms frames that are averaged, and the number of such averages in the window of the classifier of
    /// phones.</summary>
    const int FramesPerMoment = 4, Moments = 7;

    /// <summary>The number of cosine coefficients per frame for the classifier of phones; they are less correlated than mel
    /// bands.</summary>
    const int Cosines = 24;

    const int SpeakerSize = 2 * Spectrogram.Bands, PhoneSize = Moments * Cosines;

    readonly MelSpectrogram _mel = new();
    readonly Mfcc _cosines = new(new MfccOptions { Coefficients = Cosines });
    ITransformer? _speakers, _phones;

    public void TrainSpeakers(IEnumerable<Spoken> recordings) =>
        _speakers = Classifier(strength: 1e-2f).Fit(ml.Data.Cache(ml.Data.LoadFromEnumerable(recordings.Select(SpeakerOf))));

    public void TrainPhones(IEnumerable<Spoken> recordings) =>
        _phones = Classifier(strength: 0.1f).Fit(ml.Data.Cache(ml.Data.LoadFromEnumerable(recordings.SelectMany(PhonesOf))));

    /// <summary>The predicted voice of each sound.</summary>
    public string[] Speakers(IEnumerable<Spoken> sounds) =>
        [.. ml.Data.CreateEnumerable<Prediction>(
                _speakers!.Transform(ml.Data.LoadFromEnumerable(sounds.Select(SpeakerOf))), reuseRowObject: true)
            .Select(row => row.PredictedLabel)];

    /// <summary>The accuracy of the predicted phones.</summary>
    public double PhoneAccuracy(IEnumerable<Spoken> sounds) =>
        ml.MulticlassClassification.Evaluate(_phones!.Transform(ml.Data.LoadFromEnumerable(sounds.SelectMany(PhonesOf)))).MicroAccuracy;

    /// <summary>The same for sounds whose labels may name phones in another way than the training data; see
    /// <see cref="PhoneOrder.CommonName"/>.</summary>
    public PhoneScore ScorePhones(IEnumerable<Spoken> sounds)
    {
        PhoneRow[] rows = [.. sounds.SelectMany(PhonesOf)];
        (string Spoken, string Predicted)[] pairs = [.. rows.Zip(
            ml.Data.CreateEnumerable<Prediction>(_phones!.Transform(ml.Data.LoadFromEnumerable(rows)), reuseRowObject: true),
            (row, predicted) => (PhoneOrder.CommonName(row.Class), PhoneOrder.CommonName(predicted.PredictedLabel)))];
        pairs = [.. pairs.Where(pair => pair.Spoken.Length > 0)];
        return new PhoneScore(
            Right(pairs), Right([.. pairs.Where(pair => !PhoneOrder.IsSilence(pair.Spoken))]),
            pairs.CountBy(pair => pair.Spoken).Max(pair => pair.Value) / (double)pairs.Length);

        static double Right((string Spoken, string Predicted)[] pairs) =>
            pairs.Count(pair => pair.Spoken == pair.Predicted) / (double)Math.Max(1, pairs.Length);
    }

    public void Dispose()
    {
        _mel.Dispose();
        _cosines.Dispose();
    }

    EstimatorChain<KeyToValueMappingTransformer> Classifier(float strength) =>
        LinearClassifier.Create(ml, nameof(SpeakerRow.Class), strength, tolerance: 1e-5f);

    /// <summary>Mean and deviation of each band over the utterance.</summary>
    SpeakerRow SpeakerOf(Spoken spoken)
    {
        float[,] frames = _mel.Compute(spoken.Waveform);
        int count = frames.GetLength(0);
        float[] features = new float[SpeakerSize];
        for (int band = 0; band < Spectrogram.Bands; band++)
        {
            double sum = 0, squares = 0;
            for (int frame = 0; frame < count; frame++)
            {
                sum += frames[frame, band];
                squares += (double)frames[frame, band] * frames[frame, band];
            }
            double mean = sum / count;
            features[band] = (float)(mean / 4);
            features[Spectrogram.Bands + band] = (float)(Math.Sqrt(Math.Max(0, squares / count - mean * mean)) / 4);
        }
        return new SpeakerRow { Features = features, Class = spoken.Voice };
    }

    /// <summary>One row per 40 ms: the surrounding spectra, normalized over the utterance to remove the voice.</summary>
    IEnumerable<PhoneRow> PhonesOf(Spoken spoken)
    {
        float[,] frames = _cosines.Compute(spoken.Waveform);
        int count = frames.GetLength(0), moments = count / FramesPerMoment, label = 0;
        float[,] means = new float[moments, Cosines];
        for (int cosine = 0; cosine < Cosines; cosine++)
        {
            double mean = 0, square = 0;
            for (int frame = 0; frame < count; frame++)
            {
                mean += (double)frames[frame, cosine] / count;
                square += (double)frames[frame, cosine] * frames[frame, cosine] / count;
            }
            double deviation = Math.Max(1e-3, Math.Sqrt(Math.Max(0, square - mean * mean)));
            for (int frame = 0; frame < moments * FramesPerMoment; frame++)
                means[frame / FramesPerMoment, cosine] += (float)((frames[frame, cosine] - mean) / deviation / FramesPerMoment);
        }
        for (int moment = 0; moment < moments; moment++)
        {
            double time = (moment + 0.5) * FramesPerMoment * Spectrogram.SecondsPerFrame;
            while (label < spoken.Of.Labels.Length - 1 && spoken.Of.LabelEnds[label] <= time)
                label++;
            float[] features = new float[PhoneSize];
            for (int near = 0; near < Moments; near++)
            {
                int from = Math.Clamp(moment + near - Moments / 2, 0, moments - 1);
                for (int cosine = 0; cosine < Cosines; cosine++)
                    features[near * Cosines + cosine] = means[from, cosine];
            }
            yield return new PhoneRow { Features = features, Class = spoken.Of.Labels[label] };
        }
    }

    /// <param name="Accuracy">The accuracy on all moments with a label.</param>
    /// <param name="WithoutSilence">The accuracy on those whose label is no silence.</param>
    /// <param name="Chance">The share of the most frequent label.</param>
    public sealed record PhoneScore(double Accuracy, double WithoutSilence, double Chance);

    sealed class SpeakerRow
    {
        [VectorType(SpeakerSize)]
        public float[] Features { get; set; } = [];

        public string Class { get; set; } = "";
    }

    sealed class PhoneRow
    {
        [VectorType(PhoneSize)]
        public float[] Features { get; set; } = [];

        public string Class { get; set; } = "";
    }

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";
    }
}

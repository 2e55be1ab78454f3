using Microsoft.ML.VqVae.Codecs;

namespace Microsoft.ML.VqVae.Rows;

/// <summary>Mean and standard deviation of each feature over several utterances.</summary>
internal sealed record AudioFeatureStatistics(float[] Means, float[] Deviations)
{
    const double LeastDeviation = 1e-3;

    public IEnumerable<float> Numbers => Means.Concat(Deviations);

    /// <summary>Combined from the utterances' own; 0 and 1 where there is none.</summary>
    public static AudioFeatureStatistics Of(IReadOnlyList<AudioFeatures> utterances)
    {
        double frames = utterances.Sum(utterance => (double)utterance.Length);
        int channels = utterances.Count == 0 ? 0 : utterances[0].Means.Length;
        var means = new float[channels];
        var deviations = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            double mean = utterances.Sum(utterance => utterance.Length * (double)utterance.Means[channel]) / frames;
            double variance = utterances.Sum(utterance => utterance.Length
                * (Math.Pow(utterance.Deviations[channel], 2) + Math.Pow(utterance.Means[channel] - mean, 2))) / frames;
            (means[channel], deviations[channel]) = ((float)mean, (float)Math.Max(LeastDeviation, Math.Sqrt(variance)));
        }
        return new AudioFeatureStatistics(means, deviations);
    }
}

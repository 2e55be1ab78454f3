using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Features of whole utterances, which are classified by their sentence: each voice in turn is the test data, the labelled utterances
/// are those of the other voices.</summary>
internal sealed class SentenceFeatures(MLContext ml, string data, IReadOnlyList<SpokenFeatures> utterances, int seed)
{
    /// <returns>The accuracies, the means over the voices; none where voices share no sentences.</returns>
    public IReadOnlyList<FeatureCell> Measure(CancellationToken cancellation)
    {
        int voices = utterances.Select(utterance => utterance.Row.Speaker).Distinct().Count();
        // The sentences that every voice has said.
        SpokenFeatures[] shared = [.. utterances.Where(utterance => utterance.Row.Text.Length > 0).GroupBy(utterance => utterance.Row.Text)
            .Where(sentence => sentence.Select(utterance => utterance.Row.Speaker).Distinct().Count() == voices).SelectMany(group => group)];
        if (voices < 2 || shared.Length == 0)
            return [];
        return
        [
            Cell("cepstra, mean and deviation", utterance => utterance.CepstraStatistics()),
            Cell("bag of codes", utterance => utterance.BagOfCodes()),
            Cell("features, mean", utterance => utterance.Mean()),
        ];

        FeatureCell Cell(string name, Func<SpokenFeatures, VBuffer<float>> read)
        {
            FeatureCell[] folds = [.. shared.GroupBy(utterance => utterance.Row.Speaker).Select(voice =>
            {
                SpokenFeatures[] others = [.. shared.Where(utterance => utterance.Row.Speaker != voice.Key)];
                var curves = new LabelCurves(
                    ml, $"{data}, sentences of an unlabeled voice", [.. others.Select(other => other.Row.Text)],
                    [.. voice.Select(one => one.Row.Text)], [others.Length], seed, draws: 1);
                curves.Measure(new FeatureSet(name, [.. others.Select(read)], [.. voice.Select(read)]).Standardized(), cancellation);
                return curves.Cells[0];
            })];
            return folds[0] with
            {
                Accuracy = folds.Average(fold => fold.Accuracy),
                Spread = folds.Max(fold => fold.Accuracy) - folds.Min(fold => fold.Accuracy),
                Draws = folds.Length,
            };
        }
    }
}

/// <summary>An utterance with the cepstra of its frames.</summary>
/// <param name="Row">The row of the pipeline.</param>
/// <param name="Cepstra">The cepstra: frames × coefficients.</param>
/// <param name="Codes">The number of different codes.</param>
internal sealed record SpokenFeatures(Spoken Row, float[,] Cepstra, int Codes)
{
    /// <summary>The mean and the deviation of each coefficient over the frames.</summary>
    public VBuffer<float> CepstraStatistics()
    {
        (int frames, int coefficients) = (Cepstra.GetLength(0), Cepstra.GetLength(1));
        float[] statistics = new float[2 * coefficients];
        for (int coefficient = 0; coefficient < coefficients; coefficient++)
        {
            double sum = 0, squares = 0;
            for (int frame = 0; frame < frames; frame++)
            {
                double value = Cepstra[frame, coefficient];
                (sum, squares) = (sum + value, squares + value * value);
            }
            double mean = sum / frames;
            statistics[coefficient] = (float)mean;
            statistics[coefficients + coefficient] = (float)Math.Sqrt(Math.Max(0, squares / frames - mean * mean));
        }
        return new VBuffer<float>(statistics.Length, statistics);
    }

    /// <summary>The share of each code among those of the utterance.</summary>
    public VBuffer<float> BagOfCodes()
    {
        float[] shares = new float[Codes];
        foreach (uint key in Row.Codes.Where(key => key > 0))
            shares[key - 1] += 1f / Row.Codes.Length;
        return new VBuffer<float>(shares.Length, shares);
    }

    public VBuffer<float> Mean() => new(Row.Mean.Length, Row.Mean);
}

using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>Anomalies: images with their rows of pixels in random order, and the measure of how well a score detects them.</summary>
internal static class ShuffledRows
{
    public static LabelledImage Of(LabelledImage image, ImageShape shape, int seed)
    {
        int[] order = [.. Enumerable.Range(0, shape.Height)];
        new Random(seed).Shuffle(order);
        float[] pixels = new float[shape.Values];
        for (int channel = 0; channel < shape.Channels; channel++)
        {
            for (int y = 0; y < shape.Height; y++)
            {
                int from = (channel * shape.Height + order[y]) * shape.Width, to = (channel * shape.Height + y) * shape.Width;
                image.Pixels.AsSpan(from, shape.Width).CopyTo(pixels.AsSpan(to));
            }
        }
        return new LabelledImage { Pixels = pixels, Class = image.Class };
    }

    /// <summary>The area under the ROC curve of scores that should be higher for anomalies; ties count half.</summary>
    public static double AreaUnderCurve(MLContext ml, IEnumerable<float> normal, IEnumerable<float> anomalous)
    {
        IEnumerable<ScoredRow> rows = [.. normal.Select(score => new ScoredRow { Score = score }),
            .. anomalous.Select(score => new ScoredRow { Label = true, Score = score })];
        return ml.BinaryClassification.EvaluateNonCalibrated(ml.Data.LoadFromEnumerable(rows)).AreaUnderRocCurve;
    }

    /// <summary>The columns that ML.NET's evaluation of binary classifiers requires.</summary>
    sealed class ScoredRow
    {
        public bool Label { get; set; }

        public float Score { get; set; }

        public bool PredictedLabel { get; set; }
    }
}

using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The predictions of a model for images, as text that can be compared exactly across processes.</summary>
internal static class ImagePredictions
{
    /// <summary>The hidden command of the second process.</summary>
    public const string Verb = "predict";

    /// <summary>One line per row: the predicted class, its scores, the codes. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, IDataView images, int rows) => ml.Data
        .CreateEnumerable<Prediction>(model.Transform(images), reuseRowObject: true).Take(rows)
        .Select(row => string.Join('\t',
            row.PredictedLabel,
            string.Join(' ', row.Score.Select(score => score.ToString("R", CultureInfo.InvariantCulture))),
            string.Join(' ', row.Codes)));

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];

        public uint[] Codes { get; set; } = [];
    }
}

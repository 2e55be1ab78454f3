using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Writes what a model says of pictures as lines of text that can be compared exactly, here or in another process.</summary>
internal static class Predictions
{
    /// <summary>A line a row: the predicted class, its scores, the codes. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, IDataView images, int rows) => ml.Data
        .CreateEnumerable<Prediction>(model.Transform(images), reuseRowObject: true).Take(rows)
        .Select(row => string.Join('\t',
            row.PredictedLabel,
            string.Join(' ', row.Score.Select(score => score.ToString("R", CultureInfo.InvariantCulture))),
            string.Join(' ', row.Codes)));

    /// <summary>Has a new process of this program load the model and predict the same rows. Returns its lines.</summary>
    public static string[] LinesOfNewProcess(string modelFile, ImagesSettings settings, int rows, CancellationToken cancellation) =>
        NewProcess.Lines($"which loads '{modelFile}'", file =>
        [
            "predict", "--model", modelFile, "--rows", rows.ToString(CultureInfo.InvariantCulture), "--out", file,
            "--device", settings.Cuda ? "cuda" : "cpu", .. settings.DataFolder is { } folder ? (string[])["--data", folder] : [],
        ],
        cancellation);

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];

        public uint[] Codes { get; set; } = [];
    }
}

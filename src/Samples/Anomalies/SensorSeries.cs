using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>Odd windows of a sensor series, found by the bits of their codes.</summary>
internal sealed class SensorSeries(MLContext ml, int steps, int seed, bool quick, Stages stages, CancellationToken cancellation)
{
    public (SeriesMetrics Metrics, Canvas Picture) Run()
    {
        int rows = quick ? 800 : 4_000, judgedRows = quick ? 200 : 1_000;
        IDataView normal = ml.Data.LoadFromEnumerable(SensorWindow.Normal(0, rows));
        // New normal windows, and odd ones.
        IDataView judged = ml.Data.LoadFromEnumerable(
            (SensorWindow[])[.. SensorWindow.Normal(rows, judgedRows), .. SensorWindow.Odd(rows + judgedRows, judgedRows)]);
        var codecOptions = new SeriesVqVaeOptions
        {
            Codec = { Channels = SensorWindow.Channels, Downsamplings = 2 },
            ReconstructionErrorColumnName = "Error",
            Training = { Steps = steps, Seed = seed },
        };
        using SeriesVqVaeTransformer codec = stages.Train("Series: train the codec", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeSeries("Codes", "Window", codecOptions).Fit(normal), "windows");
        var options = new AnomalyDetectionOptions
        {
            Prior = { Training = { Steps = steps, Seed = seed } }, PerCodeColumnName = "BitsPerCode", RestoredCodesColumnName = "RestoredCodes",
        };
        using AnomalyDetectionTransformer detector = stages.Train("Series: train the prior", options.Prior.Training, cancellation,
            () => ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(ml.Data.Cache(codec.Transform(normal))), "windows");
        using SeriesVqVaeDecoderTransformer decoder = codec.Decoder("Restored", "RestoredCodes");
        IDataView scored = ml.Data.Cache(decoder.Transform(detector.Transform(codec.Transform(judged))));
        AreasUnderCurve areas = stages.Run($"Series: score {2 * judgedRows:N0} windows", _ => new AreasUnderCurve(
            ml.AnomalyDetection.Evaluate(scored).AreaUnderRocCurve,
            ml.AnomalyDetection.Evaluate(scored, scoreColumnName: "Error").AreaUnderRocCurve,
            RandomizedPca(normal, judged)));
        ShownWindow[] windows = [.. ml.Data.CreateEnumerable<ShownWindow>(scored, reuseRowObject: false)];
        ShownWindow[] shown = [.. SensorWindow.Kinds.Select(kind => windows.First(window => window.Kind == kind))];
        Canvas picture = AnomalyFigures.Windows("Odd windows of a sensor series", string.Create(CultureInfo.InvariantCulture,
            $"The detector has learned normal windows alone: more than {detector.Threshold:0.0} bits per code are an anomaly"),
            shown, detector.CodeThreshold, detector.Threshold);
        var metrics = new SeriesMetrics(areas, windows.Take(judgedRows).Average(window => window.PredictedLabel ? 1.0 : 0),
            windows.Skip(judgedRows).Average(window => window.PredictedLabel ? 1.0 : 0));
        return (metrics, picture);
    }

    // The scales of the sensors differ.
    double RandomizedPca(IDataView normal, IDataView judged)
    {
        ITransformer pca = ml.Transforms.NormalizeMeanVariance("Features", "Window")
            .Append(ml.AnomalyDetection.Trainers.RandomizedPca(new Trainers.RandomizedPcaTrainer.Options { Rank = 20, Seed = seed })).Fit(normal);
        return ml.AnomalyDetection.Evaluate(pca.Transform(judged)).AreaUnderRocCurve;
    }
}

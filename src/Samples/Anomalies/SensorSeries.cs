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

/// <summary>A window of the readings of two sensors of a machine, vibration and temperature, some of which are odd.</summary>
internal sealed class SensorWindow
{
    public const int Steps = 64, Channels = 2;

    public static readonly string[] Kinds = ["normal", "wrong order", "dropout", "bursts", "slow turn", "no cooling"];

    /// <summary>Step by step, the channels of a step side by side.</summary>
    [VectorType(Steps * Channels)]
    public float[] Window { get; set; } = [];

    /// <summary>1 for an odd window, 0 for a normal one.</summary>
    public float Label { get; set; }

    public string Kind { get; set; } = "";

    /// <summary>Makes normal windows.</summary>
    public static SensorWindow[] Normal(int first, int count) => [.. Enumerable.Range(first, count).Select(number => Make(number, 0))];

    /// <summary>Makes odd windows of all kinds in turn.</summary>
    public static SensorWindow[] Odd(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(number => Make(number, 1 + number % (Kinds.Length - 1)))];

    // The machine idles, runs and carries load, in this order and each for some time; load makes it warm, and the rest of the cycle cools it.
    // A window begins at any moment of the cycle.
    static SensorWindow Make(int number, int kind)
    {
        const int idle = 0, run = 1, load = 2, before = 48;
        var random = new Random(number);
        int mode = random.Next(3), left = random.Next(6, 24), oddFrom = random.Next(16, 36), oddSteps = random.Next(8, 16);
        double turn = random.NextDouble(), period = 7 + 2 * random.NextDouble(), warmth = 0;
        int direction = kind == 1 ? 2 : 1;
        float[] window = new float[Steps * Channels];
        // The steps before a window bring the temperature to where it is.
        for (int step = -before; step < Steps; step++, left--)
        {
            if (left == 0)
                (mode, left, turn) = ((mode + direction) % 3, random.Next(10, 24), 0);
            bool isOdd = step >= oddFrom && step < oddFrom + oddSteps;
            turn += 1 / (kind == 4 && step >= oddFrom ? 2 * period : period);
            bool cools = mode != load && !(kind == 5 && step > 0);
            warmth += mode == load ? 0.06 * (1.2 - warmth) : cools ? -0.08 * warmth : 0.03 * (1.2 - warmth);
            double vibration = mode switch
            {
                idle => 0,
                run => 0.7 * Math.Sin(2 * Math.PI * turn),
                _ => 1.3 * Math.Sin(2 * Math.PI * turn) + 0.5 * Math.Sin(6 * Math.PI * turn),
            };
            if (kind == 2 && isOdd)
                vibration = -1.5;
            if (kind == 3 && isOdd)
                vibration += step % 3 == 0 ? 1.0 : -0.3;
            // Noise is drawn for each step, so that normal and odd windows differ in what is odd alone.
            (double vibrationNoise, double warmthNoise) = (random.NextDouble() - 0.5, random.NextDouble() - 0.5);
            if (step < 0)
                continue;
            window[step * Channels] = (float)(vibration + 0.15 * vibrationNoise);
            window[step * Channels + 1] = (float)(60 + 10 * warmth + 0.5 * warmthNoise);
        }
        return new() { Window = window, Label = kind == 0 ? 0 : 1, Kind = Kinds[kind] };
    }
}

/// <summary>A window with what a detector says about it.</summary>
internal sealed class ShownWindow
{
    public float[] Window { get; set; } = [];

    public string Kind { get; set; } = "";

    public float Score { get; set; }

    public bool PredictedLabel { get; set; }

    public float[] BitsPerCode { get; set; } = [];

    public float[] Restored { get; set; } = [];
}

using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>
/// Detects images of a class that training left out, defects that are painted into images, and odd windows of a sensor series, by the bits of
/// their codes under a prior; measured against the codec's reconstruction error and ML.NET's RandomizedPca on the same rows.
/// </summary>
internal sealed class AnomaliesSample(AnomaliesSettings settings, CancellationToken cancellation)
    : Sample<AnomaliesSettings>(settings, cancellation)
{
    public const string Name = "anomalies";

    const int Shown = 10;

    protected override string Title => "Anomalies by the bits of codes";

    AnomaliesPlan Plan { get; } = AnomaliesPlan.For(settings);

    protected override SampleResult Work(Stages stages)
    {
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        LabelledImage[] train = Take(data.Train, Plan.TrainRows), test = Take(data.Test, Plan.TestRows);
        LeftOutClass[] classes = LeftOutClasses(data, train, test, stages);
        DefectMetrics defects = Defects(data, train, test, stages);
        (SeriesMetrics series, Canvas windows) =
            new SensorSeries(ML, Plan.SeriesSteps, Settings.Seed, Settings.Quick, stages, Cancellation).Run();
        Show(windows, "series.png", "Normal and odd windows of a series with the bits of their codes, and what is restored");
        AreasUnderCurve mean = AreasUnderCurve.Mean([.. classes.Select(found => found.Areas)]);
        var metrics = new AnomaliesMetrics
        {
            Seconds = Seconds,
            LeftOutClasses = [.. classes.Select(found => new LeftOutMetrics(found.Name, found.Areas))],
            LeftOutMean = mean,
            Defects = defects,
            Series = series,
        };
        Table table = TableOf("Area under the ROC curve", "bits of codes", "reconstruction error", "RandomizedPca");
        foreach (LeftOutClass found in classes)
            AddRow($"{found.Name} left out", found.Areas);
        if (classes.Length > 1)
            AddRow($"mean of {classes.Length} classes", mean);
        AddRow("painted defects", defects.Areas);
        AddRow("odd windows of a series", series.Areas);
        return new SampleResult(metrics, table, Text(
            $"{defects.HeatInDefect:P0} of the heat is in the defect, which is {defects.AreaOfDefect:P0} of the image. ") + Text(
            $"Restoring takes the difference within it from {defects.DifferenceBefore:0} to {defects.DifferenceAfter:0} levels"));

        void AddRow(string name, AreasUnderCurve areas) => table.AddRow(
            name, Text($"{areas.Bits:0.000}"), Text($"{areas.ReconstructionError:0.000}"), Text($"{areas.RandomizedPca:0.000}"));
    }

    LabelledImage[] Take(IDataView view, int rows) =>
        [.. ML.Data.CreateEnumerable<LabelledImage>(ML.Data.TakeRows(view, rows), reuseRowObject: false)];

    /// <summary>For each class a codec and a detector that have never seen it.</summary>
    LeftOutClass[] LeftOutClasses(ImageData data, LabelledImage[] train, LabelledImage[] test, Stages stages)
    {
        string[] names = [.. test.Select(image => image.Class).Distinct().Order(StringComparer.Ordinal)];
        List<LeftOutClass> found = [];
        List<AnomalyTiles> columns = [];
        foreach (string name in names.Take(Plan.Classes))
        {
            IDataView normal = JudgedImage.View(ML, data.Shape,
                train.Where(image => image.Class != name).Select(image => new JudgedImage { Pixels = image.Pixels }));
            IDataView judged = JudgedImage.View(ML, data.Shape,
                test.Select(image => new JudgedImage { Pixels = image.Pixels, Label = image.Class == name ? 1 : 0 }));
            var options = new AnomalyDetectionOptions { Prior = AnomaliesPlan.PriorOptions(Settings, Plan.PriorSteps) };
            using ImageDetector detector = ImageDetector.Train(ML, $"{name} left out", normal,
                AnomaliesPlan.CodecOptions(data, Settings, Plan.CodecSteps), options, stages, Cancellation);
            AreasUnderCurve areas = stages.Run($"{name} left out: score {test.Length:N0} images", _ =>
            {
                (AnomalyDetectionMetrics metrics, double error) = detector.Evaluate(ML, judged);
                return new AreasUnderCurve(metrics.AreaUnderRocCurve, error, ImageDetector.RandomizedPca(ML, normal, judged, Settings.Seed));
            });
            found.Add(new(name, areas));
            ShownAnomaly shown = detector.Show(ML, data.Shape, [test.First(image => image.Class == name).Pixels])[0];
            columns.Add(new(name, Tiles(shown, data.Shape),
                [Text($"{areas.Bits:0.000}"), Text($"{areas.ReconstructionError:0.000}"), Text($"{areas.RandomizedPca:0.000}")]));
        }
        Show(AnomalyFigures.Columns($"{data.Name}, one class left out of training",
            "Each column: an image of the class left out, the bits of its codes (red: unlikely), and unlikely codes sampled from the prior",
            data.Shape, ["left-out image", "heat map", "restored"], ["area under ROC: bits", "reconstruction error", "RandomizedPca"], columns),
            "left-out.png", "An image of each class that training left out, the heat map of its bits, and the restored image");
        return [.. found];
    }

    /// <summary>A detector of all classes, which defects are shown to.</summary>
    DefectMetrics Defects(ImageData data, LabelledImage[] train, LabelledImage[] test, Stages stages)
    {
        IDataView normal = JudgedImage.View(ML, data.Shape, train.Select(image => new JudgedImage { Pixels = image.Pixels }));
        LabelledImage[] clean = [.. test.Take(Plan.DefectRows)];
        DefectImage[] defects = [.. clean.Select((image, index) => PaintedDefects.Paint(image.Pixels, data.Shape, Settings.Seed + index))];
        IDataView judged = JudgedImage.View(ML, data.Shape,
            [.. clean.Select(image => new JudgedImage { Pixels = image.Pixels }),
                .. defects.Select(image => new JudgedImage { Pixels = image.Pixels, Label = 1 })]);
        // A defect is in few of the codes.
        var options = new AnomalyDetectionOptions
        {
            Prior = AnomaliesPlan.PriorOptions(Settings, Plan.DefectPriorSteps), ScoredShare = 0.1, CodeQuantile = 0.97,
        };
        using ImageDetector detector = ImageDetector.Train(ML, "Defects", normal,
            AnomaliesPlan.CodecOptions(data, Settings, Plan.DefectCodecSteps), options, stages, Cancellation);
        ML.Model.Save(new TransformerChain<ITransformer>(detector.Codec, detector.Detector), normal.Schema, Out("model.zip"));
        AreasUnderCurve areas = stages.Run($"Defects: score {2 * clean.Length:N0} images", _ =>
        {
            (AnomalyDetectionMetrics metrics, double error) = detector.Evaluate(ML, judged);
            return new AreasUnderCurve(metrics.AreaUnderRocCurve, error, ImageDetector.RandomizedPca(ML, normal, judged, Settings.Seed));
        });
        IReadOnlyList<ShownAnomaly> shown = detector.Show(ML, data.Shape, defects.Select(image => image.Pixels));
        (double Heat, double Area)[] places = [.. shown.Select((image, index) => PaintedDefects.Localization(
            image.BitsPerCode, detector.Detector.CodeThreshold, defects[index].Changed, data.Shape, detector.Codec.CodeGrid))
            .OfType<(double, double)>()];
        int[] chosen = [.. Enumerable.Range(0, defects.Length).Where(index => defects[index].Changed.Count(changed => changed) >= 12).Take(Shown)];
        Show(AnomalyFigures.Columns($"Defects painted into {data.Name}",
            "The codec has seen no defect. Heat map: bits of codes (red: unlikely). Restored: unlikely codes sampled from the prior",
            data.Shape, ["without defect", "with defect", "heat map", "restored"], ["score: bits per code"],
            [.. chosen.Select(index => new AnomalyTiles(
                clean[index].Class, [data.Shape.Tile(defects[index].Clean), .. Tiles(shown[index], data.Shape)],
                [Text($"{shown[index].Score:0.0}")]))]),
            "defects.png", "Images with painted defects, the heat map of their bits, and the restored images");
        return new DefectMetrics(areas, places.Length, places.Average(place => place.Heat), places.Average(place => place.Area),
            defects.Average(image => PaintedDefects.Difference(image, image.Pixels, data.Shape)),
            defects.Select((image, index) => PaintedDefects.Difference(image, shown[index].Restored, data.Shape)).Average());
    }

    static Tile[] Tiles(ShownAnomaly shown, ImageShape shape) =>
        [shape.Tile(shown.Pixels), shown.HeatMap, shape.Tile(shown.Restored)];

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    sealed record LeftOutClass(string Name, AreasUnderCurve Areas);
}

/// <summary>The content of metrics.json.</summary>
internal sealed record AnomaliesMetrics : SampleMetrics
{
    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required LeftOutMetrics[] LeftOutClasses { get; init; }

    public required AreasUnderCurve LeftOutMean { get; init; }

    public required DefectMetrics Defects { get; init; }

    public required SeriesMetrics Series { get; init; }
}

/// <summary>The figures of a class that was left out.</summary>
internal sealed record LeftOutMetrics(string Class, AreasUnderCurve Areas);

/// <summary>The figures of painted defects.</summary>
/// <param name="Areas">Images with a defect against the same images without.</param>
/// <param name="ImagesWithHeat">Number of images whose heat map has any heat, which the next two are means over.</param>
/// <param name="HeatInDefect">The share of the heat that is in the cells of the grid that the defect touches.</param>
/// <param name="AreaOfDefect">The share of the cells that it touches, which a random heat map would have as heat.</param>
/// <param name="DifferenceBefore">The mean absolute difference to the clean image within the defect, in levels of 255.</param>
/// <param name="DifferenceAfter">The same of restored images.</param>
internal sealed record DefectMetrics(
    AreasUnderCurve Areas, int ImagesWithHeat, double HeatInDefect, double AreaOfDefect, double DifferenceBefore, double DifferenceAfter);

/// <summary>The figures of odd windows of a series.</summary>
internal sealed record SeriesMetrics(AreasUnderCurve Areas, double NormalCalledAnomalies, double OddFound);

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>An image with the label that ML.NET's evaluation of anomalies takes: 1 for an anomaly, 0 for a normal row.</summary>
internal sealed class JudgedImage
{
    public float[] Pixels { get; set; } = [];

    public float Label { get; set; }

    public static IDataView View(MLContext ml, ImageShape shape, IEnumerable<JudgedImage> images)
    {
        var schema = SchemaDefinition.Create(typeof(JudgedImage));
        schema[nameof(Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, shape.Channels, shape.Height, shape.Width);
        return ml.Data.LoadFromEnumerable(images.ToArray(), schema);
    }
}

/// <summary>Areas under the ROC curve of scores that are to tell anomalies from normal rows.</summary>
/// <param name="Bits">Of the bits of the codes.</param>
/// <param name="ReconstructionError">Of the error of the codec's reconstruction.</param>
/// <param name="RandomizedPca">Of ML.NET's RandomizedPca on the same rows.</param>
internal sealed record AreasUnderCurve(double Bits, double ReconstructionError, double RandomizedPca)
{
    public static AreasUnderCurve Mean(IReadOnlyCollection<AreasUnderCurve> all) =>
        new(all.Average(area => area.Bits), all.Average(area => area.ReconstructionError), all.Average(area => area.RandomizedPca));
}

/// <summary>A codec, and a detector over its codes, trained on normal images.</summary>
internal sealed record ImageDetector(ImageVqVaeTransformer Codec, AnomalyDetectionTransformer Detector) : IDisposable
{
    /// <summary>Trains the codec, and the detector on its codes.</summary>
    public static ImageDetector Train(
        MLContext ml, string name, IDataView normal, ImageVqVaeOptions codecOptions, AnomalyDetectionOptions options, Stages stages,
        CancellationToken cancellation)
    {
        ImageVqVaeTransformer codec = stages.Train($"{name}: train the codec", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codecOptions).Fit(normal));
        (options.Codec, options.HeatMapColumnName, options.RestoredCodesColumnName, options.PerCodeColumnName) =
            (codec, "HeatMap", "RestoredCodes", "BitsPerCode");
        IDataView encoded = codec.Transform(normal);
        IDataView codes = ml.Data.Cache(ml.Transforms.SelectColumns("Codes", "Pixels").Fit(encoded).Transform(encoded));
        return new(codec, stages.Train($"{name}: train the prior", options.Prior.Training, cancellation,
            () => ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(codes)));
    }

    /// <summary>Scores rows, and evaluates the scores as ML.NET does.</summary>
    public (AnomalyDetectionMetrics Metrics, double ErrorArea) Evaluate(MLContext ml, IDataView rows)
    {
        IDataView scored = ml.Data.Cache(Detector.Transform(Codec.Transform(rows)));
        AnomalyDetectionMetrics metrics = ml.AnomalyDetection.Evaluate(scored);
        return (metrics, ml.AnomalyDetection.Evaluate(scored, scoreColumnName: "Error").AreaUnderRocCurve);
    }

    /// <summary>Images with their heat maps, restored images and bits per code.</summary>
    public IReadOnlyList<ShownAnomaly> Show(MLContext ml, ImageShape shape, IEnumerable<float[]> images)
    {
        using ImageVqVaeDecoderTransformer decoder = Codec.Decoder("Restored", "RestoredCodes");
        IDataView rows = JudgedImage.View(ml, shape, images.Select(pixels => new JudgedImage { Pixels = pixels }));
        IDataView view = decoder.Transform(Detector.Transform(Codec.Transform(rows)));
        return [.. ml.Data.CreateEnumerable<ShownAnomaly>(view, reuseRowObject: false).Zip(view.GetColumn<MLImage>("HeatMap"), (shown, image) =>
        {
            using (image)
                shown.HeatMap = AnomalyFigures.TileOf(image);
            return shown;
        })];
    }

    /// <summary>ML.NET's detector on the pixels of the same rows.</summary>
    public static double RandomizedPca(MLContext ml, IDataView normal, IDataView rows, int seed)
    {
        ITransformer pca = ml.AnomalyDetection.Trainers.RandomizedPca(new Trainers.RandomizedPcaTrainer.Options
        {
            FeatureColumnName = "Pixels", Rank = 20, Seed = seed,
        }).Fit(normal);
        return ml.AnomalyDetection.Evaluate(pca.Transform(rows)).AreaUnderRocCurve;
    }

    public void Dispose()
    {
        Detector.Dispose();
        Codec.Dispose();
    }
}

/// <summary>The columns of a picture.</summary>
internal sealed class ShownAnomaly
{
    public float[] Pixels { get; set; } = [];

    public float Score { get; set; }

    public float[] BitsPerCode { get; set; } = [];

    public float[] Restored { get; set; } = [];

    [NoColumn]
    public Tile HeatMap { get; set; } = new(0, 0, []);
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>The program of docs/features.md.</summary>
internal static class FeatureQuickStart
{
    public static double Run(int steps, string modelFile)
    {
        #region program
        var ml = new MLContext(seed: 1);
        IDataView unlabeled = ml.Data.LoadFromEnumerable(Drawing.Make(first: 0, count: 400));
        IDataView labeled = ml.Data.LoadFromEnumerable(Drawing.Make(first: 400, count: 24));
        IDataView test = ml.Data.LoadFromEnumerable(Drawing.Make(first: 500, count: 100));

        // Without labels: the codec, and the features of its codes.
        var codec = new ImageVqVaeOptions { EncoderOutputsColumnName = "Outputs", Training = { Steps = steps, BatchSize = 32 } };
        var features = new FeatureOptions { InputColumnName = "Outputs", PoolingSize = 3, Training = { Steps = steps, BatchSize = 32 } };
        var extractor = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codec)
            .AppendCacheCheckpoint(ml)                                               // images are encoded once
            .Append(ml.Transforms.VqVae.Featurize("Features", "Codes", features))
            .Fit(unlabeled);

        // With a few labels: a classifier of the features.
        var classifier = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.NormalizeMeanVariance("Features", fixZero: false))
            .AppendCacheCheckpoint(ml)                                               // the networks run once
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(extractor.Transform(labeled));

        var model = new TransformerChain<ITransformer>(extractor, classifier);
        var metrics = ml.MulticlassClassification.Evaluate(model.Transform(test));
        Console.WriteLine($"accuracy {metrics.MicroAccuracy:F2}");
        ml.Model.Save(model, labeled.Schema, modelFile);
        #endregion
        model.Dispose();
        return metrics.MicroAccuracy;
    }

    #region rows
    sealed class Drawing
    {
        [VectorType(28 * 28)]
        public float[] Pixels { get; set; } = [];

        public string Label { get; set; } = "";

        // Two bars that are parallel, or that cross, at some place and of some thickness.
        public static IEnumerable<Drawing> Make(int first, int count)
        {
            for (int number = first; number < first + count; number++)
            {
                var random = new Random(number);
                bool crosses = number % 2 == 1;
                int thickness = random.Next(2, 5), row = random.Next(4, 10), column = random.Next(4, 10), other = random.Next(15, 20);
                bool upright = random.Next(2) == 0;
                var drawing = new Drawing { Label = crosses ? "cross" : "parallel", Pixels = new float[28 * 28] };
                for (int pixel = 0; pixel < 28 * 28; pixel++)
                {
                    (int y, int x) = upright ? (pixel % 28, pixel / 28) : (pixel / 28, pixel % 28);
                    bool on = (y >= row && y < row + thickness) || (crosses ? x >= column && x < column + thickness
                        : y >= other && y < other + thickness);
                    drawing.Pixels[pixel] = (on ? 200 : 20) + random.Next(30);
                }
                yield return drawing;
            }
        }
    }
    #endregion
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Anomalies;

/// <summary>The program in docs/anomalies.md. A test compares the two and runs the program.</summary>
internal static class AnomalyQuickStart
{
    /// <summary>Runs the program, which writes its files to the current directory of an application, here to a folder.</summary>
    public static AnomalyDetectionMetrics Run(int steps, string modelFile, string heatFile, string restoredFile)
    {
        #region program
        var ml = new MLContext(seed: 1);
        IDataView good = ml.Data.LoadFromEnumerable(Part.Make(first: 0, count: 1000, damaged: false));        // no labels are needed
        IDataView moreGood = ml.Data.LoadFromEnumerable(Part.Make(first: 3000, count: 400, damaged: false));  // for the thresholds
        IDataView test = ml.Data.LoadFromEnumerable(
            Part.Make(first: 1000, count: 200, damaged: false).Concat(Part.Make(first: 2000, count: 50, damaged: true)).ToArray());

        ImageVqVaeTransformer codec = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codes: 64, steps: steps).Fit(good);
        PriorTransformer prior = ml.Transforms.VqVae.Prior("Bits", "Codes", steps: steps).Fit(codec.Transform(good));
        var options = new AnomalyDetectionOptions
        {
            TrainedPrior = prior,
            ScoredShare = 0.1,                       // the tenth of the codes with the most bits: damage is small
            Codec = codec,
            HeatMapColumnName = "HeatMap",
            RestoredCodesColumnName = "RestoredCodes",
        };
        AnomalyDetectionTransformer detector = ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(codec.Transform(moreGood));

        // One model, from pixels to scores, predictions, heat maps and restored images.
        var model = new TransformerChain<ITransformer>(codec, detector, codec.Decoder("Restored", "RestoredCodes", asImage: true));
        ml.Model.Save(model, good.Schema, modelFile);
        IDataView scored = model.Transform(test);
        AnomalyDetectionMetrics metrics = ml.AnomalyDetection.Evaluate(scored);
        Console.WriteLine($"Area under the ROC curve {metrics.AreaUnderRocCurve:F3}");
        Console.WriteLine($"{scored.GetColumn<bool>("PredictedLabel").Count(damaged => damaged)} of 250 parts are called damaged: "
            + $"more than {detector.Threshold:F1} bits per code");

        scored.GetColumn<MLImage>("HeatMap").Last().Save(heatFile);
        scored.GetColumn<MLImage>("Restored").Last().Save(restoredFile);
        #endregion
        using (model)
            return metrics;
    }

    #region rows
    sealed class Part
    {
        [VectorType(1, 32, 32)]               // channels, rows, columns
        public float[] Pixels { get; set; } = [];

        public float Label { get; set; }      // 1 for a damaged part; ML.NET's evaluation takes a number

        public static Part[] Make(int first, int count, bool damaged) => [.. Enumerable.Range(first, count).Select(number =>
        {
            var random = new Random(number);
            double x = random.Next(13, 19), y = random.Next(13, 19), outer = random.Next(9, 12), inner = random.Next(3, 6);
            double angle = 2 * Math.PI * random.NextDouble(), middle = (outer + inner) / 2;
            double stainX = x + middle * Math.Cos(angle), stainY = y + middle * Math.Sin(angle);
            return new Part
            {
                Label = damaged ? 1 : 0,
                Pixels = [.. Enumerable.Range(0, 32 * 32).Select(i =>
                {
                    (int column, int row) = (i % 32, i / 32);
                    double distance = Math.Sqrt(Math.Pow(column - x, 2) + Math.Pow(row - y, 2));
                    double ring = 200 * Math.Clamp(Math.Min(outer - distance, distance - inner), 0, 1);
                    bool isStain = damaged && Math.Pow(column - stainX, 2) + Math.Pow(row - stainY, 2) < 6;
                    return (float)(isStain ? 60 : ring + random.Next(12));
                })],
            };
        })];
    }
    #endregion
}

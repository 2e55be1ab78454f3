using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Anomalies;

/// <summary>Scores, thresholds, heat maps and restored codes, against the columns of the prior that they follow from.</summary>
[TestClass]
public sealed class AnomalyDetectionTests
{
    readonly MLContext _ml = new(seed: 1);

    /// <summary>A detector with all columns over tiny images, its rows, and the prior that it took.</summary>
    internal static (AnomalyDetectionTransformer Detector, IDataView Rows, PriorTransformer Prior) Images(
        MLContext ml, double scoredShare = 1, double codeQuantile = 0.8, int rows = 40)
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView coded = ml.Data.Cache(codec.Transform(Tiny.Data(ml, rows)));
        // Read before the codec is disposed.
        Values.Read(coded, "Codes", "Pixels");
        PriorOptions options = TinyCodes.Options(30);
        options.PerCodeColumnName = "PerCode";
        PriorTransformer prior = ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(coded);
        AnomalyDetectionTransformer detector =
            ml.Transforms.VqVae.DetectAnomalies("Codes", AllColumns(prior, codec, scoredShare, codeQuantile)).Fit(coded);
        return (detector, coded, prior);
    }

    static AnomalyDetectionOptions AllColumns(
        PriorTransformer? prior, ImageVqVaeTransformer codec, double scoredShare = 1, double codeQuantile = 0.8) => new()
    {
        TrainedPrior = prior, Codec = codec, ScoredShare = scoredShare, CodeQuantile = codeQuantile, Quantile = 0.9,
        PerCodeColumnName = "BitsOfCodes", RestoredCodesColumnName = "Restored", HeatMapColumnName = "Heat",
    };

    [TestMethod]
    public void The_score_is_the_mean_of_the_bits_and_the_threshold_their_quantile()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = Images(_ml);
        using (detector)
        using (prior)
        {
            float[] bits = Numbers(prior.Transform(rows), "Bits"), scores = Numbers(detector.Transform(rows), "Score");
            for (int row = 0; row < bits.Length; row++)
                Assert.AreEqual(bits[row] / 16, scores[row], 1e-5);
            // 90 % of 40 rows are below the threshold, which is just above the score of one of them.
            AssertJustAbove(scores.Order().ElementAt(35), detector.Threshold);
            bool[] predicted = [.. detector.Transform(rows).GetColumn<bool>("PredictedLabel")];
            CollectionAssert.AreEqual(scores.Select(score => score > detector.Threshold).ToArray(), predicted);
            Assert.Contains(true, predicted);
            Values.AreEqual(Values.Read(prior.Transform(rows), "PerCode"), Values.Read(detector.Transform(rows), "BitsOfCodes"));
            float[] ofCodes = [.. Values.Read(detector.Transform(rows), "BitsOfCodes").SelectMany(row => (float[])row[0]).Order()];
            AssertJustAbove(ofCodes[(int)Math.Ceiling(0.8 * ofCodes.Length) - 1], detector.CodeThreshold);
        }
    }

    /// <summary>Above the value by more than rounding, and by less than anything else.</summary>
    static void AssertJustAbove(double value, double threshold) => Assert.IsInRange(5e-6, 2e-5, (threshold - value) / Math.Max(1, value));

    [TestMethod]
    public void A_share_of_the_codes_can_be_the_score()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = Images(_ml, scoredShare: 0.2);
        using (detector)
        using (prior)
        {
            foreach (object[] row in Values.Read(detector.Transform(rows), "Score", "BitsOfCodes"))
            {
                // A fifth of 16 codes are 3.2, of which 4 whole ones.
                double expected = ((float[])row[1]).OrderDescending().Take(4).Average(bits => (double)bits);
                Assert.AreEqual(expected, (float)row[0], 1e-5);
            }
        }
    }

    [TestMethod]
    public void Rows_of_any_length_are_scored_by_their_own_codes()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: true);
        IDataView rows = TinyCodes.Lines(_ml, 20);
        var options = new AnomalyDetectionOptions
        {
            TrainedPrior = prior, PerCodeColumnName = "BitsOfCodes", RestoredCodesColumnName = "Restored", ScoredShare = 0.5, CodeQuantile = 0.5,
        };
        using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(rows);
        Assert.AreEqual("Label", detector.ConditionColumnName);
        foreach (object[] row in Values.Read(detector.Transform(rows), "Score", "BitsOfCodes", "Codes", "Restored"))
        {
            (float[] bits, uint[] codes, uint[] restored) = ((float[])row[1], (uint[])row[2], (uint[])row[3]);
            Assert.HasCount(codes.Length, bits);
            Assert.HasCount(codes.Length, restored);
            Assert.AreEqual(
                bits.OrderDescending().Take((bits.Length + 1) / 2).Average(value => (double)value), (float)row[0], 1e-5);
        }
    }

    [TestMethod]
    public void MLNET_evaluates_the_columns()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = Images(_ml);
        using (detector)
        using (prior)
        {
            // ML.NET takes labels as numbers.
            IDataView labelled = _ml.Transforms.Expression("Odd", "(n) => float(n % 2)", "Number").Fit(rows).Transform(detector.Transform(rows));
            AnomalyDetectionMetrics metrics = _ml.AnomalyDetection.Evaluate(labelled, "Odd", falsePositiveCount: 4);
            (float Score, bool Anomaly)[] judged =
                [.. Values.Read(labelled, "Score", "Odd").Select(row => ((float)row[0], (float)row[1] == 1))];
            Assert.AreEqual(20, judged.Count(row => row.Anomaly));
            Assert.AreEqual(AreaUnderCurve(judged), metrics.AreaUnderRocCurve, 1e-6);
            // The share of the anomalies that score higher than all but 4 of the others.
            float limit = judged.Where(row => !row.Anomaly).Select(row => row.Score).OrderDescending().ElementAt(4);
            Assert.AreEqual(judged.Count(row => row.Anomaly && row.Score > limit) / 20.0, metrics.DetectionRateAtFalsePositiveCount, 0.051);
        }
    }

    [TestMethod]
    public void Likely_codes_are_kept_and_unlikely_ones_replaced_by_likelier_ones()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = Images(_ml);
        using (detector)
        using (prior)
        {
            IDataView view = detector.Transform(rows);
            int replaced = 0, unlikely = 0;
            foreach (object[] row in Values.Read(view, "Codes", "Restored", "BitsOfCodes"))
            {
                (uint[] codes, uint[] restored, float[] bits) = ((uint[])row[0], (uint[])row[1], (float[])row[2]);
                for (int i = 0; i < codes.Length; i++)
                {
                    if (bits[i] <= detector.CodeThreshold)
                        Assert.AreEqual(codes[i], restored[i]);
                    unlikely += bits[i] > detector.CodeThreshold ? 1 : 0;
                    replaced += codes[i] != restored[i] ? 1 : 0;
                }
            }
            Assert.IsGreaterThan(unlikely / 3, replaced);
            Assert.AreEqual(view.Schema["Codes"].Type, view.Schema["Restored"].Type);
            IDataView again = _ml.Transforms.CopyColumns("Codes", "Restored").Fit(view).Transform(
                _ml.Transforms.SelectColumns("Restored").Fit(view).Transform(view));
            Assert.IsLessThan(Numbers(prior.Transform(rows), "Bits").Average(), Numbers(prior.Transform(again), "Bits").Average());
        }
    }

    [TestMethod]
    public void A_heat_map_is_the_image_with_the_bits_of_its_codes_over_it()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = Images(_ml);
        using (detector)
        using (prior)
        {
            IDataView view = detector.Transform(rows);
            Assert.AreEqual(new ImageDataViewType(8, 8), view.Schema["Heat"].Type);
            int colored = 0;
            foreach (object[] row in Values.Read(view, "Heat", "BitsOfCodes", "Pixels"))
            {
                (byte[] picture, float[] bits, float[] pixels) = ((byte[])row[0], (float[])row[1], (float[])row[2]);
                for (int y = 0; y < 8; y++)
                {
                    for (int x = 0; x < 8; x++)
                    {
                        // Bilinear: the centers of the codes lie at 0.5, 2.5, 4.5 and 6.5 pixels.
                        double heat = Math.Clamp(At(bits, (y - 0.5) / 2, (x - 0.5) / 2) / detector.CodeThreshold - 0.5, 0, 1);
                        double gray = Math.Clamp(pixels[y * 8 + x], 0, 255);
                        byte[] expected = [Mix(gray, 255), Mix(gray, 255 * heat), Mix(gray, 0)];
                        for (int channel = 0; channel < 3; channel++)
                            Assert.AreEqual(expected[channel], picture[(y * 8 + x) * 4 + channel], 1.0, $"{x}, {y}, {channel}");
                        colored += heat > 0.5 ? 1 : 0;

                        byte Mix(double from, double to) => (byte)Math.Round(from + heat * (to - from));
                    }
                }
            }
            Assert.IsGreaterThan(100, colored);
        }

        static double At(float[] bits, double y, double x)
        {
            (y, x) = (Math.Clamp(y, 0, 3), Math.Clamp(x, 0, 3));
            (int top, int left) = (Math.Min((int)y, 2), Math.Min((int)x, 2));
            (double down, double right) = (y - top, x - left);
            return (1 - down) * ((1 - right) * bits[top * 4 + left] + right * bits[top * 4 + left + 1])
                + down * ((1 - right) * bits[(top + 1) * 4 + left] + right * bits[(top + 1) * 4 + left + 1]);
        }
    }

    [TestMethod]
    public void A_prior_is_trained_where_none_is_given()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = codec.Transform(Tiny.Data(_ml, 20));
        var options = new AnomalyDetectionOptions { Prior = TinyCodes.Options(8) };
        using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(rows);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options(8)).Fit(rows);
        Assert.AreEqual(8, detector.TrainingSummary!.Steps);
        float[] scores = Numbers(detector.Transform(rows), "Score"), bits = Numbers(prior.Transform(rows), "Bits");
        for (int row = 0; row < scores.Length; row++)
            Assert.AreEqual(bits[row] / 16, scores[row], 1e-5);
        using AnomalyDetectionTransformer strict = detector.WithThreshold(0);
        Assert.IsTrue(strict.Transform(rows).GetColumn<bool>("PredictedLabel").All(anomaly => anomaly));
    }

    [TestMethod]
    public void Quantiles_are_values_that_occur()
    {
        Assert.AreEqual(2f, AnomalyDetectionEstimator.Quantile([3, 1, 2, 4], 0.5));
        Assert.AreEqual(3f, AnomalyDetectionEstimator.Quantile([3, 1, 2, 4], 0.51));
        Assert.AreEqual(4f, AnomalyDetectionEstimator.Quantile([3, 1, 2, 4], 1));
        Assert.AreEqual(1f, AnomalyDetectionEstimator.Quantile([3, 1, 2, 4], 0.01));
        // In binary numbers, 0.55 · 100 is more than 55.
        Assert.AreEqual(55f, AnomalyDetectionEstimator.Quantile([.. Enumerable.Range(1, 100).Select(value => (float)value)], 0.55));
    }

    [TestMethod]
    public void A_share_of_whole_codes_takes_no_code_more()
    {
        // As binary numbers, 0.6 · 5 is more than 3.
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        IDataView rows = TinyCodes.Lines(_ml, 40);
        foreach (double share in (double[])[0.6, 0.3, 0.15, 0.55, 0.7])
        {
            using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions
            {
                TrainedPrior = prior, ScoredShare = share, PerCodeColumnName = "BitsOfCodes",
            }).Fit(rows);
            foreach (object[] row in Values.Read(detector.Transform(rows), "Score", "BitsOfCodes"))
            {
                float[] bits = (float[])row[1];
                int count = (int)Math.Ceiling((decimal)share * bits.Length);
                Assert.AreEqual(bits.OrderDescending().Take(count).Average(value => (double)value), (float)row[0], 1e-5);
            }
        }
    }

    [TestMethod]
    public void A_canceled_training_returns_a_detector_where_the_options_ask_for_its_model()
    {
        IDataView rows = TinyCodes.Grids(_ml, 12);
        using var source = new CancellationTokenSource();
        PriorOptions options = TinyCodes.Options(1000);
        (options.Training.CancellationToken, options.Training.ReturnModelWhenCanceled) = (source.Token, true);
        options.Training.ProgressEverySteps = 1;
        options.Training.Progress = new Listener(_ => source.Cancel());
        using AnomalyDetectionTransformer detector =
            _ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions { Prior = options }).Fit(rows);
        Assert.IsLessThan(1000, detector.TrainingSummary!.Steps);
        Assert.HasCount(12, Numbers(detector.Transform(rows), "Score"));
    }

    [TestMethod]
    public void Bits_of_codes_that_the_prior_alone_would_add_collide_with_no_column()
    {
        PriorOptions options = TinyCodes.Options(1);
        options.PerCodeColumnName = "Bits";
        using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies(
            "Codes", new AnomalyDetectionOptions { Prior = options }).Fit(TinyCodes.Grids(_ml, 12));
        Assert.IsNull(detector.Transform(TinyCodes.Grids(_ml, 12)).Schema.GetColumnOrNull("Bits"));
    }

    static float[] Numbers(IDataView view, string column) => [.. view.GetColumn<float>(column)];

    // Pairs of an anomaly and a normal row that are in order; ties count half.
    static double AreaUnderCurve((float Score, bool Anomaly)[] rows)
    {
        double ordered = 0, pairs = 0;
        foreach ((float high, _) in rows.Where(row => row.Anomaly))
        {
            foreach ((float low, _) in rows.Where(row => !row.Anomaly))
                (ordered, pairs) = (ordered + (high > low ? 1 : high == low ? 0.5 : 0), pairs + 1);
        }
        return ordered / pairs;
    }
}

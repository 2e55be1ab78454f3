using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Anomalies;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>Detectors of anomalies as ONNX graphs.</summary>
[TestClass]
public sealed class OnnxAnomalyTests
{
    static readonly string[] Columns = ["Score", "PredictedLabel", "BitsOfCodes"];

    readonly MLContext _ml = new(seed: 1);

    /// <summary>A threshold half-way between two scores, so that no rounding changes a prediction.</summary>
    static double Between(IDataView scored)
    {
        float[] scores = [.. Values.Read(scored, "Score").Select(row => (float)row[0]).Order()];
        return (scores[scores.Length / 2 - 1] + scores[scores.Length / 2]) / 2;
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(0.2)]
    public void Scores_and_predictions_of_images_are_the_same(double scoredShare)
    {
        (AnomalyDetectionTransformer fitted, IDataView rows, PriorTransformer prior) = AnomalyDetectionTests.Images(_ml, scoredShare);
        using (fitted)
        using (prior)
        using (AnomalyDetectionTransformer detector = fitted.WithThreshold(Between(fitted.Transform(rows))))
        {
            // The detector also lays heat maps over the images and restores codes, both of which are left out.
            IDataView input = OnnxFile.Only(_ml, rows, "Codes", "Pixels");
            using var onnx = new OnnxFile(detector, input, Columns);
            onnx.AssertEqual(detector.Transform(input), input, Columns);
            Assert.HasCount(2, Values.Read(detector.Transform(rows), "PredictedLabel").Select(row => row[0]).Distinct().ToArray());
        }
    }

    [TestMethod]
    public void A_share_of_the_codes_of_rows_of_any_length_is_the_same()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: true);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Lines(_ml, 20), "Codes", "Label");
        var options = new AnomalyDetectionOptions { TrainedPrior = prior, ScoredShare = 0.3, PerCodeColumnName = "BitsOfCodes" };
        using AnomalyDetectionTransformer fitted = _ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(input);
        using AnomalyDetectionTransformer detector = fitted.WithThreshold(Between(fitted.Transform(input)));
        using var onnx = new OnnxFile(detector, input, Columns);
        onnx.AssertEqual(detector.Transform(input), input, Columns);
    }

    [TestMethod]
    public void A_codec_and_a_detector_are_one_graph_from_pixels_to_predictions()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 30), "Pixels");
        ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        PriorOptions priorOptions = TinyCodes.Options(20);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, priorOptions).Fit(codec.Transform(input));
        var options = new AnomalyDetectionOptions { TrainedPrior = prior, ScoredShare = 0.5, PerCodeColumnName = "BitsOfCodes" };
        AnomalyDetectionTransformer fitted = _ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(codec.Transform(input));
        using var chain = new TransformerChain<ITransformer>(
            codec, fitted.WithThreshold(Between(fitted.Transform(codec.Transform(input)))));
        fitted.Dispose();
        string[] columns = ["Codes", .. Columns];
        using var onnx = new OnnxFile(chain, input, columns);
        onnx.AssertEqual(chain.Transform(input), input, columns);
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The transformer among ML.NET's own: trainers, caches, enumerables and prediction engines.</summary>
[TestClass]
public class ChainTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Coded
    {
        public uint[] Codes { get; set; } = [];

        public float[] Decoded { get; set; } = [];

        public float Error { get; set; }

        public int Number { get; set; }
    }

    sealed class Predicted
    {
        public string PredictedLabel { get; set; } = "";
    }

    [TestMethod]
    public void A_stock_trainer_learns_from_the_codes()
    {
        IDataView data = Tiny.Data(_ml, 90);
        ImageVqVaeOptions options = Tiny.Options(steps: 40);
        EstimatorChain<KeyToValueMappingTransformer> pipeline = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options)
            .Append(_ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"))
            .Append(_ml.Transforms.Conversion.MapValueToKey("Label"))
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using TransformerChain<KeyToValueMappingTransformer> model = pipeline.Fit(data);
        MulticlassClassificationMetrics metrics = _ml.MulticlassClassification.Evaluate(model.Transform(data));
        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);

        using PredictionEngine<Tiny.Row, Predicted> engine = _ml.Model.CreatePredictionEngine<Tiny.Row, Predicted>(model);
        int right = Tiny.Rows(30).Count(row => engine.Predict(row).PredictedLabel == row.Label);
        Assert.IsGreaterThan(26, right);
    }

    [TestMethod]
    public void Rows_become_objects()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(Tiny.Data(_ml, 15));
        Coded[] objects = [.. _ml.Data.CreateEnumerable<Coded>(view, reuseRowObject: false)];
        List<object[]> rows = Values.Read(view, "Codes", "Decoded", "Error", "Number");
        Values.AreEqual(rows, [.. objects.Select(row => (object[])[row.Codes, row.Decoded, row.Error, row.Number])]);
    }

    sealed class OnlyCodes
    {
        public uint[] Codes { get; set; } = [];
    }

    [TestMethod]
    public void An_engine_computes_no_column_that_its_output_lacks()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var runs = new NetworkRuns(transformer.Network);
        using PredictionEngine<Tiny.Row, OnlyCodes> engine = _ml.Model.CreatePredictionEngine<Tiny.Row, OnlyCodes>(
            transformer, new PredictionEngineOptions { OwnsTransformer = false });
        foreach (Tiny.Row row in Tiny.Rows(3))
            Assert.HasCount(16, engine.Predict(row).Codes);
        Assert.AreEqual((3, 0), runs.Count);
    }

    [TestMethod]
    public void Engines_of_many_threads_share_one_transformer()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        Tiny.Row[] rows = Tiny.Rows(24);
        List<object[]> expected = Values.Read(transformer.Transform(_ml.Data.LoadFromEnumerable(rows)), "Codes", "Decoded", "Error");
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, 6).Select(part => new Thread(() =>
        {
            try
            {
                // A context is not made for threads; a transformer is.
                using PredictionEngine<Tiny.Row, Coded> engine = new MLContext().Model.CreatePredictionEngine<Tiny.Row, Coded>(
                    transformer, new PredictionEngineOptions { OwnsTransformer = false });
                for (int i = 0; i < 2 * rows.Length; i++)
                {
                    int row = (i + part * 4) % rows.Length;
                    Coded coded = engine.Predict(rows[row]);
                    Values.AreEqual([expected[row]], [[coded.Codes, coded.Decoded, coded.Error]], 1e-3);
                }
            }
            catch (Exception exception)
            {
                failures.Enqueue(exception);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.IsEmpty(failures, string.Join(Environment.NewLine, failures));
    }

    [TestMethod]
    public void Two_encoders_and_a_decoder_stand_in_one_chain()
    {
        IDataView data = Tiny.Data(_ml, 12);
        using ImageVqVaeTransformer first = Tiny.Untrained(columns: new EncoderColumns("Pixels", "First", "FirstDecoded", false, null, null));
        using ImageVqVaeTransformer second =
            Tiny.Untrained(columns: new EncoderColumns("FirstDecoded", "Second", null, false, null, null), batchSize: 5);
        using ImageVqVaeDecoderTransformer decoder = second.Decoder("Again");
        TransformerChain<ITransformer> chain = new(first, second, decoder);
        List<object[]> expected =
            Values.Read(decoder.Transform(second.Transform(first.Transform(data))), "First", "Second", "Again", "Label");
        Values.AreEqual(expected, Values.Read(chain.Transform(data), "First", "Second", "Again", "Label"));
        Values.AreEqual(expected, Values.ReadByMapper(chain, data, "First", "Second", "Again", "Label"), 1e-3);
    }
}

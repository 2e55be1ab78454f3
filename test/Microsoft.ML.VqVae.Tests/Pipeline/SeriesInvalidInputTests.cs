using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Columns, rows and settings that do not fit: each error says where, what was expected and what was found.</summary>
[TestClass]
public sealed class SeriesInvalidInputTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class OddRow
    {
        [VectorType(7)]
        public float[] Window { get; set; } = new float[7];
    }

    SeriesVqVaeTransformer Fit(IDataView data) => _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", TinySeries.Options()).Fit(data);

    [TestMethod]
    [DataRow(float.NaN, "NaN")]
    [DataRow(float.PositiveInfinity, "∞")]
    public void A_value_that_is_not_finite_is_refused_with_row_column_and_slot(float value, string text)
    {
        TinySeries.Row[] rows = TinySeries.Rows(4);
        rows[2].Window[5] = value;
        IDataView bad = _ml.Data.LoadFromEnumerable(rows);
        using SeriesVqVaeTransformer transformer = Fit(TinySeries.Data(_ml));
        foreach (Action action in new Action[] { () => Fit(bad).Dispose(), () => Values.Read(transformer.Transform(bad)) })
        {
            string message = Assert.ThrowsExactly<InvalidOperationException>(action).Message;
            Assert.Contains("Row 2 of column 'Window' has ", message);
            Assert.Contains("in slot 5; every value must be a finite number", message);
            if (float.IsNaN(value))
                Assert.Contains(text, message);
        }
    }

    [TestMethod]
    public void A_row_of_half_a_time_step_is_refused()
    {
        TinySeries.Row[] rows = TinySeries.Rows(4);
        rows[1].Window = rows[1].Window[..41];
        IDataView bad = _ml.Data.LoadFromEnumerable(rows);
        using SeriesVqVaeTransformer transformer = Fit(TinySeries.Data(_ml));
        foreach (Action action in new Action[] { () => Fit(bad).Dispose(), () => Values.Read(transformer.Transform(bad)) })
        {
            Assert.AreEqual("Row 1 of column 'Window' has 41 values; expected is a multiple of 2, the channels of a time step.",
                Assert.ThrowsExactly<InvalidOperationException>(action).Message);
        }
    }

    [TestMethod]
    public void Data_without_a_value_are_refused()
    {
        Assert.AreEqual("The data view has no rows: there is nothing in column 'Window' to train on.",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(_ml.Data.LoadFromEnumerable<TinySeries.Row>([]))).Message);
        Assert.AreEqual("All 2 rows of column 'Window' are empty: there is nothing to train on.",
            Assert.ThrowsExactly<InvalidOperationException>(
                () => Fit(_ml.Data.LoadFromEnumerable([new TinySeries.Row(), new TinySeries.Row()]))).Message);
    }

    [TestMethod]
    public void Columns_of_other_kinds_are_refused_at_every_stage()
    {
        IDataView data = TinySeries.Data(_ml);
        void Refused(string input, params string[] words)
        {
            SeriesVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeSeries("Codes", input, TinySeries.Options());
            foreach (Action action in new Action[] { () => estimator.GetOutputSchema(Tiny.Shape(data.Schema)), () => estimator.Fit(data) })
            {
                string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message;
                foreach (string word in words)
                    Assert.Contains(word, message);
            }
        }
        Refused("Number", "Schema mismatch for input column 'Number'", "a vector of Single whose length is a multiple of 2, the channels", "Int32");
        Refused("Sound", "Could not find input column 'Sound'");
        string odd = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Fit(_ml.Data.LoadFromEnumerable([new OddRow(), new OddRow()]))).Message;
        Assert.Contains("expected a vector of Single whose length is a multiple of 2, the channels, got Vector<Single, 7>", odd);
    }

    [TestMethod]
    public void A_model_of_a_known_length_takes_that_length_alone()
    {
        using SeriesVqVaeTransformer ofFixed = Fit(TinySeries.Data(_ml, isFixed: true)), ofAny = Fit(TinySeries.Data(_ml));
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ofFixed.Transform(TinySeries.Data(_ml))).Message;
        Assert.Contains("Schema mismatch for input column 'Window': expected Vector<Single, 124>, which the model was trained on", message);
        // A model of any length takes a known one too.
        IDataView data = TinySeries.Data(_ml, isFixed: true);
        Assert.HasCount(16, (uint[])Values.Read(ofAny.Transform(data), "Codes")[0][0]);
        using SeriesVqVaeDecoderTransformer decoder = ofFixed.Decoder("Again");
        message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => decoder.Transform(ofAny.Transform(data))).Message;
        Assert.Contains("Schema mismatch for codes column 'Codes'", message);
    }

    [TestMethod]
    public void All_problems_are_told_at_once()
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        (options.CropLength, options.PredictionBatchSize, options.VectorQuantizer.Codes, options.Codec.Channels) = (0, 0, 1, 0);
        options.EmbeddingsColumnName = "";
        string message = Assert.Throws<ArgumentException>(
            () => _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options)).Message;
        Assert.Contains("The options of EncodeSeries cannot be used", message);
        foreach (string problem in (string[])["CropLength", "PredictionBatchSize", "Codes", "Channels", "EmbeddingsColumnName"])
            Assert.Contains($"{problem} must be", message);
        Assert.Contains("Downsamplings must be from 1 to 12, but is 0",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", downsamplings: 0)).Message);
        Assert.Contains("Steps must be at least 1",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", steps: 0)).Message);
        options = TinySeries.Options();
        options.ReconstructionColumnName = "Codes";
        Assert.Contains("'Codes' is given to more than one output column",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options)).Message);
    }
}

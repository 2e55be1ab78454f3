using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Onnx;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Features of encoder outputs, with codes as targets; codes of all codecs; wrong columns.</summary>
[TestClass]
public class FeatureInputTests
{
    readonly MLContext _ml = new(seed: 1);

    static FeatureOptions Options(string? input = "Outputs")
    {
        FeatureOptions options = TinyFeatures.Options();
        options.InputColumnName = input;
        return options;
    }

    [TestMethod]
    public void Encoder_outputs_are_those_before_quantization()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageVqVaeTransformer codec =
            Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, "Embeddings", null, EncoderOutputs: "Outputs"));
        IDataView coded = codec.Transform(data);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 4, 4, Tiny.Dimensions), coded.Schema["Outputs"].Type);
        // The codebook: the embeddings of each code that occurs.
        List<object[]> rows = Values.Read(coded, "Codes", "Embeddings", "Outputs");
        Dictionary<uint, float[]> codebook = [];
        foreach (object[] row in rows)
        {
            for (int i = 0; i < 16; i++)
                codebook[((uint[])row[0])[i]] = ((float[])row[1])[(i * 4)..((i * 4) + 4)];
        }
        Assert.IsGreaterThan(2, codebook.Count);
        foreach (object[] row in rows)
        {
            for (int i = 0; i < 16; i++)
            {
                float[] output = ((float[])row[2])[(i * 4)..((i * 4) + 4)];
                double Distance(float[] code) => code.Zip(output, (a, b) => (a - b) * (a - b)).Sum();
                uint nearest = codebook.MinBy(entry => Distance(entry.Value)).Key;
                Assert.AreEqual(Distance(codebook[nearest]), Distance(codebook[((uint[])row[0])[i]]), 1e-4);
            }
        }
    }

    [TestMethod]
    public void A_chain_reads_encoder_outputs_and_needs_no_codes_any_more()
    {
        IDataView data = Tiny.Data(_ml);
        using var folder = new TemporaryFolder();
        var codec = ImageVqVaeOptions.ForFeatures();
        (codec.Codec, codec.Quantizer, codec.Training) = (Tiny.Options().Codec, Tiny.Options().Quantizer, Tiny.Options().Training);
        using TransformerChain<FeatureTransformer> model = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codec)
            .Append(_ml.Transforms.VqVae.Featurize("Features", "Codes", Options())).Fit(data);
        _ml.Model.Save(model, data.Schema, folder.File("model.zip"));
        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out _);
        using var owner = loaded as IDisposable;
        Values.AreEqual(Values.Read(model.Transform(data), "Features", "Positions"), Values.Read(loaded.Transform(data), "Features", "Positions"));
        IDataView outputs = _ml.Transforms.SelectColumns("Outputs").Fit(model.Transform(data)).Transform(model.Transform(data));
        using FeatureTransformer last = model.LastTransformer.WithFeatures("Again");
        Values.AreEqual(Values.Read(model.Transform(data), "Features"), Values.Read(last.Transform(outputs), "Again"));
    }

    [TestMethod]
    public void A_picture_chain_and_codes_alone_are_ONNX_graphs()
    {
        IDataView data = Tiny.Data(_ml, 20);
        ImageVqVaeOptions codec = Tiny.Options();
        codec.EncoderOutputsColumnName = "Outputs";
        using TransformerChain<FeatureTransformer> model = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codec)
            .Append(_ml.Transforms.VqVae.Featurize("Features", "Codes", Options())).Fit(data);
        IDataView pixels = OnnxFile.Only(_ml, data, "Pixels");
        using (var onnx = new OnnxFile(model, pixels, "Features", "Positions", "Outputs"))
            onnx.AssertEqual(model.Transform(pixels), pixels, "Features", "Positions", "Outputs");

        IDataView grids = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 12), "Codes");
        using FeatureTransformer ofCodes = _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(null)).Fit(grids);
        using (var onnx = new OnnxFile(ofCodes, grids, "Features", "Positions"))
            onnx.AssertEqual(ofCodes.Transform(grids), grids, "Features", "Positions");

        IDataView lines = OnnxFile.Only(_ml, TinyCodes.Lines(_ml, 12), "Codes");
        using FeatureTransformer ofLines = _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(null)).Fit(lines);
        Assert.Contains("rows of any length", Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(ofLines, lines)).Message);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Series_of_any_length_have_features(int codesPerPosition)
    {
        IDataView data = TinySeries.Data(_ml);
        SeriesVqVaeOptions codec = TinySeries.Options();
        codec.EncoderOutputsColumnName = "Outputs";
        codec.Quantizer.CodesPerPosition = codesPerPosition;
        using SeriesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", codec).Fit(data);
        IDataView coded = encoder.Transform(data);
        foreach (string? input in (string?[])["Outputs", null])
        {
            FeatureOptions options = Options(input);
            options.CodesPerPosition = codesPerPosition;
            using FeatureTransformer features = _ml.Transforms.VqVae.Featurize("Features", "Codes", options).Fit(coded);
            foreach (object[] row in Values.Read(features.Transform(coded), "Codes", "Features", "Positions"))
            {
                Assert.HasCount(3 * TinyFeatures.Channels, (float[])row[1]);
                Assert.HasCount(((uint[])row[0]).Length / codesPerPosition * TinyFeatures.Channels, (float[])row[2]);
            }
        }
    }

    [TestMethod]
    public void Waveforms_have_features()
    {
        IDataView data = TinySpeech.Data(_ml);
        AudioVqVaeOptions codec = TinySpeech.Options(TinySpeech.Mel(), steps: 4);
        codec.EncoderOutputsColumnName = "Outputs";
        using AudioVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codec).Fit(data);
        IDataView coded = encoder.Transform(data);
        using FeatureTransformer features = _ml.Transforms.VqVae.Featurize("Features", "Codes", Options()).Fit(coded);
        foreach (object[] row in Values.Read(features.Transform(coded), "Codes", "Features", "Positions"))
            Assert.HasCount(((uint[])row[0]).Length * TinyFeatures.Channels, (float[])row[2]);
    }

    sealed class Clip
    {
        [VectorType(2, 3, 4, 2), KeyType(5)]
        public uint[] Codes { get; set; } = [.. Enumerable.Range(0, 48).Select(i => (uint)(i % 5) + 1)];
    }

    [TestMethod]
    public void Clips_have_features_with_a_vector_for_each_position_of_each_frame()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Enumerable.Repeat(new Clip(), 9));
        using FeatureTransformer features = _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(null)).Fit(data);
        DataViewSchema schema = features.GetOutputSchema(data.Schema);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2, 3, 4, TinyFeatures.Channels), schema["Positions"].Type);
        Assert.HasCount(5 * TinyFeatures.Channels, (float[])Values.Read(features.Transform(data), "Features")[0][0]);
    }

    sealed class OtherCodebook
    {
        [VectorType(3, 4, 1), KeyType(6)]
        public uint[] Codes { get; set; } = [.. Enumerable.Repeat(1u, 12)];
    }

    sealed class WithVectors
    {
        [KeyType(5)]
        public uint[] Codes { get; set; } = [1, 2, 3];

        public float[] Vectors { get; set; } = new float[6];

        public float Number { get; set; }
    }

    [TestMethod]
    public void Wrong_columns_are_refused()
    {
        using FeatureTransformer features =
            _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(null)).Fit(TinyCodes.Grids(_ml, 9));
        IDataView other = _ml.Data.LoadFromEnumerable([new OtherCodebook()]);
        Assert.Contains("Schema mismatch for codes column 'Codes'",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => features.Transform(other)).Message);

        IDataView Rows(params WithVectors[] rows) => _ml.Data.LoadFromEnumerable(rows);
        FeatureEstimator OfVectors(string input = "Vectors") => _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(input));
        IDataView good = Rows(new(), new());
        using FeatureTransformer ofVectors = OfVectors().Fit(good);
        string NoFit(IDataView data) => Assert.ThrowsExactly<InvalidOperationException>(() => OfVectors().Fit(data)).Message;
        Assert.Contains("Row 0 of column 'Vectors' has 7 numbers for 3 positions", NoFit(Rows(new WithVectors { Vectors = new float[7] })));
        Assert.Contains("Row 1 of column 'Vectors' has 3 numbers; expected are 6, 2 for each of 3 positions",
            NoFit(Rows(new(), new WithVectors { Vectors = new float[3] })));
        Assert.Contains("NaN in slot 1", NoFit(Rows(new WithVectors { Vectors = [0, float.NaN, 0] })));
        Assert.Contains("5 numbers; expected is a multiple of 2", Assert.ThrowsExactly<InvalidOperationException>(() =>
            Values.Read(ofVectors.Transform(Rows(new WithVectors { Vectors = new float[5] })), "Features")).Message);
        foreach ((string input, string words) in (ReadOnlySpan<(string, string)>)
            [("Number", "input column 'Number'"), ("Nothing", "Could not find input column 'Nothing'")])
        {
            Assert.Contains(words, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => OfVectors(input).Fit(good)).Message);
            Assert.Contains(words, Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => OfVectors(input).GetOutputSchema(Tiny.Shape(good.Schema))).Message);
        }
        FeatureOptions three = Options(null);
        three.CodesPerPosition = 2;
        Assert.Contains("CodesPerPosition = 2", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.Featurize("Features", "Codes", three).Fit(TinyCodes.Grids(_ml, 3))).Message);
        Assert.Contains("multiple of 2", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.Featurize("Features", "Codes", three).Fit(TinyCodes.Lines(_ml, 3))).Message);
    }

    [TestMethod]
    public void A_row_with_a_missing_code_is_named_and_those_before_it_are_not_lost()
    {
        using FeatureTransformer features = _ml.Transforms.VqVae.Featurize("Features", "Codes", TinyFeatures.Options())
            .Fit(TinyCodes.Lines(_ml, 20));
        IDataView rows = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(row => new AnyLength
        {
            Codes = row == 3 ? [1, 0, 3, 1] : [1, 2, 3, 1],
        }));
        IDataView view = features.Transform(rows);
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Features"]]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]);
        VBuffer<float> value = default;
        for (int row = 0; row < 3; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            getter(ref value);
        }
        string message = Assert.ThrowsExactly<InvalidOperationException>(() =>
        {
            cursor.MoveNext();
            getter(ref value);
        }).Message;
        Assert.Contains("Row 3 of codes column 'Codes' has no code in slot 1", message);
    }

    [TestMethod]
    [DataRow("Outputs")]
    [DataRow(null)]
    public void Sequences_without_codes_are_left_out_of_training_and_have_features_of_zero(string? input)
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(6);
        (rows[0].Waveform, rows[2].Waveform) = ([], []);
        IDataView data = TinySpeech.Data(_ml, rows);
        AudioVqVaeOptions codec = TinySpeech.Options(TinySpeech.Mel(), steps: 4);
        codec.EncoderOutputsColumnName = "Outputs";
        using TransformerChain<FeatureTransformer> model = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codec)
            .Append(_ml.Transforms.VqVae.Featurize("Features", "Codes", Options(input))).Fit(data);
        List<object[]> features = Values.Read(model.Transform(data), "Features", "Positions");
        TinySpeech.Row[] whole = [.. rows.Where(row => row.Waveform.Length > 0)];
        Values.AreEqual(Values.Read(model.Transform(TinySpeech.Data(_ml, whole)), "Features", "Positions"),
            [.. features.Where((_, row) => rows[row].Waveform.Length > 0)], 1e-3);
        // All of a batch, too.
        IDataView empty = TinySpeech.Data(_ml, [.. rows.Where(row => row.Waveform.Length == 0)]);
        List<object[]> without = [features[0], features[2], .. Values.Read(model.Transform(empty), "Features", "Positions")];
        Assert.HasCount(4, without);
        foreach (object[] row in without)
        {
            CollectionAssert.AreEqual(new float[3 * TinyFeatures.Channels], (float[])row[0]);
            Assert.IsEmpty((float[])row[1]);
        }
    }

    [TestMethod]
    public void Training_needs_a_row_with_codes_and_no_vectors_in_rows_without()
    {
        string NoFit(string? input, params WithVectors[] rows) => Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.Featurize("Features", "Codes", Options(input)).Fit(_ml.Data.LoadFromEnumerable(rows))).Message;
        Assert.AreEqual("All 2 rows of column 'Codes' are empty: there is nothing to train on.",
            NoFit(null, new() { Codes = [] }, new() { Codes = [] }));
        Assert.Contains("Row 1 of column 'Vectors' has 6 numbers, but no codes; expected are none",
            NoFit("Vectors", new(), new() { Codes = [] }));
    }

    [TestMethod]
    public void Vectors_of_no_declared_size_are_read_as_in_training()
    {
        AnyLength[] rows = [.. Enumerable.Range(0, 12).Select(row => new AnyLength
        {
            Codes = [(uint)(1 + row % 3), 2, 3], Vectors = [.. Enumerable.Range(0, 6).Select(i => (float)Math.Sin(row + i))],
        })];
        var schema = SchemaDefinition.Create(typeof(AnyLength));
        schema["Codes"].ColumnType = new VectorDataViewType(new KeyDataViewType(typeof(uint), TinyCodes.Codes), 3);
        IDataView data = _ml.Data.LoadFromEnumerable(rows, schema);
        using FeatureTransformer features = _ml.Transforms.VqVae.Featurize("Features", "Codes", Options("Vectors")).Fit(data);
        Assert.HasCount(12, Values.Read(features.Transform(data), "Features"));
        rows[5].Vectors = [1, 2, 3];
        Assert.Contains("Row 5 of column 'Vectors' has 3 numbers", Assert.ThrowsExactly<InvalidOperationException>(
            () => Values.Read(features.Transform(data), "Features")).Message);
    }

    sealed class AnyLength
    {
        [KeyType(TinyCodes.Codes)]
        public uint[] Codes { get; set; } = [];

        public float[] Vectors { get; set; } = [];
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Audio codecs among ML.NET's own parts: saved and loaded, in chains, in prediction engines.</summary>
[TestClass]
public class AudioChainTests
{
    readonly MLContext _ml = new(seed: 1);

    AudioVqVaeTransformer Fit(string codec, int seed = 3)
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(codec));
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.Training.Seed) = ("Decoded", "Embeddings", seed);
        return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void A_saved_chain_gives_the_same_values_and_the_same_schema(string codec)
    {
        using AudioVqVaeTransformer encoder = Fit(codec);
        using AudioVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        TransformerChain<ITransformer> chain = new(encoder, decoder);
        IDataView data = TinySpeech.Data(_ml, TinySpeech.Rows(2));
        using var file = new MemoryStream();
        _ml.Model.Save(chain, data.Schema, file);
        file.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(file, out _);
        using (loaded as IDisposable)
        {
            IDataView expected = chain.Transform(data), actual = loaded.Transform(data);
            CollectionAssert.AreEqual(
                expected.Schema.Select(column => $"{column}").ToArray(), actual.Schema.Select(column => $"{column}").ToArray());
            Values.AreEqual(Values.Read(expected), Values.Read(actual));
            foreach (object[] row in Values.Read(actual, "Waveform", "Decoded", "Again"))
            {
                // The reconstruction is the decoded codes, as long as the input.
                int samples = ((float[])row[0]).Length;
                CollectionAssert.AreEqual((float[])row[1], ((float[])row[2])[..samples]);
            }
        }
    }

    sealed class Coded
    {
        public uint[] Codes { get; set; } = [];
    }

    [TestMethod]
    public void An_engine_encodes_one_waveform_after_the_other_and_decodes_none()
    {
        using AudioVqVaeTransformer encoder = Fit("mel");
        TinySpeech.Row[] rows = TinySpeech.Rows(6);
        List<object[]> expected = Values.Read(encoder.Transform(TinySpeech.Data(_ml, rows)), "Codes");
        ValueToKeyMappingTransformer keys = _ml.Transforms.Conversion.MapValueToKey("Speaker").Fit(_ml.Data.LoadFromEnumerable(TinySpeech.Rows(2)));
        var runs = new NetworkRuns(encoder.Network, "encoder.residual.0", "decoder.residual.0");
        using PredictionEngine<TinySpeech.Row, Coded> engine = _ml.Model.CreatePredictionEngine<TinySpeech.Row, Coded>(
            new TransformerChain<ITransformer>(keys, encoder), new PredictionEngineOptions { OwnsTransformer = false });
        for (int i = 0; i < rows.Length; i++)
            CollectionAssert.AreEqual((uint[])expected[i][0], engine.Predict(rows[i]).Codes);
        Assert.AreEqual((6, 0), runs.Count);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Weights_go_from_one_network_to_another(string codec)
    {
        using AudioVqVaeTransformer first = Fit(codec), second = Fit(codec, seed: 4);
        IDataView data = TinySpeech.Data(_ml, TinySpeech.Rows(3));
        List<object[]> expected = Values.Read(first.Transform(data), "Codes", "Embeddings");
        CollectionAssert.AreNotEqual((float[])expected[0][1], (float[])Values.Read(second.Transform(data), "Embeddings")[0][0]);
        string path = Path.GetTempFileName();
        try
        {
            first.SaveWeights(path);
            second.LoadWeights(path);
        }
        finally
        {
            File.Delete(path);
        }
        Values.AreEqual(expected, Values.Read(second.Transform(data), "Codes", "Embeddings"));
    }

    [TestMethod]
    public void A_decoder_outlives_its_encoder()
    {
        AudioVqVaeTransformer encoder = Fit("mel");
        IDataView codes = _ml.Data.Cache(encoder.Transform(TinySpeech.Data(_ml, TinySpeech.Rows(2))), "Codes", "Speaker");
        Values.Read(codes, "Codes", "Speaker");
        using AudioVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        encoder.Dispose();
        Assert.HasCount(2, Values.Read(decoder.Transform(codes), "Again"));
        Assert.ThrowsExactly<ObjectDisposedException>(() => encoder.Decoder("More"));
    }

    [TestMethod]
    public void Key_values_are_the_codes()
    {
        using AudioVqVaeTransformer encoder = Fit("mel");
        DataViewSchema.Column codes = encoder.GetOutputSchema(TinySpeech.Data(_ml).Schema)["Codes"];
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), TinySpeech.Codes)), codes.Type);
        VBuffer<ReadOnlyMemory<char>> names = default;
        codes.Annotations.GetValue("KeyValues", ref names);
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3", "4", "5" }, names.DenseValues().Select(name => $"{name}").ToArray());
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Codecs;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Training of audio codecs as an estimator: schemas, seeds, checkpoints, batches of unequal lengths, and no tensor left.</summary>
[TestClass]
public class AudioFitTests
{
    readonly MLContext _ml = new(seed: 1);

    static AudioCodecOptions Codec(string name) => name == "mel" ? TinySpeech.Mel() : TinySpeech.Waveform();

    AudioVqVaeTransformer Fit(string codec, Action<AudioVqVaeOptions>? change = null, IDataView? data = null)
    {
        AudioVqVaeOptions options = TinySpeech.Options(Codec(codec));
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        change?.Invoke(options);
        return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(data ?? TinySpeech.Data(_ml));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("waveform")]
    public void What_is_trained_is_what_was_promised_and_lengths_are_exact(string codec)
    {
        AudioVqVaeOptions options = TinySpeech.Options(Codec(codec));
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        IDataView data = TinySpeech.Data(_ml);
        AudioVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options);
        using AudioVqVaeTransformer transformer = estimator.Fit(data);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey} "
                + string.Join(',', column.Annotations.Select(annotation => annotation.Name).Order())).Order()];
        CollectionAssert.AreEqual(
            Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(transformer.GetOutputSchema(data.Schema))));
        Assert.AreEqual(TinySpeech.SamplesPerCode, transformer.SamplesPerCode);
        CollectionAssert.AreEqual(TinySpeech.Speakers, transformer.Speakers.ToArray());
        foreach (object[] row in Values.Read(transformer.Transform(data), "Waveform", "Codes", "Decoded", "Embeddings"))
        {
            int samples = ((float[])row[0]).Length, codes = (samples + 159) / 160;
            Assert.HasCount(codes, (uint[])row[1]);
            Assert.HasCount(samples, (float[])row[2]);
            Assert.HasCount(codes * TinySpeech.Dimensions, (float[])row[3]);
            Assert.IsTrue(((uint[])row[1]).All(key => key is >= 1 and <= TinySpeech.Codes));
            Assert.IsTrue(((float[])row[2]).All(sample => Math.Abs(sample) <= 1));
        }
    }
}

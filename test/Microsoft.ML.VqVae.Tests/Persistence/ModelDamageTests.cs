using System.Text.Json.Nodes;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Reliability;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Model files that were damaged, or made to do harm: they are refused before they cost memory or time, and in words.</summary>
[TestClass]
public class ModelDamageTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow("vimco-categorical", "Model.Latents.EvaluationSamples", "2147483647", "EvaluationSamples must be from 1 to 20000")]
    [DataRow("vimco-categorical", "Model.Latents.Samples", "2147483647", "Samples must be from 2")]
    [DataRow("audio-decoder-mel", "Model.Codec.GriffinLimIterations", "2147483647", "GriffinLimIterations must be from 1 to 1000,")]
    [DataRow("audio-encoder-mel", "Model.Codec.EncoderDilations", "[2147483647]", "EncoderDilations must be")]
    [DataRow("audio-encoder-mel", "Model.Codec.WindowSeconds", "2", "WindowSeconds must be")]
    [DataRow("image-encoder-gradient", "Model.PredictionBatchSize", "0", "PredictionBatchSize must be from 1 to 65536, but is 0")]
    [DataRow("image-encoder-gradient", "Model.PredictionBatchSize", "2147483647", "PredictionBatchSize must be from 1 to 65536")]
    [DataRow("prior-wavenet", "Model.MeanLength", "1e300", "MeanLength must be from 0")]
    public void Counts_that_no_weight_bounds_have_limits(string name, string path, string value, string expected) =>
        Refused<FormatException>(Changed(name, path, value), expected);

    [TestMethod]
    [DataRow("image-encoder-gradient", "Model.Codec.ResidualBlocks", "46341")]
    [DataRow("image-encoder-gradient", "Model.Codec.HiddenChannels", "1048576")]
    [DataRow("image-encoder-gradient", "Model.Codec.HiddenChannels", "2147483647")]
    [DataRow("image-encoder-moving-average", "Model.Quantizer.Codes", "2147483647")]
    [DataRow("image-encoder-moving-average", "Model.Quantizer.CodesPerPosition", "100000000")]
    [DataRow("gaussian-vae", "Model.LatentChannels", "1000000000")]
    [DataRow("vimco-categorical", "Model.Latents.Dimensions", "100000000")]
    [DataRow("prior-pixelcnn", "Model.PixelCnn.Channels", "5000")]
    [DataRow("prior-pixelcnn", "Model.PixelCnn.Layers", "1000000")]
    [DataRow("prior-wavenet", "Model.WaveNet.SkipChannels", "2147483647")]
    [DataRow("audio-encoder-waveform", "Model.Codec.Decoder.Channels", "100000")]
    [DataRow("audio-encoder-mel", "Model.Codec.DecoderNeighbours", "1073741823")]
    [DataRow("audio-encoder-mel-adapted", "Model.Codec.DecoderBlocks", "1000000")]
    [DataRow("codes-encoder", "Model.Codec.HiddenChannels", "1000000")]
    [DataRow("video-prior", "Model.Network.ContextBlocks", "1000000")]
    public void A_network_that_its_weights_do_not_fill_is_not_created(string name, string path, string value)
    {
        long before = Environment.WorkingSet;
        Refused<InvalidDataException>(Changed(name, path, value), "weights.safetensors in the model", "does not fit the network");
        Assert.IsLessThan(1L << 29, Environment.WorkingSet - before);
    }

    [TestMethod]
    [DataRow("image-encoder-gradient", "Model.Codec.ResidualBlocks")]
    [DataRow("prior-pixelcnn", "Model.PixelCnn.Layers")]
    public void More_layers_than_an_array_holds_are_refused(string name, string path) =>
        Refused<FormatException>(Changed(name, path, "2147483647"), "The description of the network cannot be used");

    [TestMethod]
    [DataRow("image-encoder-gradient", "Columns.Codes", "\"\"", "names that are not empty")]
    [DataRow("image-encoder-gradient", "Columns.Reconstruction", "\"Codes\"", "'Codes' twice")]
    [DataRow("image-encoder-gradient", "Model.Pixels.Height", "16", "Pixels must be 8×8 pixels of 1 channels, as in the codec")]
    [DataRow("image-encoder-clips", "Model.Pixels.Frames", "2147483647", "Pixels must be at most")]
    [DataRow("image-decoder", "Model.Pixels.Frames", "-1", "Pixels.Frames must be 0 or more")]
    [DataRow("image-decoder", "Model.Pixels.ImageScale", "0", "ImageScale must be")]
    [DataRow("audio-encoder-mel", "Columns.Speaker", "null", "Columns.Speaker must be the name of a column")]
    [DataRow("audio-encoder-mel", "Model.Speakers.Names.Values", "[\"one\"]", "2 values, one for each key")]
    [DataRow("prior-pixelcnn-condition", "Model.Conditions.Names.Values", "[\"a\",\"b\",null]",
        "Conditions.Names.Values must be values of type String")]
    [DataRow("prior-pixelcnn-condition", "Model.Conditions.Rows", "[1,2,-3]", "Conditions.Rows must be counts of 0 or more")]
    [DataRow("prior-pixelcnn-numbers", "Model.Conditions.Names.Values", "[\"0\",\"ten\",\"20\"]", "of type Int32, but is ten")]
    [DataRow("prior-pixelcnn", "Model.PixelCnn.Height", "2147483647", "Format.Dimensions must be those of 2147483647×")]
    [DataRow("prior-pixelcnn", "Model.Format.Codes", "7", "Format.Codes must be 5, as in the network")]
    [DataRow("prior-wavenet", "Model.Format.Dimensions", "[0]", "Format.Dimensions must be sizes from 1 on")]
    [DataRow("prior-wavenet", "Model.Format.Codes", "7", "Format.Codes must be")]
    [DataRow("prior-wavenet", "Model.WaveNet", "null", "one network")]
    [DataRow("codes-decoder", "Sampling.Temperature", "0", "Temperature must be")]
    [DataRow("codes-decoder", "Sampling.TopK", "0", "TopK must be")]
    [DataRow("codes-likelihood", "Model.Grid.Dimensions", "[2,2,1]", "Grid.Dimensions must be those of")]
    [DataRow("video-prior", "Model.Network.Actions", "100", "Actions must be 100, as in the network")]
    [DataRow("expand-frames", "Columns.SampleRate", "0", "SampleRate must be 1 or more")]
    [DataRow("expand-frames", "Columns.Context", "2147483647", "Context must be from 0")]
    [DataRow("code-label-map", "Counts", "[1,2]", "Counts must be a count of 0 or more for each of")]
    [DataRow("code-label-map", "Values.Type", "\"Vector\"", "Values.Type must be one of String")]
    [DataRow("audio-loader", "SampleRate", "2147483647", "SampleRate must be from 100 to 768000")]
    public void Descriptions_are_validated_as_options_are(string name, string path, string value, string expected) =>
        Refused<FormatException>(Changed(name, path, value), "The description of the model 'VqVae", expected, "Save the model again");

    [TestMethod]
    public void Text_that_is_not_Unicode_is_refused()
    {
        byte[] model = Golden("image-encoder-gradient");
        string text = ModelArchive.ReadDescription(model);
        Assert.Contains("\"Pixels\"", text);
        foreach (string name in (string[])["\"Pix\ud800ls\"", "\"Pix\\ud800ls\""])
            Refused<FormatException>(ModelArchive.ReplaceDescription(model, text.Replace("\"Pixels\"", name)), "cannot be read");
    }

    [TestMethod]
    public void Streams_of_bytes_have_a_digest_too()
    {
        using var stream = new MemoryStream();
        _ml.Model.Save(_ml.Transforms.VqVae.NearestRows("Similar", "Codes", neighbors: 2).Fit(TinyCodes.Grids(_ml, 6)), null, stream);
        byte[] model = stream.ToArray(), rows = ModelArchive.Read(model, "rows.bin");
        Load(model);
        byte[] changed = [.. rows];
        changed[5]++;
        foreach (byte[] damaged in (byte[][])[changed, rows[..^1], rows[..10], []])
            Refused<FormatException>(ModelArchive.Replace(model, "rows.bin", damaged), "rows.bin in the model 'VqVaeNearestRows'", "SHA-256");
    }

    [TestMethod]
    public void A_mean_length_of_millions_is_not_sampled_unasked()
    {
        using var prior = (PriorTransformer)Load(Changed("prior-wavenet", "Model.MeanLength", "1000000"));
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => prior.Sample(_ml, 1)).Message;
        Assert.Contains("more than 16384 codes", message);
        Assert.Contains("SamplingOptions.Length", message);
        Assert.HasCount(1, Values.Read(prior.Sample(_ml, 1, options: new SamplingOptions { Length = 5 }), "Codes"));
    }

    [TestMethod]
    public void A_damaged_header_names_the_model()
    {
        byte[] model = Fresh(), key = ModelArchive.Read(model, ModelArchive.KeyName);
        int version = key.AsSpan().IndexOf("VQVAEIMG"u8) + 8;
        // The version that can read it is above the version that wrote it.
        key[version + 6]++;
        Refused<FormatException>(ModelArchive.Replace(model, ModelArchive.KeyName, key), "The model 'VqVaeImageEncoder' cannot be read");
    }

    [TestMethod]
    public void Bytes_after_the_last_tensor_are_refused()
    {
        byte[] model = Golden("image-encoder-gradient"), weights = ModelArchive.Read(model, ModelFile.WeightsName);
        Refused<InvalidDataException>(
            ModelArchive.Replace(model, ModelFile.WeightsName, [.. weights, 0]), "has bytes after its last tensor", "VqVaeImageEncoder");
    }

    [TestMethod]
    public void A_description_has_a_digest_that_must_be_right()
    {
        byte[] model = Fresh();
        string text = ModelArchive.ReadDescription(model);
        using (IDisposable? same = Load(ModelArchive.ReplaceDescription(model, text)) as IDisposable)
            Assert.IsNotNull(same);
        Refused<FormatException>(ModelArchive.ReplaceDescription(model, text, withDigest: false), "has another SHA-256 than it says");
        string changed = ModelFile.WithDigest(text).Replace("\"ImageScale\":1", "\"ImageScale\":2");
        Assert.AreNotEqual(ModelFile.WithDigest(text), changed);
        Refused<FormatException>(ModelArchive.ReplaceDescription(model, changed, withDigest: false), "has another SHA-256 than it says");
    }

    [TestMethod]
    public void Weights_without_a_digest_are_refused_in_a_model_that_has_one_elsewhere()
    {
        byte[] model = Fresh(), weights = ModelArchive.Read(model, ModelFile.WeightsName);
        int name = weights.AsSpan().IndexOf("vqvae.sha256"u8);
        weights[name]++;
        Refused<InvalidDataException>(ModelArchive.Replace(model, ModelFile.WeightsName, weights), "has no SHA-256");
    }

    [TestMethod]
    public void Flipped_bits_are_noticed_or_change_nothing()
    {
        byte[] model = Fresh();
        IDataView data = Tiny.Data(_ml, 5);
        List<object[]> expected = Outputs(model);
        var random = new Random(20);
        int refused = 0;
        for (int round = 0; round < 120; round++)
        {
            byte[] damaged = [.. model];
            int bit = random.Next(8 * model.Length);
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            List<object[]> found;
            try
            {
                found = Outputs(damaged);
            }
            catch (Exception exception) when (exception is not AssertFailedException)
            {
                refused++;
                continue;
            }
            Values.AreEqual(expected, found);
        }
        Assert.IsGreaterThan(60, refused);

        List<object[]> Outputs(byte[] file)
        {
            ITransformer loaded = Load(file);
            using IDisposable? owner = loaded as IDisposable;
            return Values.Read(loaded.Transform(data));
        }
    }

    [TestMethod]
    public void A_refused_model_frees_its_network_at_once_as_a_disposed_one_does()
    {
        byte[] good = Golden("image-encoder-gradient"), bad = Changed("image-encoder-gradient", "Model.Quantizer.Dimensions", "3");
        // Layers have tensors without memory that go with the garbage collection.
        Assert.AreEqual(
            Growth(() => ((IDisposable)Load(good)).Dispose()),
            Growth(() => Refused<InvalidDataException>(bad, "does not fit the network")));
    }

    ITransformer Load(byte[] model) => _ml.Model.Load(new MemoryStream(model), out _);

    void Refused<T>(byte[] model, params string[] words)
        where T : Exception
    {
        Exception exception = Assert.Throws<Exception>(() => Load(model));
        // ML.NET creates transformers by reflection, which wraps what they throw.
        while (exception.InnerException is not null && exception is not T)
            exception = exception.InnerException;
        Assert.IsInstanceOfType<T>(exception);
        foreach (string word in words)
            Assert.Contains(word, exception.Message);
    }

    byte[] Fresh()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        using var stream = new MemoryStream();
        _ml.Model.Save(transformer, null, stream);
        return stream.ToArray();
    }

    static byte[] Golden(string name) => File.ReadAllBytes(Path.Combine(OlderModelFilesTests.Folder, name + ".zip"));

    /// <summary>A model file with another value in its description.</summary>
    static byte[] Changed(string name, string path, string value)
    {
        byte[] model = Golden(name);
        JsonNode description = JsonNode.Parse(ModelArchive.ReadDescription(model))!;
        string[] steps = path.Split('.');
        JsonNode owner = steps[..^1].Aggregate(description, (node, step) => node[step]!);
        Assert.IsTrue(((JsonObject)owner).ContainsKey(steps[^1]), $"{name} has no {path}.");
        owner[steps[^1]] = JsonNode.Parse(value);
        return ModelArchive.ReplaceDescription(model, description.ToJsonString());
    }
}

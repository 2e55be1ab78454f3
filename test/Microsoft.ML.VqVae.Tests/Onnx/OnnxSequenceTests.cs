using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>Codecs of time series and priors as ONNX graphs.</summary>
[TestClass]
public sealed class OnnxSequenceTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow(true, 1)]
    [DataRow(true, 2)]
    [DataRow(false, 1)]
    [DataRow(false, 2)]
    public void Series_of_one_length_or_any_are_encoded_and_decoded_the_same(bool isFixed, int codesPerPosition)
    {
        SeriesVqVaeOptions options = TinySeries.Options(steps: 20);
        options.VectorQuantizer.CodesPerPosition = codesPerPosition;
        IDataView input = OnnxFile.Only(_ml, TinySeries.Data(_ml, isFixed: isFixed), "Window");
        using SeriesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(input);
        IDataView encoded = encoder.Transform(input);
        Assert.IsGreaterThan(2, Values.Read(encoded, "Codes").SelectMany(row => (uint[])row[0]).Distinct().Count());
        using var onnx = new OnnxFile(encoder, input);
        onnx.AssertEqual(encoded, input, "Codes", "Decoded", "Embeddings", "Error");

        using SeriesVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = OnnxFile.Only(_ml, encoded, "Codes");
        using var again = new OnnxFile(decoder, codes, "Again");
        again.AssertEqual(decoder.Transform(codes), codes, "Again");
    }

    [TestMethod]
    [DataRow(FeatureNormalisation.Utterance, SpeechFeatures.Mfcc, false)]
    [DataRow(FeatureNormalisation.Utterance, SpeechFeatures.LogMel, false)]
    [DataRow(FeatureNormalisation.Speaker, SpeechFeatures.Mfcc, false)]
    [DataRow(FeatureNormalisation.Speaker, SpeechFeatures.Mfcc, true)]
    public void Waveforms_of_any_length_are_encoded_the_same(FeatureNormalisation normalisation, SpeechFeatures inputs, bool speakers)
    {
        MelCodecOptions codec = TinySpeech.Mel();
        (codec.Normalisation, codec.Inputs) = (normalisation, inputs);
        AudioVqVaeOptions options = TinySpeech.Options(codec, steps: 30);
        options.EmbeddingsColumnName = "Embeddings";
        options.SpeakerColumnName = speakers ? "Speaker" : null;
        IDataView data = TinySpeech.Data(_ml);
        using AudioVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(data);
        IDataView input = OnnxFile.Only(_ml, data, speakers ? ["Waveform", "Speaker"] : ["Waveform"]);
        IDataView encoded = encoder.Transform(input);
        Assert.IsGreaterThan(2, Values.Read(encoded, "Codes").SelectMany(row => (uint[])row[0]).Distinct().Count());
        using var onnx = new OnnxFile(encoder, input, "Codes", "Embeddings");
        onnx.AssertEqual(encoded, input, "Codes", "Embeddings");
    }

    [TestMethod]
    public void Raw_waveforms_of_any_length_are_encoded_the_same()
    {
        IDataView data = TinySpeech.Data(_ml);
        using AudioVqVaeTransformer encoder =
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options(TinySpeech.Waveform(), steps: 20)).Fit(data);
        IDataView input = OnnxFile.Only(_ml, data, "Waveform");
        IDataView encoded = encoder.Transform(input);
        Assert.IsGreaterThan(1, Values.Read(encoded, "Codes").SelectMany(row => (uint[])row[0]).Distinct().Count());
        using var onnx = new OnnxFile(encoder, input, "Codes");
        onnx.AssertEqual(encoded, input, "Codes");
        using AudioVqVaeDecoderTransformer decoder = encoder.Decoder("Sound");
        Refuses(decoder, OnnxFile.Only(_ml, encoder.Transform(data), "Codes", "Speaker"), "AudioVqVaeDecoderTransformer");
    }

    [TestMethod]
    public void Speakers_who_are_new_are_encoded_by_their_utterance_or_refused_where_features_are_decorrelated()
    {
        IDataView known = TinySpeech.Data(_ml, TinySpeech.Rows(4));
        TinySpeech.Row[] rows = TinySpeech.Rows(4);
        rows[3].Speaker = "new";
        IDataView view = _ml.Data.LoadFromEnumerable(rows);
        IDataView others = OnnxFile.Only(
            _ml, _ml.Transforms.Conversion.MapValueToKey("Speaker").Fit(view).Transform(view), "Waveform", "Speaker");
        MelCodecOptions codec = TinySpeech.Mel();
        using AudioVqVaeTransformer encoder = Fit(codec, known);
        using var onnx = new OnnxFile(encoder, others, "Codes");
        onnx.AssertEqual(encoder.Transform(others), others, "Codes");

        codec.Decorrelation = 0.75;
        using AudioVqVaeTransformer decorrelating = Fit(codec, known);
        Refuses(decorrelating, others, "'Speaker'", "'new'");
        IDataView only = OnnxFile.Only(_ml, known, "Waveform", "Speaker");
        using var ofKnown = new OnnxFile(decorrelating, only, "Codes");
        ofKnown.AssertEqual(decorrelating.Transform(only), only, "Codes");
    }

    [TestMethod]
    public void Audio_that_has_no_graph_is_refused_with_the_reason()
    {
        IDataView data = TinySpeech.Data(_ml);
        MelCodecOptions decorrelated = TinySpeech.Mel();
        (decorrelated.Normalisation, decorrelated.Decorrelation) = (FeatureNormalisation.Utterance, 0.5);
        (AudioCodecOptions, string)[] cases = [(TinySpeech.Codec("adapted"), "search"), (decorrelated, "Decorrelation")];
        foreach ((AudioCodecOptions codec, string reason) in cases)
        {
            using AudioVqVaeTransformer encoder = Fit(codec, data);
            Refuses(encoder, OnnxFile.Only(_ml, data, "Waveform", "Speaker"), "AudioVqVaeTransformer", reason);
        }
    }

    AudioVqVaeTransformer Fit(AudioCodecOptions codec, IDataView data) =>
        _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options(codec, steps: 4)).Fit(data);

    static void Refuses(ITransformer transformer, IDataView input, params string[] texts)
    {
        NotSupportedException exception = Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(transformer, input));
        foreach (string text in texts)
            Assert.Contains(text, exception.Message);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_PixelCNN_gives_the_same_bits(bool conditioned)
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 20), conditioned ? ["Codes", "Label"] : ["Codes"]);
        using var onnx = new OnnxFile(prior, input, "Bits", "PerCode");
        onnx.AssertEqual(prior.Transform(input), input, "Bits", "PerCode");
    }

    [TestMethod]
    public void A_codec_and_its_prior_are_one_graph_from_pixels_to_bits()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 20), "Pixels");
        ImageVqVaeTransformer codec = Tiny.Untrained(
            columns: new EncoderColumns("Pixels", "Codes", null, false, null, null), codesPerPosition: 3);
        var options = new PriorOptions
        {
            PixelCnn = new PixelCnnOptions { Layers = 3, Channels = 8, SkipChannels = 6, KernelSize = 5 },
            Training = Tiny.Options().Training, PerCodeColumnName = "PerCode",
        };
        PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codec.Transform(input));
        using var chain = new TransformerChain<ITransformer>(codec, prior);
        using var onnx = new OnnxFile(chain, input, "Codes", "Bits", "PerCode");
        onnx.AssertEqual(chain.Transform(input), input, "Codes", "Bits", "PerCode");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_WaveNet_gives_the_same_bits_for_rows_of_any_length(bool conditioned)
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Lines(_ml, 12), conditioned ? ["Codes", "Label"] : ["Codes"]);
        using var onnx = new OnnxFile(prior, input, "Bits", "PerCode");
        onnx.AssertEqual(prior.Transform(input), input, "Bits", "PerCode");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_transformer_over_a_grid_gives_the_same_bits(int codesPerPosition)
    {
        IDataView pixels = OnnxFile.Only(_ml, Tiny.Data(_ml, 20), "Pixels", "Label");
        using ImageVqVaeTransformer codec = Tiny.Untrained(
            columns: new EncoderColumns("Pixels", "Codes", null, false, null, null), codesPerPosition: codesPerPosition);
        IDataView codes = _ml.Transforms.Conversion.MapValueToKey("Label").Fit(pixels).Transform(codec.Transform(pixels));
        var options = new PriorOptions
        {
            CustomNetwork = new TransformerPriorOptions { Layers = 2, Channels = 12, Heads = 3 },
            Training = TinyCodes.Options(steps: 30).Training, PerCodeColumnName = "PerCode",
        };
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(codes);
        IDataView input = OnnxFile.Only(_ml, codes, "Codes", "Label");
        using var onnx = new OnnxFile(prior, input, "Bits", "PerCode");
        onnx.AssertEqual(prior.Transform(input), input, "Bits", "PerCode");
    }

    [TestMethod]
    public void Codes_with_other_key_numbers_are_matched_by_their_values()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        IDataView coded = OnnxFile.Only(_ml, codec.Transform(Tiny.Data(_ml, 20)), "Codes");
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options(steps: 20)).Fit(coded);
        // As codes that were written as text and read again: their keys are numbered by their first rows.
        IDataView read = _ml.Transforms.Conversion.MapKeyToValue("Text", "Codes")
            .Append(_ml.Transforms.Conversion.MapValueToKey("Codes", "Text")).Fit(coded).Transform(coded);
        IDataView input = OnnxFile.Only(_ml, read, "Codes");
        Assert.IsFalse(Values.Read(coded, "Codes").Zip(Values.Read(input, "Codes"))
            .All(pair => ((uint[])pair.First[0]).SequenceEqual((uint[])pair.Second[0])), "The keys have the same numbers.");
        using var onnx = new OnnxFile(prior, input, "Bits");
        onnx.AssertEqual(prior.Transform(input), input, "Bits");
        Values.AreEqual(Values.Read(prior.Transform(coded), "Bits"), Values.Read(prior.Transform(input), "Bits"), 1e-4);
    }

    [TestMethod]
    public void A_class_that_the_training_data_did_not_have_is_refused_by_name()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        TinyCodes.Grid[] rows = TinyCodes.Grids(4);
        rows[3].Class = "sideways";
        IDataView input = OnnxFile.Only(_ml, TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows)), "Codes", "Label");
        Refuses(prior, input, "'Label'", "'sideways'");
    }

    [TestMethod]
    public void A_prior_of_the_application_is_refused_by_name()
    {
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 8), "Codes");
        PriorOptions options = TinyCodes.Options(steps: 1);
        options.CustomNetwork = new BigramOptions();
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(input);
        Refuses(prior, input, "PriorTransformer", nameof(BigramPrior));
    }

    [TestMethod]
    public void Codes_of_codes_and_their_bits_are_the_same()
    {
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 30), "Codes");
        var options = new CodesVqVaeOptions { BitsColumnName = "Bits", Training = TinyCodes.Options(steps: 30).Training };
        (options.Codec.EmbeddingChannels, options.Codec.HiddenChannels) = (4, 8);
        options.Codec.Decoder = new PixelCnnOptions { Layers = 2, Channels = 8, MapChannels = 4 };
        options.Quantizer = new VectorQuantizerOptions { Codes = 6, Dimensions = 4, CodesPerPosition = 2, SeparateCodebooks = true };
        using CodesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(input);
        IDataView encoded = encoder.Transform(input);
        using var onnx = new OnnxFile(encoder, input, "Latents", "Bits");
        onnx.AssertEqual(encoded, input, "Latents", "Bits");

        using CodesLikelihoodTransformer likelihood = encoder.Likelihood("Again");
        IDataView both = OnnxFile.Only(_ml, encoded, "Codes", "Latents");
        using var again = new OnnxFile(likelihood, both, "Again");
        again.AssertEqual(likelihood.Transform(both), both, "Again");
        using CodesVqVaeDecoderTransformer sampler = encoder.Decoder("Sampled");
        Refuses(sampler, both, "CodesVqVaeDecoderTransformer", "any of its output columns");
    }
}

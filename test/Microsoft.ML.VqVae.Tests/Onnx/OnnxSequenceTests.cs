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
    [DataRow(1)]
    [DataRow(2)]
    public void Series_of_one_length_are_encoded_and_decoded_the_same(int codesPerPosition)
    {
        SeriesVqVaeOptions options = TinySeries.Options(steps: 20);
        options.VectorQuantizer.CodesPerPosition = codesPerPosition;
        IDataView input = OnnxFile.Only(_ml, TinySeries.Data(_ml, isFixed: true), "Window");
        using SeriesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(input);
        IDataView encoded = encoder.Transform(input);
        Assert.IsGreaterThan(2, Values.Read(encoded, "Codes").SelectMany(row => (uint[])row[0]).Distinct().Count());
        using var onnx = new OnnxFile(encoder, input);
        onnx.AssertEqual(encoded, input, 1e-3, "Codes", "Decoded", "Embeddings", "Error");

        using SeriesVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = OnnxFile.Only(_ml, encoded, "Codes");
        using var again = new OnnxFile(decoder, codes, "Again");
        again.AssertEqual(decoder.Transform(codes), codes, 1e-3, "Again");
    }

    [TestMethod]
    public void Series_of_any_length_are_refused()
    {
        IDataView input = OnnxFile.Only(_ml, TinySeries.Data(_ml), "Window");
        using SeriesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", TinySeries.Options(steps: 3)).Fit(input);
        NotSupportedException exception = Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(encoder, input));
        Assert.Contains("'Window'", exception.Message);
        Assert.Contains("any length", exception.Message);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_PixelCNN_gives_the_same_bits(bool conditioned)
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 20), conditioned ? ["Codes", "Label"] : ["Codes"]);
        using var onnx = new OnnxFile(prior, input, "Bits", "PerCode");
        onnx.AssertEqual(prior.Transform(input), input, 1e-3, "Bits", "PerCode");
    }

    [TestMethod]
    public void A_codec_and_its_prior_are_one_graph_from_pixels_to_bits()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 20), "Pixels");
        ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null), codesPerPosition: 3);
        var options = new PriorOptions
        {
            PixelCnn = new PixelCnnOptions { Layers = 3, Channels = 8, SkipChannels = 6, KernelSize = 5 },
            Training = Tiny.Options().Training, PerCodeColumnName = "PerCode",
        };
        PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codec.Transform(input));
        using var chain = new TransformerChain<ITransformer>(codec, prior);
        using var onnx = new OnnxFile(chain, input, "Codes", "Bits", "PerCode");
        onnx.AssertEqual(chain.Transform(input), input, 1e-3, "Codes", "Bits", "PerCode");
    }

    [TestMethod]
    public void A_prior_over_sequences_is_refused_with_the_reason()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Lines(_ml, 3), "Codes");
        NotSupportedException exception = Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(prior, input));
        Assert.Contains("PriorTransformer", exception.Message);
        Assert.Contains("any length", exception.Message);
    }
}

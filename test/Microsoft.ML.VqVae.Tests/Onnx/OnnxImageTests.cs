using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Quantization;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>Image codecs as ONNX graphs, whose codes must be the same and whose numbers differ by rounding alone.</summary>
[TestClass]
public sealed class OnnxImageTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class ColorRow
    {
        [VectorType(Tiny.Side, Tiny.Side, 3)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class ClipRow
    {
        [VectorType(2, 1, Tiny.Side, Tiny.Side)]
        public float[] Pixels { get; set; } = [];
    }

    IDataView Gray(int count = 40) => OnnxFile.Only(_ml, Tiny.Data(_ml, count), "Pixels");

    static ImageVqVaeOptions Options(QuantizerOptions? quantizer = null)
    {
        ImageVqVaeOptions options = Tiny.Options();
        if (quantizer is not null)
            options.Quantizer = quantizer;
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        (options.ReconstructionErrorColumnName, options.ReconstructionBitsColumnName) = ("Error", "Bits");
        return options;
    }

    static VectorQuantizerOptions Vectors(int codesPerPosition, bool separate) => new()
    {
        Codes = 12, Dimensions = 4, CodesPerPosition = codesPerPosition, SeparateCodebooks = separate,
    };

    public static IEnumerable<(string, QuantizerOptions)> Quantizers =>
    [
        ("one code", Vectors(1, separate: false)),
        ("three codes of one codebook", Vectors(3, separate: false)),
        ("three codes of three codebooks", Vectors(3, separate: true)),
        ("finite scalar", new FiniteScalarQuantizerOptions { Levels = [5, 4, 2], CodesPerPosition = 2 }),
        ("residual", new ResidualVectorQuantizerOptions { Stage = Vectors(1, separate: false), CodesPerPosition = 3 }),
    ];

    [TestMethod]
    [DynamicData(nameof(Quantizers))]
    public void Every_quantizer_gives_the_same_codes_and_columns(string name, QuantizerOptions quantizer)
    {
        IDataView input = Gray();
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(quantizer)).Fit(input);
        IDataView encoded = encoder.Transform(input);
        Assert.IsGreaterThan(2, Values.Read(encoded, "Codes").SelectMany(row => (uint[])row[0]).Distinct().Count(), name);

        using var codes = new OnnxFile(encoder, input, "Codes");
        codes.AssertEqual(encoded, input, "Codes");
        using var all = new OnnxFile(encoder, input);
        all.AssertEqual(encoded, input, "Codes", "Embeddings", "Decoded", "Error", "Bits");

        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView only = OnnxFile.Only(_ml, encoded, "Codes");
        using var again = new OnnxFile(decoder, only, "Again");
        again.AssertEqual(decoder.Transform(only), only, "Again");
    }

    [TestMethod]
    [DataRow(PixelLikelihood.Gaussian)]
    [DataRow(PixelLikelihood.DiscretizedLogistic)]
    [DataRow(PixelLikelihood.Categorical)]
    public void Every_likelihood_gives_the_same_reconstruction_and_bits(PixelLikelihood likelihood)
    {
        ImageVqVaeOptions options = Options();
        options.Codec.PixelLikelihood = likelihood;
        IDataView input = Gray(12);
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(input);
        using var onnx = new OnnxFile(encoder, input);
        onnx.AssertEqual(encoder.Transform(input), input, "Codes", "Decoded", "Bits");
    }

    [TestMethod]
    public void Interleaved_colors_stay_interleaved()
    {
        IDataView input = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 12).Select(number =>
            new ColorRow { Pixels = Tiny.Pixels(number, 3) }).ToArray());
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options()).Fit(input);
        using var onnx = new OnnxFile(encoder, input);
        CollectionAssert.AreEqual((int[])[-1, Tiny.Side, Tiny.Side, 3], onnx.Inputs["Pixels"].Dimensions);
        onnx.AssertEqual(encoder.Transform(input), input, "Codes", "Decoded", "Embeddings", "Error", "Bits");
    }

    [TestMethod]
    public void Clips_are_encoded_and_decoded_frame_by_frame()
    {
        IDataView input = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 6).Select(number =>
            new ClipRow { Pixels = [.. Tiny.Pixels(2 * number, 1), .. Tiny.Pixels(2 * number + 1, 1)] }).ToArray());
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", Options()).Fit(input);
        IDataView encoded = encoder.Transform(input);
        using var onnx = new OnnxFile(encoder, input);
        onnx.AssertEqual(encoded, input, "Codes", "Decoded", "Embeddings", "Error", "Bits");
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView only = OnnxFile.Only(_ml, encoded, "Codes");
        using var again = new OnnxFile(decoder, only, "Again");
        again.AssertEqual(decoder.Transform(only), only, "Again");
    }

    [TestMethod]
    [DataRow("Gaussian VAE")]
    [DataRow("categories")]
    [DataRow("bits")]
    public void The_baselines_give_the_same_latents_and_columns(string kind)
    {
        IDataView input = Gray(12);
        using ImageBaselineTransformer transformer = Baseline(kind).Fit(input);
        IDataView transformed = transformer.Transform(input);
        string[] bound = kind == "Gaussian VAE" ? ["Bound"] : [];
        using var onnx = new OnnxFile(transformer, input, ["Latents", "Decoded", "Bits", .. bound]);
        onnx.AssertEqual(transformed, input, ["Latents", "Decoded", "Bits", .. bound]);
    }

    IEstimator<ImageBaselineTransformer> Baseline(string kind)
    {
        T Prepare<T>(T options) where T : ImageBaselineOptions
        {
            options.Codec = Tiny.Options().Codec;
            options.Training = Tiny.Options().Training;
            (options.ReconstructionColumnName, options.ReconstructionBitsColumnName) = ("Decoded", "Bits");
            options.BoundBitsColumnName = "Bound";
            return options;
        }

        return kind == "Gaussian VAE"
            ? _ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", Prepare(new ImageGaussianVaeOptions { LatentChannels = 3 }))
            : _ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", Prepare(new ImageVimcoOptions
            {
                Latents = new VimcoOptions
                {
                    Latents = kind == "bits" ? VimcoLatents.Bernoulli : VimcoLatents.Categorical,
                    Categories = 5, Dimensions = 4, LatentsPerPosition = 2, Samples = 3, EvaluationSamples = 4,
                },
            }));
    }
}

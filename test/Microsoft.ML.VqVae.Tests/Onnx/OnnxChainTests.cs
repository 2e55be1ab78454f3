using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Quantization;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>Whole pipelines as ONNX graphs: codecs among ML.NET's own parts, files, and pipelines that cannot be converted.</summary>
[TestClass]
public sealed class OnnxChainTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class PixelsRow
    {
        [VectorType(Tiny.Side * Tiny.Side)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class PictureRow
    {
        [Microsoft.ML.Transforms.Image.ImageType(Tiny.Side, Tiny.Side)]
        public MLImage Image { get; set; } = null!;
    }

    // Codes, a classifier on them, and the names of the classes.
    TransformerChain<ITransformer> Classifier(IDataView training)
    {
        ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(steps: 30)).Fit(training);
        IDataView coded = _ml.Data.Cache(codec.Transform(training));
        ValueToKeyMappingTransformer classifier = _ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(coded);
        IDataView keyed = classifier.Transform(coded);
        TransformerChain<KeyToValueMappingTransformer> scorer = _ml.Transforms.Conversion.MapKeyToVector("Features", "Codes")
            .Append(_ml.Transforms.Concatenate("Features", "Features"))
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Key"))
            .Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(keyed);
        return new TransformerChain<ITransformer>([codec, .. scorer]);
    }

    [TestMethod]
    public void A_chain_from_pixels_to_the_name_of_a_class_predicts_the_same()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 60), "Pixels");
        using TransformerChain<ITransformer> chain = Classifier(Tiny.Data(_ml, 60));
        IDataView transformed = chain.Transform(input);
        string[] expected = [.. Values.Read(transformed, "PredictedLabel").Select(row => (string)row[0])];
        Assert.HasCount(3, expected.Distinct().ToArray());

        // A view without rows says all that the converter asks for: the columns.
        using var onnx = new OnnxFile(chain, _ml.Data.LoadFromEnumerable(Array.Empty<PixelsRow>()), "Codes", "PredictedLabel", "Score");
        onnx.AssertEqual(transformed, input, "Codes", "Score");
        IDataView applied = _ml.Transforms.ApplyOnnxModel(onnx.Path).Fit(input).Transform(input);
        string[] predicted = [.. Values.Read(applied, "PredictedLabel").Select(row => ((string[])row[0]).Single())];
        CollectionAssert.AreEqual(expected, predicted);
    }

    [TestMethod]
    public void A_chain_that_was_saved_and_loaded_converts_to_the_same_bytes()
    {
        IDataView columns = _ml.Data.LoadFromEnumerable(Array.Empty<PixelsRow>());
        using TransformerChain<ITransformer> chain = Classifier(Tiny.Data(_ml, 30));
        byte[] before = OnnxFile.Convert(chain, columns);
        using var stream = new MemoryStream();
        _ml.Model.Save(chain, columns.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        CollectionAssert.AreEqual(before, OnnxFile.Convert(loaded, columns));
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Two_codecs_and_a_column_that_replaces_its_input_stay_apart()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 20), "Pixels");
        using var codecs = new TransformerChain<ITransformer>(
            Tiny.Untrained(columns: new EncoderColumns("Pixels", "First", null, false, null, null)),
            Tiny.Untrained(columns: new EncoderColumns("Pixels", "Pixels", null, false, null, null), codesPerPosition: 2));
        IDataView transformed = codecs.Transform(input);
        using var onnx = new OnnxFile(codecs, input);
        onnx.AssertEqual(transformed, input, "First", "Pixels");
    }

    [TestMethod]
    public void Steps_after_a_codec_are_converted_alone_where_the_codes_are_cached()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        IDataView coded = OnnxFile.Only(_ml, codec.Transform(Tiny.Data(_ml, 20)), "Codes");
        TransformerChain<ColumnConcatenatingTransformer> indicators = _ml.Transforms.Conversion.MapKeyToVector("Features", "Codes")
            .Append(_ml.Transforms.Concatenate("Features", "Features")).Fit(coded);
        using var onnx = new OnnxFile(indicators, coded, "Features");
        CollectionAssert.AreEqual((string[])["Codes"], onnx.Inputs.Keys.ToArray());
        onnx.AssertEqual(indicators.Transform(coded), coded, "Features");
    }

    [TestMethod]
    public void A_map_from_codes_to_labels_predicts_the_same()
    {
        IDataView data = TinyCodes.Grids(_ml, 30);
        IDataView frames = _ml.Transforms.Conversion.MapValueToKey("Code", "Number").Fit(data).Transform(data);
        CodeLabelMapTransformer map = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(frames);
        IDataView input = OnnxFile.Only(_ml, frames, "Code");
        using var onnx = new OnnxFile(map, input, "PredictedLabel", "Score");
        onnx.AssertEqual(map.Transform(input), input, "PredictedLabel", "Score");
    }

    static void Refuses(ITransformer transformer, IDataView input, params string[] texts)
    {
        NotSupportedException exception = Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(transformer, input));
        foreach (string text in texts)
            Assert.Contains(text, exception.Message);
    }

    [TestMethod]
    public void A_column_without_a_graph_that_replaces_another_is_not_taken_for_it()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        IDataView input = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 12), "Codes");
        var options = new AnomalyDetectionOptions { TrainedPrior = prior, CodeQuantile = 0.5, RestoredCodesColumnName = "Codes" };
        using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies("Codes", options).Fit(input);
        using (var onnx = new OnnxFile(detector, input, "Score"))
            onnx.AssertEqual(detector.Transform(input), input, "Score");
        Assert.Contains("can not be fully converted",
            Assert.ThrowsExactly<InvalidOperationException>(() => OnnxFile.Convert(detector, input, "Codes")).Message);
        using PriorTransformer second = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using var chain = new TransformerChain<ITransformer>(detector, second);
        NotSupportedException refused = Assert.ThrowsExactly<NotSupportedException>(() => OnnxFile.Convert(chain, input, "Bits"));
        Assert.Contains("The column 'Codes', which PriorTransformer reads, is not in the ONNX graph", refused.Message);
    }

    [TestMethod]
    public void A_step_that_changes_a_column_in_place_and_cannot_be_converted_is_refused()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 12), "Pixels");
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        ITransformer inverted = _ml.Transforms.CustomMapping<PixelsRow, PixelsRow>(
            (from, to) => to.Pixels = [.. from.Pixels.Select(value => 200 - value)], null).Fit(input);
        using var chain = new TransformerChain<ITransformer>(inverted, codec);
        Refuses(chain, input, "The column 'Pixels', which ImageVqVaeTransformer reads, is not in the ONNX graph");
        // Steps that leave the column as it is may be left out, and steps that can be converted may change it.
        ITransformer scaled = _ml.Transforms.NormalizeMinMax("Pixels").Fit(input);
        using var convertible = new TransformerChain<ITransformer>(scaled, codec);
        using var onnx = new OnnxFile(convertible, _ml.Data.TakeRows(input, 10), "Codes");
        onnx.AssertEqual(convertible.Transform(input), input, "Codes");
    }

    [TestMethod]
    public void Of_a_graph_only_what_its_outputs_need_is_written()
    {
        var graph = new OnnxGraph();
        OnnxValue used = (graph.Input("used", typeof(float), 2) * 2).Relu();
        OnnxValue other = graph.Input("other", typeof(float), 2).Relu();
        HashSet<string> needed = graph.NeededFor([used]);
        Assert.Contains("used", needed);
        Assert.DoesNotContain("other", needed);
        Assert.DoesNotContain(other.Name, needed);
        Assert.HasCount(4, needed);
    }

    [TestMethod]
    public void Images_are_refused_as_an_input()
    {
        var format = new ImageFormat(Tiny.Side, Tiny.Side, 3, Interleaved: true, FromImages: true);
        using ImageVqVaeTransformer codec = Tiny.Untrained(format, new EncoderColumns("Image", "Codes", null, false, null, null));
        Refuses(codec, _ml.Data.LoadFromEnumerable(Array.Empty<PictureRow>()),
            "ImageVqVaeTransformer", "'Image'", "MLImage", "ExtractPixels");
    }

    [TestMethod]
    public void A_reconstruction_as_images_is_left_out_and_codes_are_converted()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 12), "Pixels");
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", "Decoded", true, null, null));
        using var onnx = new OnnxFile(codec, input, "Codes");
        onnx.AssertEqual(codec.Transform(input), input, "Codes");
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Image", asImage: true);
        Refuses(decoder, OnnxFile.Only(_ml, codec.Transform(input), "Codes"), "ImageVqVaeDecoderTransformer", "any of its output columns");
    }

    [TestMethod]
    public void A_quantizer_of_the_application_is_refused_by_name()
    {
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 12), "Pixels");
        ImageVqVaeOptions options = Tiny.Options(steps: 1);
        options.Quantizer = new SignQuantizerOptions();
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(input);
        Refuses(codec, input, "ImageVqVaeTransformer", "SignQuantizer");
    }

    [TestMethod]
    public void Steps_that_make_rows_or_read_files_are_refused_with_the_reason()
    {
        IDataView codes = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 3), "Codes");
        Refuses(_ml.Transforms.VqVae.ExpandFrames("Code", "Codes").Fit(codes), codes, "ExpandFramesTransformer", "several rows of one");
        IDataView files = OnnxFile.Only(_ml, TinyCodes.Grids(_ml, 3), "Class");
        Refuses(_ml.Transforms.VqVae.LoadAudio("Waveform", "Class").Fit(files), files, "AudioLoadingTransformer", "reads files");
    }

    [TestMethod]
    public void Steps_before_a_codec_that_cannot_be_converted_are_named_by_the_column_that_is_missing()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Tiny.Rows(3));
        var before = _ml.Transforms.CustomMapping<PixelsRow, PixelsCopy>((row, copy) => copy.Copy = row.Pixels, contractName: null)
            .Fit(data);
        using var chain = new TransformerChain<ITransformer>(
            before, Tiny.Untrained(columns: new EncoderColumns("Copy", "Codes", null, false, null, null)));
        Refuses(chain, data, "'Copy'", "a step before it");
    }

    [TestMethod]
    public void A_pipeline_that_loads_pictures_is_converted_from_the_pixels_on()
    {
        using var folder = new TemporaryFolder();
        for (int number = 0; number < 12; number++)
        {
            byte[] rgba = new byte[4 * Tiny.Side * Tiny.Side];
            Planes.ToBytes(Tiny.Pixels(number, 3), rgba, new ImageFormat(Tiny.Side, Tiny.Side, 3, false, false));
            using MLImage image = MLImage.CreateFromPixels(Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, rgba);
            image.Save(folder.File($"{number}.png"));
        }
        IDataView files = _ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, 12).Select(number => new PictureFile { File = $"{number}.png" }).ToArray());
        using TransformerChain<ImageVqVaeTransformer> model = _ml.Transforms.LoadImages("Image", folder.Path, "File")
            .Append(_ml.Transforms.ResizeImages("Image", Tiny.Side, Tiny.Side))
            .Append(_ml.Transforms.ExtractPixels("Pixels", "Image"))
            .Append(_ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options())).Fit(files);
        Refuses(model, files, "'Pixels'", "a step before it");

        var fromPixels = new TransformerChain<ITransformer>([.. model.Skip(3)]);
        IDataView pixels = OnnxFile.Only(_ml, model.Transform(files), "Pixels");
        using var onnx = new OnnxFile(fromPixels, pixels, "Codes");
        onnx.AssertEqual(fromPixels.Transform(pixels), pixels, "Codes");
    }

    sealed class PictureFile
    {
        public string File { get; set; } = "";
    }

    sealed class PixelsCopy
    {
        [VectorType(Tiny.Side * Tiny.Side)]
        public float[] Copy { get; set; } = [];
    }

    [TestMethod]
    public void An_older_operator_set_is_refused()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView input = OnnxFile.Only(_ml, Tiny.Data(_ml, 3), "Pixels");
        Exception exception = Assert.Throws<Exception>(() => _ml.Model.ConvertToOnnx(codec, input, 11, new MemoryStream()));
        Assert.Contains("ImageVqVaeTransformer", exception.Message);
    }
}

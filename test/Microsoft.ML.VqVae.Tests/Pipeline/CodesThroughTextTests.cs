using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Onnx;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes that were written as text and read again have other key numbers, and only the keys that occur: every component matches
/// them by their values.</summary>
[TestClass]
public sealed class CodesThroughTextTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Images_are_decoded_the_same_from_a_text_file()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 6));
        IDataView words = _ml.Transforms.Conversion.MapKeyToValue("Words", "Codes")
            .Append(_ml.Transforms.SelectColumns("Words")).Fit(codes).Transform(codes);
        string file = Path.GetTempFileName();
        try
        {
            using (FileStream stream = File.Create(file))
                _ml.Data.SaveAsText(words, stream, schema: false);
            IDataView read = _ml.Data.LoadFromTextFile(
                file, [new TextLoader.Column("Words", DataKind.String, 0, 15)], hasHeader: true);
            IDataView keys = _ml.Transforms.Conversion.MapValueToKey("Codes", "Words").Fit(read).Transform(read);
            DiffersFrom(codes, keys);
            Values.AreEqual(Values.Read(decoder.Transform(codes), "Again"), Values.Read(decoder.Transform(keys), "Again"));
            Values.AreEqual(Values.Read(decoder.Transform(codes), "Again"), Values.ReadByMapper(decoder, keys, "Again"), 1e-3);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void Codes_read_as_numbers_are_matched_too()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 6));
        IDataView numbers = _ml.Data.LoadFromEnumerable(Values.Read(codes, "Codes").Select(row => new NumberRow
        {
            Numbers = [.. ((uint[])row[0]).Select(key => (int)key - 1)],
        }).ToArray());
        IDataView keys = _ml.Transforms.Conversion.MapValueToKey("Codes", "Numbers").Fit(numbers).Transform(numbers);
        DiffersFrom(codes, keys);
        Values.AreEqual(Values.Read(decoder.Transform(codes), "Again"), Values.Read(decoder.Transform(keys), "Again"));
    }

    [TestMethod]
    public void Sound_is_decoded_the_same()
    {
        AudioVqVaeOptions options = TinySpeech.Options(steps: 3);
        IDataView data = TinySpeech.Data(_ml);
        using AudioVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(data);
        using AudioVqVaeDecoderTransformer decoder = encoder.Decoder("Sound");
        AreTheSame(decoder, encoder.Transform(data), "Sound");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Series_are_decoded_the_same(bool isFixed)
    {
        IDataView data = TinySeries.Data(_ml, isFixed: isFixed);
        using SeriesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", TinySeries.Options(steps: 3)).Fit(data);
        using SeriesVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        AreTheSame(decoder, encoder.Transform(data), "Again");
    }

    [TestMethod]
    public void A_prior_scores_and_completes_them_the_same_and_what_it_samples_is_decoded_right()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 12)), told = ThroughText(codes);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options()).Fit(codes);
        AreTheSame(prior, codes, "Bits");
        Values.AreEqual(
            Values.Read(prior.Complete(_ml, codes), "Codes"), Values.Read(prior.Complete(_ml, told), "Codes"));

        // A prior on codes that went through text: the decoder takes its samples by their values.
        using PriorTransformer other = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options()).Fit(told);
        AreTheSame(other, told, "Bits", codes);
        IDataView samples = other.Sample(_ml, 3, options: new SamplingOptions { Seed = 1 });
        VBuffer<ReadOnlyMemory<char>> names = default;
        samples.Schema["Codes"].Annotations.GetValue("KeyValues", ref names);
        string[] values = [.. names.DenseValues().Select(name => name.ToString())];
        CodeRow[] numbered = [.. Values.Read(samples, "Codes").Select(row => new CodeRow
        {
            Codes = [.. ((uint[])row[0]).Select(key => uint.Parse(values[key - 1]) + 1)],
        })];
        Values.AreEqual(Values.Read(decoder.Transform(_ml.Data.LoadFromEnumerable(numbered)), "Again"),
            Values.Read(decoder.Transform(samples), "Again"));
    }

    [TestMethod]
    public void A_second_level_encodes_scores_and_decodes_them_the_same()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 12));
        CodesVqVaeOptions options = CodesVqVaeOptions.Fast();
        (options.Codec.EmbeddingChannels, options.Codec.HiddenChannels, options.Codec.ResidualBlocks) = (4, 8, 1);
        options.Codec.Decoder = new() { Layers = 2, Channels = 8, MapChannels = 4 };
        (options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (4, 4, 1);
        options.VectorQuantizer.CodesPerPosition = 2;
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (6, 8, 4);
        using CodesVqVaeTransformer second = _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(codes);
        AreTheSame(second, codes, "Latents");
        // The twelve rows may have the latents of one: latents of a few rows that differ.
        IDataView latents = _ml.Transforms.Conversion.MapValueToKey("Latents", "Latents", keyData: Words(4))
            .Fit(Latents()).Transform(Latents());
        using CodesVqVaeDecoderTransformer decoder = second.Decoder("Again");
        AreTheSame(decoder, latents, "Again", column: "Latents");
        using CodesLikelihoodTransformer likelihood = second.Likelihood("Bits");
        AreTheSame(likelihood, second.Transform(codes), "Bits");
    }

    [TestMethod]
    public void Frames_of_video_are_scored_and_continued_the_same()
    {
        FrameRow[] rows = [.. Enumerable.Range(0, 12).Select(i => new FrameRow
        {
            Codes = [.. Enumerable.Range(0, 9).Select(slot => $"{(4 + i + slot) % 5}")], Action = i % 2 == 0 ? "left" : "right",
            Episode = $"{i / 6}",
        })];
        IDataView words = _ml.Data.LoadFromEnumerable(rows);
        IDataView frames = _ml.Transforms.Conversion.MapValueToKey("Codes", "Codes", keyData: Words(5))
            .Append(_ml.Transforms.Conversion.MapValueToKey("Action")).Append(_ml.Transforms.Conversion.MapValueToKey("Episode"))
            .Fit(words).Transform(words);
        var options = new VideoPriorOptions
        {
            Network = new()
            {
                Frame = new() { Layers = 2, Channels = 6 }, ContextFrames = 2, EmbeddingChannels = 4, ContextChannels = 6,
                MotionKernelSize = 3, ContextBlocks = 1,
            },
            Training = new() { LearningRate = 1e-2, BatchSize = 8, Steps = 3, Seed = 5 },
        };
        using VideoPriorTransformer prior = _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(frames);
        IDataView told = ThroughText(frames);
        DiffersFrom(frames, told);
        Values.AreEqual(Values.Read(prior.Transform(frames), "Bits"), Values.Read(prior.Transform(told), "Bits"));
        var sampling = new SamplingOptions { Seed = 2 };
        Values.AreEqual(
            Values.Read(prior.Rollout(_ml, frames, ["left", "right"], options: sampling), "Codes"),
            Values.Read(prior.Rollout(_ml, told, ["left", "right"], options: sampling), "Codes"));
    }

    [TestMethod]
    public void A_map_of_codes_to_labels_predicts_the_same_also_when_it_is_loaded()
    {
        IDataView training = Labelled("0", "1", "2", "3", "2");
        CodeLabelMapTransformer map = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(training);
        // Other numbers, a code that the training data does not have, and a missing one.
        IDataView other = Labelled("3", "7", "1", "", "0");
        string[] expected = ["label of 3", "label of 2", "label of 1", "label of 2", "label of 0"];
        CollectionAssert.AreEqual(expected, Predicted(map));
        using var stream = new MemoryStream();
        _ml.Model.Save(map, training.Schema, stream);
        CollectionAssert.AreEqual(expected, Predicted(new MLContext().Model.Load(stream, out _)));
        IDataView input = OnnxFile.Only(_ml, other, "Code");
        using (var onnx = new OnnxFile(map, input, "PredictedLabel", "Score"))
            onnx.AssertEqual(map.Transform(input), input, "PredictedLabel", "Score");
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => map.Transform(Labelled("x", "y"))).Message;
        StringAssert.Contains(message, "code column 'Code': expected keys with the values of the training data, '0' to '3'");

        IDataView Labelled(params string[] codes)
        {
            IDataView view = _ml.Data.LoadFromEnumerable(
                codes.Select(code => new LabelRow { Code = code, Label = $"label of {code}" }).ToArray());
            return _ml.Transforms.Conversion.MapValueToKey("Code").Append(_ml.Transforms.Conversion.MapValueToKey("Label"))
                .Fit(view).Transform(view);
        }

        string[] Predicted(ITransformer loaded)
        {
            IDataView scored = loaded.Transform(other);
            IDataView texts = _ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(scored).Transform(scored);
            return [.. Values.Read(texts, "PredictedLabel").Select(row => (string)row[0])];
        }
    }

    [TestMethod]
    public void A_key_beyond_its_type_is_named_before_a_map_of_codes_to_labels_reads_it()
    {
        IDataView training = _ml.Data.LoadFromEnumerable(new KeyRow[] { new() { Code = 0 }, new() { Code = 1, Label = 1 } });
        CodeLabelMapTransformer map = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(training);
        // ML.NET does not check vectors of objects against their type.
        IDataView codes = _ml.Data.LoadFromEnumerable(new LineRow[] { new() { Codes = [1, 2, 3] } });
        IDataView frames = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes").Fit(codes).Transform(codes);
        string message = Assert.ThrowsExactly<InvalidOperationException>(
            () => Values.Read(map.Transform(frames), "PredictedLabel")).Message;
        Assert.AreEqual(
            "Row 0 of codes column 'Codes' has the key 3 in slot 2; expected are keys from 1 to 2, or 0 for a missing one.", message);
    }

    [TestMethod]
    public void Values_that_are_no_codes_are_refused_before_a_row_is_read()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView words = _ml.Data.LoadFromEnumerable(new[] { new WordRow { Words = [.. Enumerable.Repeat("0", 15), "6"] } });
        IDataView keys = _ml.Transforms.Conversion.MapValueToKey("Codes", "Words").Fit(words).Transform(words);
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => decoder.Transform(keys)).Message;
        StringAssert.Contains(message, "Schema mismatch for codes column 'Codes': expected keys with the values of the 6 codes that the "
            + "model was trained on, '0' to '5', or keys without values, got the key value '6'");
    }

    [TestMethod]
    public void Without_key_values_the_numbers_of_keys_count()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 6));
        CodeRow[] rows = [.. Values.Read(codes, "Codes").Select(row => new CodeRow { Codes = (uint[])row[0] })];
        Values.AreEqual(Values.Read(decoder.Transform(codes), "Again"),
            Values.Read(decoder.Transform(_ml.Data.LoadFromEnumerable(rows)), "Again"));
    }

    [TestMethod]
    public void An_evaluation_refuses_a_codebook_of_those_codes_that_occur()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 6));
        Assert.AreEqual(Tiny.Codes, VqVaeMetrics.Evaluate(codes, "Codes", "Pixels", "Decoded").CodebookSize);
        string message = Assert.ThrowsExactly<ArgumentException>(
            () => VqVaeMetrics.Evaluate(ThroughText(codes), "Codes", "Pixels", "Decoded")).Message;
        foreach (string part in (string[])["codes column 'Codes'", "in order", "MapValueToKey", "evaluate the column of the codec itself"])
            StringAssert.Contains(message, part);
    }

    /// <summary>What a transformer makes of codes and of the same codes through text is the same.</summary>
    void AreTheSame(ITransformer transformer, IDataView codes, string output, IDataView? told = null, string column = "Codes")
    {
        told ??= ThroughText(codes, column);
        DiffersFrom(codes, told, column);
        Values.AreEqual(Values.Read(transformer.Transform(codes), output), Values.Read(transformer.Transform(told), output));
    }

    /// <summary>A view in which a column of codes was mapped to its texts and, by the order of their occurrence, to keys again.</summary>
    IDataView ThroughText(IDataView codes, string column = "Codes") => _ml.Transforms.Conversion.MapKeyToValue(column)
        .Append(_ml.Transforms.Conversion.MapValueToKey(column)).Fit(codes).Transform(codes);

    static void DiffersFrom(IDataView codes, IDataView told, string column = "Codes")
    {
        uint[] Keys(IDataView view) => [.. Values.Read(view, column).SelectMany(row => (uint[])row[0])];
        CollectionAssert.AreNotEqual(Keys(codes), Keys(told), "The test needs codes whose key numbers change.");
    }

    IDataView Words(int count) =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Word { Value = $"{i}" }).ToArray());

    IDataView Latents() => _ml.Data.LoadFromEnumerable(new LatentRow[] { new() { Latents = ["3", "1"] }, new() { Latents = ["0", "3"] } });

    sealed class Word
    {
        public string Value { get; set; } = "";
    }

    sealed class WordRow
    {
        [VectorType(16)]
        public string[] Words { get; set; } = [];
    }

    sealed class NumberRow
    {
        [VectorType(16)]
        public int[] Numbers { get; set; } = [];
    }

    sealed class CodeRow
    {
        [VectorType(16), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class LatentRow
    {
        [VectorType(2)]
        public string[] Latents { get; set; } = [];
    }

    sealed class FrameRow
    {
        [VectorType(3, 3, 1)]
        public string[] Codes { get; set; } = [];

        public string Action { get; set; } = "";

        public string Episode { get; set; } = "";
    }

    sealed class LabelRow
    {
        public string Code { get; set; } = "";

        public string Label { get; set; } = "";
    }

    sealed class KeyRow
    {
        [KeyType(2)]
        public uint Code { get; set; }

        [KeyType(2)]
        public uint Label { get; set; }
    }

    sealed class LineRow
    {
        [KeyType(2)]
        public uint[] Codes { get; set; } = [];
    }
}

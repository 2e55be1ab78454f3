using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.TwoLevel;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>The parts of the generate sample that can be looked at without minutes of training.</summary>
[TestClass]
public sealed class GenerationTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new GenerateMetrics
        {
            Seconds = 1.5, PriorBitsPerCode = 4, UniformBitsPerCode = 9, SamplingSecondsCached = 1, SamplingSecondsNaive = 20,
            SamplingSpeedup = 20, Samples = 500, ClassifierAgreement = 0.75, RealAgreement = 0.8,
            DecodedAgreement = 0.78, FrechetDistanceOfSamples = 3, FrechetDistanceOfDecoded = 1, AnomalyAuc = 0.98,
            PartsByClass = new Dictionary<string, PartsOfClass> { ["Ankle boot"] = new(Test: 1.1, Decoded: 1.2, Samples: 1.3) },
        }.Save(folder.File("metrics.json"));

        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        CollectionAssert.AreEqual(
            ("seconds prior_bits_per_code uniform_bits_per_code sampling_seconds_cached sampling_seconds_naive sampling_speedup samples "
                + "classifier_agreement real_agreement decoded_agreement frechet_distance_of_samples frechet_distance_of_decoded "
                + "anomaly_auc parts_by_class").Split(' '),
            file.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
        Assert.AreEqual(1.3, file.RootElement.GetProperty("parts_by_class").GetProperty("Ankle boot").GetProperty("samples").GetDouble());
    }

    [TestMethod]
    public void Parts_of_an_image_are_what_is_connected_by_sides_or_corners()
    {
        static LabelledImage Image(params string[] rows) =>
            new() { Pixels = [.. string.Concat(rows).Select(pixel => pixel == '#' ? 64f : 63f)], Class = "sandals" };
        var shape = new ImageShape(1, 5, 6);
        // The four pixels at the left are one part by a corner; three alone are no part.
        LabelledImage two = Image("##..##", "..#.##", "..#...", "......", "###...");
        LabelledImage one = Image("#....#", ".#..#.", "..##..", "......", "......");
        LabelledImage none = Image("......", "......", "......", "......", "......");
        Assert.AreEqual(2, ImageParts.Count(two.Pixels, shape));
        Assert.AreEqual(1, ImageParts.Count(one.Pixels, shape));
        Assert.AreEqual(0, ImageParts.Count(none.Pixels, shape));
        IReadOnlyDictionary<string, PartsOfClass> parts = ImageParts.ByClass(
            shape, [two, one], [two], [one, none, new LabelledImage { Pixels = one.Pixels, Class = "without test images" }])!;
        Assert.HasCount(1, parts);
        Assert.AreEqual(new PartsOfClass(Test: 1.5, Decoded: 2, Samples: 0.5), parts["sandals"]);
        Assert.IsNull(ImageParts.ByClass(new ImageShape(3, 5, 2), [two], [two], [two]));
    }

    [TestMethod]
    public void Shuffled_rows_are_the_rows_in_another_order()
    {
        var shape = new ImageShape(2, 5, 3);
        var image = new LabelledImage { Pixels = [.. Enumerable.Range(0, shape.Values).Select(i => (float)i)], Class = "boots" };
        LabelledImage shuffled = ShuffledRows.Of(image, shape, seed: 3);
        Assert.AreEqual("boots", shuffled.Class);
        CollectionAssert.AreNotEqual(image.Pixels, shuffled.Pixels);
        float[][] Rows(float[] pixels) => [.. pixels.Chunk(shape.Width)];
        // The same order in all channels: a row of the second lies where its row of the first lies.
        float[] first = [.. Rows(shuffled.Pixels)[..5].Select(row => row[0])];
        float[] second = [.. Rows(shuffled.Pixels)[5..].Select(row => row[0])];
        CollectionAssert.AreEqual(first, second.Select(value => value - 15).ToArray());
        CollectionAssert.AreEqual(image.Pixels, shuffled.Pixels.Order().ToArray());
        foreach (float[] row in Rows(shuffled.Pixels))
            CollectionAssert.AreEqual(new[] { row[0], row[0] + 1, row[0] + 2 }, row);
    }

    [TestMethod]
    public void The_area_under_the_curve_counts_pairs()
    {
        Assert.AreEqual(1, ShuffledRows.AreaUnderCurve(_ml, [1, 2], [3, 4]));
        Assert.AreEqual(0, ShuffledRows.AreaUnderCurve(_ml, [3, 4], [1, 2]));
        Assert.AreEqual(0.5, ShuffledRows.AreaUnderCurve(_ml, [1, 1], [1, 1, 1]));
        // Of six pairs four are in order and one is a tie.
        Assert.AreEqual(4.5 / 6, ShuffledRows.AreaUnderCurve(_ml, [1, 3], [2, 3, 4]), 1e-12);
    }

    [TestMethod]
    public void The_codec_is_found_wherever_it_is_in_a_chain()
    {
        using var folder = new TemporaryFolder();
        IDataView data = Tiny.Data(_ml, 3);
        ITransformer label = _ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(data);
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        var inner = new TransformerChain<ITransformer>(codec, label);
        _ml.Model.Save(new TransformerChain<ITransformer>(label, inner), data.Schema, folder.File("model.zip"));
        using ImageVqVaeTransformer found = SavedCodecs.Open(_ml, folder.File("model.zip"));
        Assert.AreEqual(codec.CodeGrid, found.CodeGrid);

        _ml.Model.Save(label, data.Schema, folder.File("label.zip"));
        string Complaint(string name) => Assert.ThrowsExactly<DataSetException>(() => SavedCodecs.Open(_ml, folder.File(name))).Message;
        Assert.Contains("holds no codec", Complaint("label.zip"));
        Assert.Contains("does not exist", Complaint("no.zip"));
    }

    [TestMethod]
    public void The_model_that_a_sample_builds_on_is_not_replaced()
    {
        using var folder = new TemporaryFolder();
        string model = folder.Write("model.zip", [1, 2]);
        string Refused(Func<int> run) => Assert.ThrowsExactly<DataSetException>(() => run()).Message;
        string sameFile = Path.Combine(folder.Path, "other", "..", "model.zip");
        Assert.Contains("is the file that this run saves its own model to", Refused(
            new GenerateSample(new() { ModelFile = sameFile, OutputFolder = folder.Path }, CancellationToken.None).Run));
        Assert.Contains("is the file that this run saves its own model to", Refused(
            new TwoLevelSample(new() { ModelFile = model, OutputFolder = folder.Path }, CancellationToken.None).Run));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_judge_recognizes_the_classes_it_is_trained_on(bool convolutional)
    {
        var shape = new ImageShape(1, 8, 8);
        LabelledImage[] images = [.. Tiny.Rows(60).Select(row => new LabelledImage { Pixels = row.Pixels, Class = row.Label })];
        using IImageJudge judge = convolutional ? new ConvolutionalJudge(shape, steps: 40, seed: 1) : new LinearJudge(_ml, shape);
        judge.Train(images[..30], CancellationToken.None);
        Assert.IsGreaterThan(0.8, judge.Agreement(images[30..]));
        LabelledImage[] wrong = [.. images[30..].Select(image => new LabelledImage { Pixels = image.Pixels, Class = "other" })];
        Assert.AreEqual(0, judge.Agreement(wrong));
        if (convolutional)
        {
            LabelledImage[] inverted =
                [.. images[30..].Select(image => new LabelledImage { Pixels = Array.ConvertAll(image.Pixels, value => 255 - value) })];
            Assert.AreEqual(0, judge.Distance(images[30..], images[30..])!.Value, 1e-6);
            Assert.IsGreaterThan(judge.Distance(images[..30], images[30..])!.Value, judge.Distance(inverted, images[30..])!.Value);
        }
    }

    [TestMethod]
    public void The_Frechet_distance_is_that_of_the_two_normal_distributions()
    {
        // Means 0 and covariances 2·I and 8·I, each moved by (3, 4).
        double[][] around = [[2, 0], [-2, 0], [0, 2], [0, -2], [0, 0]];
        double[][] wider = [.. around.Select(at => (double[])[2 * at[0], 2 * at[1]])];
        double[][] moved = [.. wider.Select(at => (double[])[at[0] + 3, at[1] + 4])];
        Assert.AreEqual(0, FrechetDistance.Between(around, around), 1e-9);
        Assert.AreEqual(4, FrechetDistance.Between(around, wider), 1e-9);
        Assert.AreEqual(29, FrechetDistance.Between(around, moved), 1e-9);
    }

    [TestMethod]
    public void The_lines_of_the_readme_make_images_and_score_them()
    {
        using var folder = new TemporaryFolder();
        LabelledImage[] rows = [.. Tiny.Rows(12).Select(row => new LabelledImage { Pixels = row.Pixels, Class = row.Label })];
        IDataView images = _ml.Data.LoadFromEnumerable(rows, new ImageShape(1, 8, 8).Schema);
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new("Pixels", "Codes", null, false, null, null));
        (IDataView? made, IDataView? scored) = QuickStarts.Prior(_ml, codec, images, steps: 2, "ramp", folder.File("model.zip"));
        Assert.HasCount(16, Values.Read(made, "Pixels"));
        Assert.HasCount(12, Values.Read(scored, "Bits"));
        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out _);
        Values.AreEqual(Values.Read(scored, "Bits"), Values.Read(loaded.Transform(images), "Bits"), 1e-3);
    }

    [TestMethod]
    public void The_compressor_of_the_readme_gives_the_reconstructions_back()
    {
        IDataView images = Tiny.Data(_ml, 12);
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new("Pixels", "Codes", null, false, null, null));
        IDataView coded = codec.Transform(images);
        var options = new PriorOptions { PixelCnn = { Layers = 1, Channels = 8 }, Training = { Steps = 2, Seed = 1 } };
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(coded);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels");
        using var stream = new MemoryStream();
        IDataView back = QuickStarts.Compressor(_ml, codec, prior, images, stream);
        Values.AreEqual(Values.Read(decoder.Transform(coded), "Pixels"), Values.Read(back, "Pixels"), 1e-4);
    }
}

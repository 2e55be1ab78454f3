using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>The event file of a run, as TensorBoard reads it.</summary>
[TestClass]
public sealed class TensorBoardTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void The_event_file_has_the_figures_of_every_report_and_pictures_and_training_is_the_same()
    {
        using var folder = new TemporaryFolder();
        var log = new List<TrainingProgress>();
        ImageVqVaeOptions options = Tiny.Options(steps: 40);
        (options.Training.ProgressEverySteps, options.Training.ValidationFraction) = (5, 0.2);
        options.Training.Progress = new Sink(log);
        using ImageVqVaeTransformer plain = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(_ml));
        log.Clear();
        options.Training.TensorBoardFolder = Path.Combine(folder.Path, "run", "1");
        using ImageVqVaeTransformer logged = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(_ml));
        CollectionAssert.AreEqual(Weights(plain), Weights(logged));

        (List<EventFile.Scalar> scalars, List<EventFile.Image> images) = EventFile.ReadFolder(options.Training.TensorBoardFolder);
        Assert.HasCount(8, log);
        Same("loss/total", report => report.Loss);
        Same("loss/reconstruction", report => report.Parts["reconstruction"]);
        Same("loss/quantizer", report => report.Parts["quantizer"]);
        Same("codes/perplexity", report => report.Perplexity);
        Same("loss/validation", report => report.ValidationLoss);
        Same("training/learning rate", report => report.LearningRate);
        Assert.Contains(scalar => scalar.Tag == "terms/reconstruction", scalars);

        void Same(string tag, Func<TrainingProgress, double?> value) => CollectionAssert.AreEqual(
            log.Where(report => value(report) is not null).Select(report => (report.Step, (float)value(report)!.Value)).ToArray(),
            scalars.Where(scalar => scalar.Tag == tag).Select(scalar => (scalar.Step, scalar.Value)).ToArray(), tag);

        CollectionAssert.AreEqual(log.Select(report => report.Step).ToArray(), images.Select(image => image.Step).ToArray());
        foreach (EventFile.Image image in images)
            Assert.AreEqual(("reconstructions", 2 * Tiny.Side, 8 * Tiny.Side), (image.Tag, image.Height, image.Width));
        using var stream = new MemoryStream(images[^1].Encoded);
        using MLImage picture = MLImage.CreateFromStream(stream);
        // The upper half are the first training images, in the range of the training data.
        Tiny.Row[] rows = Tiny.Rows(40);
        float low = rows.Min(row => row.Pixels.Min()), high = rows.Max(row => row.Pixels.Max());
        for (int image = 0; image < 8; image++)
        {
            for (int pixel = 0; pixel < Tiny.Side * Tiny.Side; pixel++)
            {
                int at = ((pixel / Tiny.Side * 8 + image) * Tiny.Side + pixel % Tiny.Side) * 4;
                Assert.AreEqual((rows[image].Pixels[pixel] - low) / (high - low) * 255, picture.Pixels[at], 1.01f);
            }
        }
    }

    [TestMethod]
    public void Each_report_is_there_once_for_networks_without_pictures_and_for_colors()
    {
        using var folder = new TemporaryFolder();
        SeriesVqVaeOptions series = TinySeries.Options(steps: 3);
        series.Training.TensorBoardFolder = Path.Combine(folder.Path, "series");
        _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", series).Fit(_ml.Data.LoadFromEnumerable(TinySeries.Rows(8))).Dispose();
        (List<EventFile.Scalar> scalars, List<EventFile.Image> images) = EventFile.ReadFolder(series.Training.TensorBoardFolder);
        Assert.AreEqual(3, scalars.Single(scalar => scalar.Tag == "loss/total").Step);
        Assert.IsEmpty(images);

        ImageVqVaeOptions color = Tiny.Options(steps: 3);
        color.Training.TensorBoardFolder = Path.Combine(folder.Path, "color");
        var rows = Enumerable.Range(0, 5).Select(number => new Color { Pixels = Tiny.Pixels(number, channels: 3) });
        _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", color).Fit(_ml.Data.LoadFromEnumerable(rows)).Dispose();
        EventFile.Image image = EventFile.ReadFolder(color.Training.TensorBoardFolder).Images.Single();
        Assert.AreEqual((2 * Tiny.Side, 5 * Tiny.Side), (image.Height, image.Width));
        using var stream = new MemoryStream(image.Encoded);
        using MLImage picture = MLImage.CreateFromStream(stream);
        Assert.AreNotEqual(picture.Pixels[0], picture.Pixels[2], "red and blue of the first pixel");
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_is_an_error_before_the_data_are_read()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "file");
        File.WriteAllText(file, "");
        ImageVqVaeOptions options = Tiny.Options();
        options.Training.TensorBoardFolder = Path.Combine(file, "run");
        IOException error = Assert.ThrowsExactly<IOException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(_ml)));
        Assert.StartsWith($"TensorBoardFolder '{options.Training.TensorBoardFolder}' cannot be written: ", error.Message);
        options.Training.TensorBoardFolder = " ";
        Assert.Contains("TensorBoardFolder must name a folder or be null",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message);
    }

    static byte[] Weights(ImageVqVaeTransformer codec) =>
        [.. codec.Network.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(entry => TensorAssert.Bytes(entry.Value))];

    sealed class Sink(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }

    sealed class Color
    {
        [VectorType(3, Tiny.Side, Tiny.Side)]
        public float[] Pixels { get; set; } = [];
    }
}

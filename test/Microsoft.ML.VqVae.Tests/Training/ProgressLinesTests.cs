using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Progress as lines of text.</summary>
[TestClass]
public sealed class ProgressLinesTests
{
    [TestMethod]
    public void Lines_come_at_most_every_interval_and_for_the_first_and_the_last_report()
    {
        var clock = new Clock();
        var writer = new StringWriter();
        var lines = new ProgressLines(writer, TimeSpan.FromSeconds(5)) { Time = clock };
        foreach ((long step, double second) in (ReadOnlySpan<(long, double)>)[(10, 0), (20, 1), (30, 4.9), (40, 5), (50, 6), (100, 7)])
        {
            clock.Seconds = second;
            lines.Report(Progress(step));
        }
        CollectionAssert.AreEqual((long[])[10, 40, 100], Steps(writer));
        // The next run with the same object.
        lines.Report(Progress(10));
        lines.Report(Progress(20));
        CollectionAssert.AreEqual((long[])[10, 40, 100, 10], Steps(writer));
    }

    [TestMethod]
    public void One_line_turns_them_on()
    {
        var writer = new StringWriter();
        ImageVqVaeOptions options = Tiny.Options();
        options.Training.Progress = new ProgressLines(writer, TimeSpan.Zero);
        options.Training.ProgressEverySteps = 2;
        var ml = new MLContext(seed: 1);
        using ImageVqVaeTransformer codec = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(ml));
        CollectionAssert.AreEqual((long[])[2, 4, 5], Steps(writer));
    }

    [TestMethod]
    [DataRow("images")]
    [DataRow("images with a likelihood")]
    [DataRow("mel")]
    [DataRow("waveform")]
    [DataRow("series")]
    [DataRow("codes")]
    [DataRow("Gaussian VAE")]
    public void What_is_in_parentheses_adds_up_to_the_loss(string model)
    {
        var writer = new StringWriter();
        var ml = new MLContext(seed: 1);
        TrainingSummary summary = Fit(ml, model, new ProgressLines(writer, TimeSpan.Zero));
        Assert.IsGreaterThanOrEqualTo(2, summary.Last.Parts.Count);
        foreach (TrainingProgress report in summary.LearningCurve)
            Assert.AreEqual(report.Loss, report.Parts.Values.Sum(), 1e-4 * Math.Abs(report.Loss));
        string parts = string.Join(" + ", summary.Last.Parts.Select(part => FormattableString.Invariant($"{part.Key} {part.Value:G4}")));
        Assert.Contains(FormattableString.Invariant($"loss {summary.Last.Loss:G4} ({parts}), "), writer.ToString());
    }

    static TrainingSummary Fit(MLContext ml, string model, IProgress<TrainingProgress> progress)
    {
        switch (model)
        {
            case "mel" or "waveform":
                AudioVqVaeOptions audio = TinySpeech.Options(TinySpeech.Codec(model));
                audio.Training.Progress = progress;
                return Summary(ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", audio).Fit(TinySpeech.Data(ml)));
            case "series":
                SeriesVqVaeOptions series = TinySeries.Options();
                series.Training.Progress = progress;
                return Summary(ml.Transforms.VqVae.EncodeSeries("Codes", "Window", series).Fit(TinySeries.Data(ml)));
            case "codes":
                CodesVqVaeOptions codes = new() { Codec = { HiddenChannels = 8, Decoder = { Layers = 2, Channels = 8 } } };
                (codes.Training.Steps, codes.Training.BatchSize, codes.Training.Progress) = (3, 8, progress);
                return Summary(ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", codes).Fit(TinyCodes.Grids(ml, 12)));
            case "Gaussian VAE":
                var gaussian = new ImageGaussianVaeOptions { Codec = Tiny.Codec(), LatentChannels = 3 };
                (gaussian.Training.Steps, gaussian.Training.BatchSize, gaussian.Training.Progress) = (3, 8, progress);
                return Summary(ml.Transforms.VqVae.EncodeGaussianVae("Means", "Pixels", gaussian).Fit(Tiny.Data(ml)));
            default:
                ImageVqVaeOptions images = Tiny.Options();
                images.Training.Progress = progress;
                if (model != "images")
                    images.Codec.PixelLikelihood = Networks.PixelLikelihood.DiscretizedLogistic;
                return Summary(ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", images).Fit(Tiny.Data(ml)));
        }
    }

    static TrainingSummary Summary(NetworkTransformer transformer)
    {
        using (transformer)
            return transformer.TrainingSummary!;
    }

    static long[] Steps(StringWriter writer) => [.. writer.ToString().Split(writer.NewLine, StringSplitOptions.RemoveEmptyEntries)
        .Select(line => long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture))];

    static TrainingProgress Progress(long step) =>
        new(step, 100, 0.5, new Dictionary<string, double>(), null, 10, default, default, 1e-3, null);

    sealed class Clock : TimeProvider
    {
        internal double Seconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}

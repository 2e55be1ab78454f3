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

    static long[] Steps(StringWriter writer) => [.. writer.ToString().Split(writer.NewLine, StringSplitOptions.RemoveEmptyEntries)
        .Select(line => long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture))];

    static TrainingProgress Progress(long step) => new(step, 100, 0.5, new Dictionary<string, double>(), null, 10, default, default, 1e-3, null);

    sealed class Clock : TimeProvider
    {
        internal double Seconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}

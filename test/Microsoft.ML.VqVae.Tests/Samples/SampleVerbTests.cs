using System.Reflection;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.TwoLevel;
using Microsoft.ML.VqVae.Samples.Verbs;
using Microsoft.ML.VqVae.Samples.Video;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>The line that a sample writes for an error.</summary>
[TestClass]
public sealed class SampleVerbTests
{
    [TestMethod]
    public void The_cause_is_told_where_the_error_does_not()
    {
        var cause = new FormatException("the file is cut short");
        Assert.AreEqual("the file is cut short", SampleVerb.MessageOf(cause));
        Assert.AreEqual("Event we were waiting on was subject to an exception Cause: the file is cut short",
            SampleVerb.MessageOf(new InvalidOperationException("Event we were waiting on was subject to an exception", cause)));
        Assert.AreEqual(
            "Row 3: the file is cut short", SampleVerb.MessageOf(new InvalidOperationException("Row 3: the file is cut short", cause)));
        Assert.AreEqual("the file is cut short", SampleVerb.MessageOf(new AggregateException(new TargetInvocationException(cause))));
    }

    [TestMethod]
    public async Task Errors_of_the_user_end_with_1_whatever_wraps_them_and_bugs_go_on()
    {
        TextWriter console = Console.Error;
        using var written = new StringWriter();
        Console.SetError(written);
        try
        {
            Assert.AreEqual(1, await SampleVerb.Guarded(() => throw new AggregateException(new DataSetException("no images"))));
            Assert.AreEqual(130, await SampleVerb.Guarded(() => throw new OperationCanceledException()));
            await Assert.ThrowsExactlyAsync<NotImplementedException>(() => SampleVerb.Guarded(() => throw new NotImplementedException()));
        }
        finally
        {
            Console.SetError(console);
        }
        StringAssert.Contains(written.ToString(), "error: no images");
    }

    [TestMethod]
    public void The_help_of_video_names_the_steps_of_its_plan()
    {
        VideoPlan plan = VideoPlan.For(new VideoSettings()), quick = VideoPlan.For(new VideoSettings { Quick = true });
        Assert.AreEqual(
            $"Training steps of the codec. Default: {plan.CodecSteps}, or {quick.CodecSteps} with --quick.", Help("--codec-steps"));
        Assert.AreEqual(
            $"Training steps of the prior. Default: {plan.PriorSteps}, or {quick.PriorSteps} with --quick.", Help("--prior-steps"));

        static string? Help(string option) => VideoVerb.Create().Options.Single(one => one.Name == option).Description;
    }

    [TestMethod]
    public void Help_has_the_numbers_of_the_plans_and_options_that_do_something()
    {
        Assert.Contains("Default: 1500, or 160 with --quick.",
            ImageVerbs.TwoLevel().Options.Single(option => option.Name == "--steps").Description!);
        Assert.AreEqual(160, TwoLevelPlan.For(new() { Quick = true }).Steps);
        string[] decompress = [.. ImageVerbs.Decompress().Options.Select(option => option.Name)];
        CollectionAssert.AreEquivalent(new[] { "--data", "--device", "--out", "--model" }, decompress);
        foreach (System.CommandLine.Command verb in (System.CommandLine.Command[])[ImageVerbs.Compress(), new EncodeVerb()])
            Assert.Contains("--skip-unreadable", verb.Options.Select(option => option.Name));
    }

    [TestMethod]
    public void Only_the_files_of_the_run_are_listed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("old.png", [1]);
        folder.Write("again.txt", [1]);
        IAnsiConsole console = AnsiConsole.Console;
        using var written = new StringWriter();
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(written) });
        try
        {
            Assert.AreEqual(0, new FileSample(new FileSettings { OutputFolder = folder.Path }).Run());
        }
        finally
        {
            AnsiConsole.Console = console;
        }
        string[] listed =
            [.. written.ToString().Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => line.Trim())];
        CollectionAssert.AreEqual(new[] { "again.txt", "index.html", "metrics.json" }, listed);
    }

    sealed record FileSettings : SampleSettings;

    sealed record FileMetrics : SampleMetrics;

    sealed class FileSample(FileSettings settings) : Sample<FileSettings>(settings, CancellationToken.None)
    {
        protected override string Title => "Files";

        protected override SampleResult Work(Microsoft.ML.VqVae.Samples.Display.Stages stages)
        {
            File.WriteAllText(Out("again.txt"), "new");
            return new SampleResult(new FileMetrics(), new Microsoft.ML.VqVae.Samples.Table("a"), "done");
        }
    }

    [TestMethod]
    public void Features_to_compare_with_need_a_codec_that_encodes_features()
    {
        Assert.IsEmpty(SpeechVerbs.Phonemes().Parse(["--references"]).Errors);
        Assert.IsEmpty(SpeechVerbs.Phonemes().Parse(["--codec", "waveform"]).Errors);
        StringAssert.Contains(
            SpeechVerbs.Phonemes().Parse(["--references", "--codec", "waveform"]).Errors.Single().Message, "--codec waveform has none");
    }
}

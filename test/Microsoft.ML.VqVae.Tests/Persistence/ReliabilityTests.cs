using Microsoft.ML.VqVae.Reliability;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>A short form of the program that damages files and kills training runs; docs/reliability.md reports a long one.</summary>
[TestClass]
public class ReliabilityTests
{
    [TestMethod]
    public void Damaged_files_are_refused_in_words_or_give_what_they_gave()
    {
        using var folder = new TemporaryFolder();
        FuzzReport report = Fuzzing.Run(new FuzzSettings
        {
            Folder = folder.Path, Cases = 60, LeafStep = 83, Workers = 1,
            Kinds = ["image-encoder", "code-label-map", "weights", "wav", "textgrid"],
        }, TextWriter.Null);
        Assert.IsEmpty(report.Faults, string.Join('\n', report.Faults));
        Assert.IsGreaterThan(60, report.Count);
        Assert.IsGreaterThan(report.Count / 3, report.CountOf(Verdict.Refused));
    }

    [TestMethod]
    public void The_judge_knows_the_faults()
    {
        var good = new ReadResult(3, "a");
        FileKind model = ModelKinds.All.First(), sound = OtherKinds.All.First(kind => kind.Name == "wav");
        var damage = new Mutant("", [], IsDamage: true);
        var content = new Mutant("", [], IsDamage: false);
        Assert.AreEqual(Verdict.Same, Judge.Of(good, good, model, damage));
        Assert.AreEqual(Verdict.SilentDifference, Judge.Of(new(3, "b"), good, model, damage));
        Assert.AreEqual(Verdict.OtherContent, Judge.Of(new(3, "b"), good, model, content));
        Assert.AreEqual(Verdict.LostRows, Judge.Of(new(2, "b"), good, model, content));
        Assert.AreEqual(Verdict.OtherContent, Judge.Of(new(3, "b"), good, sound, damage));
        const string path = "/somewhere/mutant.zip";
        Assert.AreEqual(Verdict.Refused, Judge.Of(new InvalidDataException($"{path} is damaged."), path).Verdict);
        Assert.AreEqual(Verdict.Refused, Judge.Of(new System.Reflection.TargetInvocationException(
            new FormatException("The description of the model 'VqVaePrior' cannot be used.")), path).Verdict);
        Assert.AreEqual(Verdict.UnclearError, Judge.Of(new InvalidDataException("Something is wrong."), path).Verdict);
        Assert.AreEqual(Verdict.UnclearError, Judge.Of(new NotSupportedException(path), path).Verdict);
    }

    [TestMethod]
    public void A_killed_training_that_goes_on_ends_in_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        KillReport report = Kills.Run(2, seed: 3, folder.Path, TextWriter.Null);
        Assert.IsEmpty(report.Errors, string.Join('\n', report.Errors));
        Assert.AreEqual(2, report.Killed);
        Assert.IsGreaterThan(0, report.Resumed);
        Assert.AreEqual(report.Runs, report.Equal);
    }
}

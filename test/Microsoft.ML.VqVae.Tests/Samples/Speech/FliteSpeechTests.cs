using System.Globalization;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Tests.Samples.Speech;

[TestClass]
public sealed class FliteSpeechTests : IDisposable
{
    static readonly string[] Sentences = ["We heard a bell.", "The coin is old."];

    readonly TemporaryFolder _folder = new();
    readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Audio_and_phone_times_are_made_once_and_fit_each_other()
    {
        RequireFlite();
        string folder = Open();
        string[] utterances = File.ReadAllLines(Path.Combine(folder, "utterances.tsv"));
        Assert.AreEqual("utt\tspeaker\tfile\tstart_sample\tn_samples\ttext", utterances[0]);
        Assert.HasCount(1 + 4 * Sentences.Length, utterances);
        ILookup<string, string[]> phones = File.ReadLines(Path.Combine(folder, "phones.tsv")).Skip(1)
            .Select(line => line.Split('\t')).ToLookup(cells => cells[0]);
        foreach (string[] row in utterances.Skip(1).Select(line => line.Split('\t')))
        {
            string[][] spoken = [.. phones[row[0]]];
            Assert.AreEqual("0.000000", spoken[0][1]);
            for (int i = 1; i < spoken.Length; i++)
                Assert.AreEqual(spoken[i - 1][2], spoken[i][1], "each phone starts where the one before ends");
            Assert.AreEqual(long.Parse(row[4]) / 16000.0, double.Parse(spoken[^1][2], CultureInfo.InvariantCulture), 1e-6);
            Assert.AreEqual("pau", spoken[0][3]);
            Assert.IsGreaterThan(8, spoken.Length);
        }

        _reports.Clear();
        Assert.AreEqual(folder, Open());
        Assert.IsEmpty(_reports, "the second time, nothing is made");
    }

    [TestMethod]
    public void What_was_interrupted_goes_on_where_it_was()
    {
        RequireFlite();
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage((_, detail) =>
        {
            _reports.Add(detail);
            if (_reports.Count == 3)
                cancellation.Cancel();
        });
        Assert.ThrowsExactly<OperationCanceledException>(() => FliteSpeech.Open(_folder.Path, Sentences, stage, cancellation.Token));
        Assert.IsEmpty(Directory.GetFiles(_folder.Path, "utterances.tsv", SearchOption.AllDirectories));
        string[] finished = Directory.GetFiles(_folder.Path, "*.wav", SearchOption.AllDirectories);
        Assert.IsNotEmpty(finished);
        DateTime[] made = [.. finished.Select(File.GetLastWriteTimeUtc)];

        string folder = Open();
        string[] moved = [.. finished.Select(path => path.Replace(folder + ".unfinished", folder))];
        CollectionAssert.AreEqual(made, moved.Select(File.GetLastWriteTimeUtc).ToArray());
        Assert.HasCount(4 * Sentences.Length, Directory.GetFiles(folder, "*.wav", SearchOption.AllDirectories));
        Assert.IsEmpty(Directory.GetFiles(folder, "*.partial", SearchOption.AllDirectories));
    }

    string Open() => FliteSpeech.Open(_folder.Path, Sentences, new Stage((_, detail) => _reports.Add(detail)), CancellationToken.None);

    static void RequireFlite()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "flite"))))
            Assert.Inconclusive("The speech synthesiser flite is not installed (Debian: apt install flite).");
    }
}

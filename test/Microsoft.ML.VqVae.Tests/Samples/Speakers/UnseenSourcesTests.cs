using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Speakers;

namespace Microsoft.ML.VqVae.Tests.Samples.Speakers;

[TestClass]
public sealed class UnseenSourcesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Each_speaker_has_a_turn()
    {
        AlignedUtterance[] all = [.. new[] { "a1", "a2", "a3", "b1", "c1", "c2" }.Select(name =>
            new AlignedUtterance { Utterance = name, Speaker = name[..1], AudioPath = "x.wav" })];
        Assert.AreEqual("a1 b1 c1 a2", string.Join(' ', UnseenSources.Choose(all, 4).Select(utterance => utterance.Utterance)));
        Assert.HasCount(6, UnseenSources.Choose(all, 20));
    }

    [TestMethod]
    public void A_folder_with_phones_and_one_without_are_read_and_others_refused_by_name()
    {
        WaveFile.Write(_folder.File("a.wav"), new float[32_000], 16_000);
        AlignedUtterance plain = Read("slt").Single();
        Assert.AreEqual(("a", 32_000L, 0), (plain.Speaker, plain.Length, plain.Labels.Length));
        File.WriteAllText(_folder.File("utterances.tsv"),
            "utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\na0\tann\ta.wav\t0\t16000\tone\n");
        File.WriteAllText(_folder.File("phones.tsv"), "utt\tstart_s\tend_s\tphone\na0\t0\t0.4\tAH\n");
        CollectionAssert.AreEqual(new[] { "AH" }, Read("slt").Single().Labels);
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => Read("ann")).Message, "--source");
        string nowhere = _folder.File("nowhere");
        string message = Assert.ThrowsExactly<DataSetException>(() =>
            UnseenSources.Read(nowhere, ["slt"], 5, new Stage((_, _) => { }), CancellationToken.None)).Message;
        StringAssert.Contains(message, nowhere);
        StringAssert.Contains(message, "--source");
    }

    [TestMethod]
    public void Recordings_of_one_name_are_all_taken_and_counted_where_nobody_knows_who_speaks()
    {
        foreach (string speaker in (string[])["alice", "bob"])
        {
            Directory.CreateDirectory(_folder.File(speaker));
            WaveFile.Write(_folder.File($"{speaker}/1.wav"), new float[16_000], 16_000);
        }
        AlignedUtterance[] read = Read("slt");
        CollectionAssert.AreEqual(new[] { "alice/1", "bob/1" }, read.Select(utterance => utterance.Utterance).ToArray());
        // Their conversions are written side by side.
        Assert.AreEqual("alice-1-as-slt.wav", SpeakersSample.FileOf(read[0], "as-slt"));

        using var classifiers = new SpeechClassifiers(new MLContext(1));
        Spoken[] voices = [.. Enumerable.Range(0, 6).Select(seed => Sound(seed, "pau", "ax") with { Voice = seed % 2 == 0 ? "slt" : "rms" })];
        classifiers.TrainSpeakers(voices);
        classifiers.TrainPhones(voices);
        Spoken[] recordings = [.. read.Select(utterance => new Spoken(utterance, utterance.Speaker, voices[0].Waveform))];
        var unknown = UnseenSources.Measure(_folder.Path, classifiers, recordings, [.. recordings.Select(sound => sound with { Voice = "slt" })]);
        Assert.AreEqual((null, 2), (unknown.Speakers, unknown.Utterances));
        Assert.AreEqual("conversions of 2 other recordings classified as the target voice", FirstRow(unknown));
        var known = UnseenSources.Measure(_folder.Path, classifiers, voices[..4], voices[..4]);
        Assert.AreEqual((1, 4), (known.Speakers, known.Utterances));
        Assert.AreEqual("conversions of 1 other speakers classified as the target voice", FirstRow(known));

        static string FirstRow(UnseenSourceMetrics metrics)
        {
            var table = new Table("", "", "");
            metrics.AddTo(table);
            return table.Rows[0][0];
        }
    }

    [TestMethod]
    public void Phones_are_scored_by_their_common_names()
    {
        using var classifiers = new SpeechClassifiers(new MLContext(1));
        Spoken[] known = [.. Enumerable.Range(0, 6).Select(seed => Sound(seed, "pau", "ax"))];
        classifiers.TrainPhones(known);
        SpeechClassifiers.PhoneScore score = classifiers.ScorePhones([Sound(7, "SIL", "AH0")]);
        Assert.IsGreaterThan(0.9, score.Accuracy);
        Assert.IsGreaterThan(0.9, score.WithoutSilence);
        Assert.AreEqual(0.5, score.Chance, 0.05);
        Assert.AreEqual(0, classifiers.ScorePhones([Sound(8, "T", "T")]).Accuracy);
    }

    /// <summary>A second of faint noise, then one of a tone.</summary>
    static Spoken Sound(int seed, string silence, string tone)
    {
        var random = new Random(seed);
        float[] waveform = [.. Enumerable.Range(0, 32_000).Select(i =>
            (float)(0.001 * random.NextDouble() + (i < 16_000 ? 0 : 0.3 * Math.Sin(0.3 * i))))];
        var of = new AlignedUtterance
        {
            Utterance = "u", Speaker = "s", AudioPath = "x.wav", Length = 32_000, Labels = [silence, tone], LabelStarts = [0, 1],
            LabelEnds = [1, 2],
        };
        return new Spoken(of, "s", waveform);
    }

    AlignedUtterance[] Read(string voice) =>
        UnseenSources.Read(_folder.Path, [voice, "rms"], 5, new Stage((_, _) => { }), CancellationToken.None);
}

using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Phonemes;

namespace Microsoft.ML.VqVae.Tests.Samples.Phonemes;

[TestClass]
public sealed class UnlabelledSpeechTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Recordings_without_labels_have_a_name_and_a_length()
    {
        WaveFile.Write(_folder.File("one.wav"), new float[12_345], 16_000);
        AlignedUtterance recording = Read(_folder.Path).Single();
        Assert.AreEqual(("one", 0L, 12_345L), (recording.Utterance, recording.Start, recording.Length));
        Assert.IsEmpty(recording.Labels);
        Directory.CreateDirectory(_folder.File("deeper"));
        WaveFile.Write(_folder.File("deeper/TWO.WAV"), new float[100], 16_000);
        CollectionAssert.AreEquivalent(
            new[] { "one", "deeper/TWO" }, Read(_folder.Path).Select(utterance => utterance.Utterance).ToArray());
    }

    [TestMethod]
    public void A_corpus_serves_as_recordings_without_labels_utterance_by_utterance()
    {
        WaveFile.Write(_folder.File("a.wav"), new float[32_000], 16_000);
        File.WriteAllText(_folder.File("utterances.tsv"),
            "utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\na0\ta\ta.wav\t0\t16000\tone\na1\ta\ta.wav\t16000\t16000\ttwo\n");
        File.WriteAllText(_folder.File("phones.tsv"), "utt\tstart_s\tend_s\tphone\na0\t0\t0.4\tah\na1\t0\t0.4\tah\n");
        CollectionAssert.AreEqual(new[] { 0L, 16_000 }, Read(_folder.Path).Select(utterance => utterance.Start).ToArray());
    }

    [TestMethod]
    public void What_is_missing_is_named()
    {
        string nowhere = _folder.File("nowhere");
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => Read(nowhere)).Message, nowhere);
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => Read(_folder.Path)).Message, ".flac");
    }

    [TestMethod]
    public void Packed_recordings_are_unpacked_once_into_the_cache()
    {
        string golden = Path.Combine(AppContext.BaseDirectory, "golden", "audio");
        Directory.CreateDirectory(_folder.File("recordings/deeper"));
        File.Copy(Path.Combine(golden, "mono.ogg"), _folder.File("recordings/one.ogg"));
        File.Copy(Path.Combine(golden, "mono.mp3"), _folder.File("recordings/one.mp3"));
        File.Copy(Path.Combine(golden, "mono.ogg"), _folder.File("recordings/deeper/one.ogg"));
        File.Copy(Path.Combine(golden, "mono.ogg"), _folder.File("recordings/deeper-one.ogg"));
        for (int time = 0; time < 2; time++)
        {
            IReadOnlyList<AlignedUtterance> read = Read(_folder.File("recordings"));
            CollectionAssert.AreEqual(
                new[] { "deeper-one.ogg", "deeper/one.ogg", "one.mp3", "one.ogg" },
                read.Select(utterance => utterance.Utterance).Order(StringComparer.Ordinal).ToArray());
            Assert.IsTrue(read.All(utterance => utterance.Length == 4000));
            using WaveFile unpacked = WaveFile.Open(read.Single(utterance => utterance.Utterance == "one.ogg").AudioPath);
            using WaveFile expected = WaveFile.Open(Path.Combine(golden, "mono.ogg.wav"));
            float[] sound = unpacked.Read(), right = expected.Read();
            for (int i = 0; i < right.Length; i++)
                Assert.AreEqual(right[i], sound[i], 1.6 / 32768);
        }
        string damaged = _folder.Write("recordings/two.mp3", "no sound"u8.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => Read(_folder.File("recordings"))).Message, damaged);
    }

    IReadOnlyList<AlignedUtterance> Read(string folder) =>
        UnlabelledSpeech.Read(folder, _folder.File("cache"), new Stage((_, _) => { }), CancellationToken.None);
}

using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Labels;

/// <summary>A folder of audio with utterances.tsv and phones.tsv, read, checked, and turned into rows of codes with labels.</summary>
[TestClass]
public sealed class AlignedCorpusTests : IDisposable
{
    const string UtteranceNames = "utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\n", PhoneNames = "utt\tstart_s\tend_s\tphone\n";
    const string Utterances = UtteranceNames + "u1\tanna\ta.wav\t0\t8000\thello \"you\"\nu2\tbert\ta.wav\t8000\t4000\t\n";
    const string Phones = PhoneNames + "u1\t0.000\t0.100\tSIL\nu1\t0.100\t0.500\tAH\nu2\t0.000\t0.250\tOW\n";

    readonly TemporaryFolder _folder = new();

    [TestInitialize]
    public void Write()
    {
        WaveFile.Write(_folder.File("a.wav"), [.. Enumerable.Range(0, 12000).Select(i => i / 12000f)], 16000, WaveEncoding.FloatingPoint);
        Write(Utterances, Phones);
    }

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_folder_becomes_utterances()
    {
        AlignedUtterance[] read = [.. AlignedCorpus.Read(_folder.Path)];
        Assert.HasCount(2, read);
        (string, string, long, long, string)[] expected = [("u1", "anna", 0, 8000, "hello \"you\""), ("u2", "bert", 8000, 4000, "")];
        CollectionAssert.AreEqual(
            expected, read.Select(utterance => (utterance.Utterance, utterance.Speaker, utterance.Start, utterance.Length, utterance.Text))
                .ToArray());
        Assert.AreEqual(_folder.File("a.wav"), read[0].AudioPath);
        CollectionAssert.AreEqual(new[] { "SIL", "AH" }, read[0].Labels);
        CollectionAssert.AreEqual(new[] { 0, 0.1f }, read[0].LabelStarts);
        CollectionAssert.AreEqual(new[] { 0.1f, 0.5f }, read[0].LabelEnds);
    }

    [TestMethod]
    public void Utterances_are_rows_that_LoadAudio_and_ExpandFrames_read()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.Data.LoadFromEnumerable(AlignedCorpus.Read(_folder.Path));
        IDataView loaded = ml.Transforms.VqVae.LoadAudio("Waveform", "AudioPath", 16000, "Start", "Length").Fit(data).Transform(data);
        float[][] waveforms = [.. Values.Read(loaded, "Waveform").Select(row => (float[])row[0])];
        Assert.AreEqual((8000, 4000, 8000 / 12000f), (waveforms[0].Length, waveforms[1].Length, waveforms[1][0]));
        // In place of a codec, a column of one code for 640 samples.
        IDataView coded = ml.Transforms.CustomMapping<Wave, Coded>(
            (wave, codes) => codes.Codes = [.. Enumerable.Repeat(1u, (wave.Waveform.Length + 639) / 640)], null)
            .Fit(loaded).Transform(loaded);
        ExpandFramesOptions options = new() { LabelColumnName = "Phone" };
        IDataView frames = ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options).Fit(coded).Transform(coded);
        string[] phones = [.. Values.Read(frames, "Phone").Select(row => (string)row[0])];
        // 13 codes for half a second, the last one's centre beyond its end... and 7 for a quarter.
        CollectionAssert.AreEqual(
            (string[])[.. Enumerable.Repeat("SIL", 2), .. Enumerable.Repeat("AH", 10), "", .. Enumerable.Repeat("OW", 6), ""], phones);
    }

    [TestMethod]
    public void Times_that_overlap_by_rounding_are_joined()
    {
        Write(Utterances, Phones.Replace("u1\t0.000\t0.100", "u1\t0.000\t0.1005"));
        AlignedUtterance read = AlignedCorpus.Read(_folder.Path)[0];
        Assert.AreEqual((0.1005f, 0.1005f), (read.LabelEnds[0], read.LabelStarts[1]));
    }

    [TestMethod]
    public void Files_that_are_wrong_or_do_not_match_say_where()
    {
        Refused("utt\tspeaker\n", Phones, "utterances.tsv', line 1", "utt, speaker, file", "'utt\tspeaker'");
        Refused("", Phones, "utterances.tsv', line 1", "an empty file");
        Refused(Utterances + "u3\tanna\n", Phones, "utterances.tsv', line 4", "6 columns", "found 2");
        Refused(Utterances + "u1\tanna\ta.wav\t0\t10\tagain\n", Phones, "line 4", "a new utterance", "'u1' a second time");
        Refused(Utterances.Replace("\t4000", "\t4001"), Phones, "utterances.tsv', line 3", "12000 samples of 'a.wav'",
            "4001 samples from sample 8000");
        Refused(Utterances.Replace("\t8000\t4000", "\t-1\t4000"), Phones, "line 3", "start_sample", "'-1'");
        Refused(Utterances + "u3\tanna\ta.wav\t0\t10\tno labels\n", Phones, "utterances.tsv', line 4", "labels of utterance 'u3'", "none");
        Refused(Utterances, Phones + "u3\t0\t1\tAH\n", "phones.tsv', line 5", "an utterance of utterances.tsv", "'u3'");
        Refused(Utterances, Phones.Replace("0.250", "0.252"), "phones.tsv', line 4", "0.25 s of utterance 'u2'", "ends at 0.252 s");
        Refused(Utterances, Phones.Replace("0.250", "late"), "phones.tsv', line 4", "a number (end_s)", "'late'");
        Refused(Utterances, Phones.Replace("u1\t0.100", "u1\t0.090"), "phones.tsv', line 3", "begins at 0.1 s or later", "0.09 s");
        Refused(Utterances, Phones + "u2 0.25 0.25 AH\n", "phones.tsv', line 5", "4 columns", "found 1");
        File.WriteAllText(_folder.File("a.wav"), "no sound");
        Refused(Utterances, Phones, "a.wav");
        File.Delete(_folder.File("a.wav"));
        Write(Utterances, Phones);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => AlignedCorpus.Read(_folder.Path)).Message, "line 2");

        void Refused(string utterances, string phones, params string[] words)
        {
            Write(utterances, phones);
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => AlignedCorpus.Read(_folder.Path));
            foreach (string word in words)
                StringAssert.Contains(error.Message, word);
        }
    }

    void Write(string utterances, string phones)
    {
        _folder.Write("utterances.tsv", Encoding.UTF8.GetBytes(utterances));
        _folder.Write("phones.tsv", Encoding.UTF8.GetBytes(phones));
    }

    sealed class Wave
    {
        public float[] Waveform { get; set; } = [];
    }

    sealed class Coded
    {
        [KeyType(3)]
        public uint[] Codes { get; set; } = [];
    }
}

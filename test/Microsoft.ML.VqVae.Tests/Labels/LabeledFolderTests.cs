using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Labels;

/// <summary>Folders of WAV files with label files beside them, as aligners and TIMIT leave them.</summary>
[TestClass]
public sealed class LabeledFolderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void TIMIT_becomes_utterances_of_its_speakers()
    {
        foreach (string speaker in (string[])["FCJF0", "MDAB0"])
        {
            // Upper and lower case, as on the disc and as copied from it.
            (string phones, string words) = speaker[0] == 'F' ? ("SA1.PHN", "SA1.WRD") : ("sa1.phn", "sa1.wrd");
            Sphere($"DR1/{speaker}/SA1.WAV", samples: 3000);
            Text($"DR1/{speaker}/{phones}", "0 100 h#\n100 900 sh\n900 2900 iy\n");
            Text($"DR1/{speaker}/{words}", "100 900 she\n900 2100 had\n1900 2600 your\n");
        }
        AlignedUtterance[] read = [.. AlignedCorpus.Read(_folder.Path)];
        CollectionAssert.AreEqual(new[] { "DR1/FCJF0/SA1", "DR1/MDAB0/SA1" }, read.Select(one => one.Utterance).ToArray());
        CollectionAssert.AreEqual(new[] { "FCJF0", "MDAB0" }, read.Select(one => one.Speaker).ToArray());
        Assert.AreEqual("she had your", read[0].Text);
        Assert.AreEqual((0L, 3000L), (read[0].Start, read[0].Length));
        Assert.AreEqual(_folder.File("DR1/FCJF0/SA1.WAV"), read[0].AudioPath);
        CollectionAssert.AreEqual(new[] { "h#", "sh", "iy" }, read[1].Labels);
        CollectionAssert.AreEqual(new[] { 0.00625f, 0.05625f, 0.18125f }, read[1].LabelEnds);
    }

    [TestMethod]
    public void A_copy_of_TIMIT_with_each_file_twice_is_read_once()
    {
        Sphere("FCJF0/SA1.WAV", 3000);
        Wave("FCJF0/SA1.WAV.wav");
        Text("FCJF0/SA1.PHN", "0 100 h#");
        Wave("FCJF0/SA2.WAV.wav");
        Text("FCJF0/SA2.PHN", "0 100 h#");
        CollectionAssert.AreEqual(
            new[] { _folder.File("FCJF0/SA1.WAV"), _folder.File("FCJF0/SA2.WAV.wav") },
            AlignedCorpus.Read(_folder.Path).Select(one => one.AudioPath).ToArray());
    }

    [TestMethod]
    public void Samples_of_PHN_files_are_at_the_rate_of_their_audio()
    {
        Wave("a.wav", rate: 8000);
        Text("a.phn", "0 4000 a");
        Assert.AreEqual(0.5f, AlignedCorpus.Read(_folder.Path).Single().LabelEnds[0]);
    }

    [TestMethod]
    [DataRow("anna_001", "anna")]
    [DataRow("19-198-0001", "19")]
    [DataRow("sub/anna_001", "sub")]
    [DataRow("p225/p225_001", "p225")]
    [DataRow("19/198/19-198-0001", "19")]
    [DataRow("DR1/FCJF0/SA1", "FCJF0")]
    [DataRow("_001", "(the folder)")]
    [DataRow("hello", "(the folder)")]
    public void The_speaker_is_in_the_path(string path, string speaker)
    {
        Wave($"{path}.wav");
        Text($"{path}.TEXTGRID", Grid(("phones", "a")));
        AlignedUtterance read = AlignedCorpus.Read(_folder.Path).Single();
        Assert.AreEqual(speaker == "(the folder)" ? new DirectoryInfo(_folder.Path).Name : speaker, read.Speaker);
        Assert.AreEqual(path, read.Utterance);
    }

    [TestMethod]
    public void Tiers_of_a_TextGrid_are_found_by_their_names()
    {
        Assert.AreEqual(("a", ""), Read(("anything", "a")));
        Assert.AreEqual(("a", "hello"), Read(("words", "hello"), ("phones", "a")));
        Assert.AreEqual(("a", "hello"), Read(("anna - words", "hello"), ("anna - phones", "a")));
        Assert.AreEqual(("a", "hello"), Read(("Phone", "a"), ("Word", "hello")));
        Assert.AreEqual(("a", ""), Read(("ORT", "hello"), ("MAU", " a ")));
        Refused("expected one tier of phones", "'x', 'y'", [("x", "a"), ("y", "b")]);
        Refused("expected one tier of phones", "'anna - phones', 'bert - phones'", [("anna - phones", "a"), ("bert - phones", "b")]);
        Refused("expected labels of phones", "found none", [("phones", " ")]);

        (string Phones, string Text) Read(params (string, string)[] tiers)
        {
            Wave("a.wav");
            Text("a.TextGrid", Grid(tiers));
            AlignedUtterance read = AlignedCorpus.Read(_folder.Path).Single();
            return (string.Join(' ', read.Labels), read.Text);
        }

        void Refused(string expected, string found, (string, string)[] tiers)
        {
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Read(tiers));
            foreach (string word in (string[])[_folder.File("a.TextGrid"), expected, found])
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    [DataRow("1.2", 0.1f, 0.3f)]
    [DataRow("1", 0.3f, 0.5f)]
    [DataRow("0.5", 0.3f, 0.5f)]
    public void Times_of_a_TextGrid_count_from_its_start_where_it_is_as_long_as_the_audio(string end, float labelStart, float labelEnd)
    {
        // Praat keeps the times of the whole recording in a part of it on request, and other programs start a grid at its first label.
        Wave("a.wav");
        Text("a.TextGrid", "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n"
            + $"0.2\n{end}\n<exists>\n1\n\"IntervalTier\"\n\"phones\"\n0.2\n{end}\n2\n0.2\n0.3\n\"\"\n0.3\n0.5\n\"a\"\n");
        AlignedUtterance read = AlignedCorpus.Read(_folder.Path).Single();
        Assert.AreEqual((labelStart, labelEnd), (read.LabelStarts[0], read.LabelEnds[0]));
    }

    [TestMethod]
    public void What_does_not_belong_together_is_named()
    {
        Refused<FileNotFoundException>("utterances.tsv", "found 0 .wav files");
        Wave("a.wav");
        Refused<FileNotFoundException>("utterances.tsv", "found 1 .wav files");
        Text("a.PHN", "0 100 a\n100 17000 b");
        Refused<InvalidDataException>(
            $"The labels of '{_folder.File("a.PHN")}'", "a.wav", "within its 1 s", "label 2 ('b') that ends at 1.0625 s");
        Text("a.PHN", "0 100 a");
        Text("a.TextGrid", Grid(("phones", "a")));
        Refused<InvalidDataException>("a.wav", "expected one .TextGrid or .PHN", "'a.PHN' and 'a.TextGrid'");
        File.Delete(_folder.File("a.PHN"));
        Wave("b.wav");
        Refused<InvalidDataException>("b.wav", "expected one .TextGrid or .PHN", "found none");
        Text("b.PHN", "0 100 b");
        Text("c.PHN", "0 100 c");
        Refused<FileNotFoundException>("c.PHN", "expected a .wav or .sph file", "ffmpeg");

        void Refused<T>(params string[] words) where T : Exception
        {
            T error = Assert.ThrowsExactly<T>(() => AlignedCorpus.Read(_folder.Path));
            foreach (string word in words)
                StringAssert.Contains(error.Message, word);
        }
    }

    void Wave(string name, int rate = 16000)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        WaveFile.Write(_folder.File(name), new float[16000], rate);
    }

    void Sphere(string name, int samples)
    {
        byte[] bytes = new byte[1024 + 2 * samples];
        Encoding.ASCII.GetBytes($"NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i {samples}\nsample_rate -i 16000\n"
            + "sample_n_bytes -i 2\nsample_byte_format -s2 01\nend_head\n").CopyTo(bytes, 0);
        _folder.Write(name, bytes);
    }

    void Text(string name, string text) => _folder.Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>A TextGrid of a second, its tiers of one label each.</summary>
    static string Grid(params (string Name, string Label)[] tiers) =>
        $"File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0\n1\n<exists>\n{tiers.Length}\n"
        + string.Concat(tiers.Select(tier => $"\"IntervalTier\"\n\"{tier.Name}\"\n0\n1\n1\n0\n1\n\"{tier.Label}\"\n"));
}

using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Labels;

/// <summary>Letters beyond ASCII in label files: the right ones in every usual encoding, or an error that says where.</summary>
[TestClass]
public sealed class LabelEncodingTests : IDisposable
{
    static readonly Encoding[] Unicode =
    [
        new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true),
        new UnicodeEncoding(false, false), new UnicodeEncoding(true, false),
    ];

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Letters_are_right_in_every_reader_and_encoding()
    {
        foreach (Encoding encoding in Unicode.Append(Encoding.Latin1))
        {
            string third = encoding == Encoding.Latin1 ? "ø" : "ɑː𝼐";
            string[] expected = ["é", "è", third];
            string name = $"{encoding.EncodingName}, mark of {encoding.Preamble.Length}";
            CollectionAssert.AreEqual(expected, Texts(TextGrid.Read(Write("a.TextGrid", Grid(third), encoding)).Tiers[0].Labels), name);
            CollectionAssert.AreEqual(
                expected, Texts(TimitLabels.Read(Write("a.PHN", $"0 8 é\n8 16 è\r\n16 24 {third}\n", encoding))), name);
            WaveFile.Write(_folder.File("a.wav"), new float[16000], 16000);
            Write("utterances.tsv", $"utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\nu\tRenée\ta.wav\t0\t16000\tété {third}\n", encoding);
            Write("phones.tsv", $"utt\tstart_s\tend_s\tphone\nu\t0\t0.1\té\nu\t0.1\t0.2\tè\nu\t0.2\t0.3\t{third}\n", encoding);
            AlignedUtterance utterance = AlignedCorpus.Read(_folder.Path).Single();
            CollectionAssert.AreEqual(expected, utterance.Labels, name);
            Assert.AreEqual(("Renée", $"été {third}"), (utterance.Speaker, utterance.Text), name);
        }

        static string[] Texts(IReadOnlyList<TimedLabel> labels) => [.. labels.Select(label => label.Text)];
    }

    [TestMethod]
    public void Bytes_of_no_known_encoding_are_told_with_their_line()
    {
        byte[] start = "0 8 a\r\n8 16 "u8.ToArray();
        // Mac OS Roman has é at 0x8E, where Latin-1 has no letter.
        Refused([.. start, 0x8E, (byte)'\n'], "line 2", "byte 0x8E", "Save the file as UTF-8");
        // UTF-8 of which a letter is damaged.
        Refused([.. start, 0xC9, 0x91, (byte)'\n', .. "16 24 "u8, 0xC9, (byte)'\n'], "line 3", "byte 0xC9");
        Refused([0xEF, 0xBB, 0xBF, .. start, 0xE9], "line 2", "byte 0xE9");
        Refused([.. start, (byte)'a', 0, (byte)'\n'], "line 2", "a zero character");
        byte[] wide = new UnicodeEncoding(false, true).GetBytes("0 8 a\n8 16 b");
        Refused([0xFF, 0xFE, .. wide, 0], "line 2", "an odd number of bytes");
        Refused([0xFF, 0xFE, .. wide, 0x00, 0xD8], "line 2", "half a character of UTF-16, 0xD800");

        void Refused(byte[] bytes, params string[] words)
        {
            string path = _folder.Write("a.PHN", bytes);
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => TimitLabels.Read(path));
            foreach (string word in words.Append($"'{path}', "))
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    public void A_letter_that_was_lost_before_is_no_label()
    {
        using var reader = new StringReader("0 8 a\n8 16 \uFFFD");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => TimitLabels.Read(reader, "a.PHN")).Message;
        StringAssert.Contains(message, "'a.PHN', line 2");
        StringAssert.Contains(message, "U+FFFD");
    }

    string Write(string name, string text, Encoding encoding)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, text, encoding);
        return path;
    }

    static string Grid(string third) => $"""
        File type = "ooTextFile"
        Object class = "TextGrid"

        0
        1
        <exists>
        1
        "IntervalTier"
        "phones"
        0
        1
        3
        0
        0.4
        "é"
        0.4
        0.5
        "è"
        0.5
        1
        "{third}"
        """;
}

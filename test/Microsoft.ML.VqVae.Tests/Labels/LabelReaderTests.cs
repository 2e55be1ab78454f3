using System.Globalization;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Labels;

/// <summary>Label files of TIMIT and Praat: what is read, and what is said of a file that is wrong.</summary>
[TestClass]
public sealed class LabelReaderTests
{
    const string Long = """"
        File type = "ooTextFile"
        Object class = "TextGrid"

        xmin = 0
        xmax = 1.5
        tiers? <exists>
        size = 3
        item []:
            item [1]:
                class = "IntervalTier"
                name = "words"
                xmin = 0
                xmax = 1.5
                intervals: size = 2
                intervals [1]:
                    xmin = 0
                    xmax = 0.5
                    text = "say ""ah"""
                intervals [2]:
                    xmin = 0.5
                    xmax = 1.5
                    text = ""
            item [2]:
                class = "TextTier"
                name = "points"
                xmin = 0
                xmax = 1.5
                points: size = 1
                points [1]:
                    number = 0.7
                    mark = "click"
            item [3]:
                class = "IntervalTier"
                name = "phones"
                xmin = 0
                xmax = 1.5
                intervals: size = 1
                intervals [1]:
                    xmin = 0.25
                    xmax = 1.5
                    text = "ɑː"

        """";

    const string Short = """"
        File type = "ooTextFile"
        Object class = "TextGrid"

        0
        1.5
        <exists>
        3
        "IntervalTier"
        "words"
        0
        1.5
        2
        0
        0.5
        "say ""ah"""
        0.5
        1.5
        ""
        "TextTier"
        "points"
        0
        1.5
        1
        0.7
        "click"
        "IntervalTier"
        "phones"
        0
        1.5
        1
        0.25
        1.5
        "ɑː"
        """";

    [TestMethod]
    public void Both_forms_of_a_TextGrid_in_all_encodings_are_the_same()
    {
        using var folder = new TemporaryFolder();
        Encoding[] encodings =
        [
            new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true),
            new UnicodeEncoding(true, false), new UnicodeEncoding(false, false),
        ];
        foreach (string text in (string[])[Long, Short, Short.ReplaceLineEndings("\r\n")])
        {
            foreach (Encoding encoding in encodings)
            {
                string path = folder.File("a.TextGrid");
                File.WriteAllText(path, text, encoding);
                TextGrid grid = TextGrid.Read(path);
                Assert.AreEqual((0, 1.5), (grid.Start, grid.End));
                CollectionAssert.AreEqual(new[] { "words", "phones" }, grid.Tiers.Select(tier => tier.Name).ToArray());
                CollectionAssert.AreEqual(
                    new TimedLabel[] { new(0, 0.5, "say \"ah\""), new(0.5, 1.5, "") }, grid["words"].Labels.ToArray());
                CollectionAssert.AreEqual(new TimedLabel[] { new(0.25, 1.5, "ɑː") }, grid["phones"].Labels.ToArray());
            }
        }
        Assert.IsEmpty(Grid("""File type = "ooTextFile" Object class = "TextGrid" 0 1 <absent>""").Tiers);
    }

    [TestMethod]
    public void A_TextGrid_that_is_wrong_says_where()
    {
        Refused("", "line 1", "\"ooTextFile\"", "end of the file");
        Refused("0.1 0.2 x", "line 1", "\"ooTextFile\"", "'0.1'");
        Refused(Short.Replace("TextGrid", "PitchTier"), "line 2", "\"TextGrid\"", "'PitchTier'");
        Refused(Short.Replace("\n1.5\n<exists>", "\nlate\n<exists>"), "line 6", "a number (the end of the annotation)", "<exists>");
        Refused(Short[..Short.IndexOf("\"click\"", StringComparison.Ordinal)], "line 25", "the label of a point", "end of the file");
        Refused(Short.Replace("\"ɑː\"", "\"ɑː"), "line 33", "ends with a quote");
        Refused(Short.Replace("\"TextTier\"", "\"Tier\""), "line 19", "\"IntervalTier\" or \"TextTier\"", "\"Tier\"");
        Refused(Short.Replace("0.5\n1.5", "0.4\n1.5"), "line 16", "begins at 0.5 s or later", "begins at 0.4 s");
        Refused(Short.Replace("0.25\n1.5", "0.25\n1.6"), "line 32", "ends by 1.5 s", "ends at 1.6 s");
        Refused(Short.Replace("0.25\n1.5", "0.25\n0.2"), "line 32", "ends at 0.25 s or later", "ends at 0.2 s");
        Refused(Short.Replace("<exists>\n3", "<exists>\n-3"), "line 7", "a whole number", "'-3'");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Grid(Short)["tones"]).Message;
        StringAssert.Contains(message, "no tier of intervals named 'tones'; it has 'words', 'phones'");

        static void Refused(string text, string line, params string[] words)
        {
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Grid(text));
            foreach (string word in words.Append($"'a.TextGrid', {line}: expected"))
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    public void TIMIT_labels_are_samples()
    {
        IReadOnlyList<TimedLabel> labels = Timit("0 3050 h#\r\n3050\t4559 sh\n\n5000 8000 dark suit \n");
        CollectionAssert.AreEqual(
            new TimedLabel[] { new(0, 0.190625, "h#"), new(0.190625, 0.2849375, "sh"), new(0.3125, 0.5, "dark suit") }, labels.ToArray());
        Assert.IsEmpty(Timit(""));
        Assert.AreEqual(new TimedLabel(1, 2, "a"), TimitLabels.Read(new StringReader("8000 16000 a"), "b", 8000)[0]);
        Refused("0 5 a\n7", "line 2", "a first sample, a last sample and a label", "'7'");
        Refused("0 5", "line 1", "'0 5'");
        Refused("a 5 b", "line 1", "a whole number from 0 up (the first sample)", "'a'");
        Refused("0 -5 b", "line 1", "the sample after the last", "'-5'");
        Refused("0 16000 a\n8000 24000 b", "line 2", "begins at 1 s or later", "begins at 0.5 s");
        Refused("16000 8000 a", "line 1", "ends at 1 s or later", "ends at 0.5 s");

        static IReadOnlyList<TimedLabel> Timit(string text) => TimitLabels.Read(new StringReader(text), "a.PHN");

        static void Refused(string text, params string[] words)
        {
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Timit(text));
            foreach (string word in words.Append("'a.PHN', "))
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    public void The_short_form_may_be_marked()
    {
        const string Rest = "\n0\n1\n<exists>\n1\n\"IntervalTier\"\n\"phone\"\n0\n1\n2\n0\n0.4\n\"AH0\"\n0.4\n1\n\"B\"";
        foreach (string heading in (string[])["\"TextGrid\"", "Object class = \"TextGrid\"", "\nObject class = \"TextGrid\"\n"])
        {
            foreach (string end in (string[])["\n", "\r\n", "\r"])
            {
                TextGrid grid = Grid($"File type = \"ooTextFile short\"\n{heading}{Rest}".ReplaceLineEndings(end));
                CollectionAssert.AreEqual(new TimedLabel[] { new(0, 0.4, "AH0"), new(0.4, 1, "B") }, grid["phone"].Labels.ToArray());
            }
        }
        string line = Assert.ThrowsExactly<InvalidDataException>(() => Grid("\"ooTextFile\"\r\"TextGrid\"\r! says 5\r0\rlate <exists>")).Message;
        StringAssert.Contains(line, "line 5", "lines of old Macs count too");
    }

    [TestMethod]
    [DataRow(1e-8)]
    [DataRow(1e-7)]
    [DataRow(1e-6)]
    [DataRow(1e-4)]
    [DataRow(1e-3)]
    public void Overlaps_by_rounding_are_none(double overlap)
    {
        foreach (double at in (double[])[0.4, 1000.4])
        {
            string end = (at + overlap).ToString("R", CultureInfo.InvariantCulture), start = at.ToString(CultureInfo.InvariantCulture);
            IReadOnlyList<TimedLabel> labels = Grid(
                $"\"ooTextFile\" \"TextGrid\" 0 2000 <exists> 1 \"IntervalTier\" \"p\" 0 2000 2 0 {end} \"a\" {start} 2000 \"b\"").Tiers[0].Labels;
            CollectionAssert.AreEqual(new TimedLabel[] { new(0, at + overlap, "a"), new(at + overlap, 2000, "b") }, labels.ToArray());
        }
        // 16 samples are a millisecond at 16 kHz; an end before its start is rounding too.
        IReadOnlyList<TimedLabel> timit = TimitLabels.Read(new StringReader("0 1616 a\n1600 1601 b\n1616 3200 c"), "a.PHN");
        CollectionAssert.AreEqual(new TimedLabel[] { new(0, 0.101, "a"), new(0.101, 0.101, "b"), new(0.101, 0.2, "c") }, timit.ToArray());
    }

    [TestMethod]
    public void A_refusal_shows_the_difference()
    {
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Grid(
            "\"ooTextFile\" \"TextGrid\" 0 2 <exists> 1 \"IntervalTier\" \"p\" 0 2 2 0 0.40100001 \"a\" 0.4 1 \"b\"")).Message;
        StringAssert.Contains(message, "begins at 0.40100001 s or later");
        StringAssert.Contains(message, "begins at 0.4 s");
    }

    [TestMethod]
    [DataRow("SA1.WRD")]
    [DataRow("sa1.wrd")]
    public void Words_of_TIMIT_may_overlap(string name)
    {
        IReadOnlyList<TimedLabel> labels = TimitLabels.Read(new StringReader("100 900 she\n900 2100 had\n1900 2600 your\n"), name);
        CollectionAssert.AreEqual(
            new TimedLabel[] { new(0.00625, 0.05625, "she"), new(0.05625, 0.13125, "had"), new(0.11875, 0.1625, "your") }, labels.ToArray());
        InvalidDataException phones = Assert.ThrowsExactly<InvalidDataException>(
            () => TimitLabels.Read(new StringReader("100 900 she\n900 2100 had\n1900 2600 your\n"), "a.PHN"));
        StringAssert.Contains(phones.Message, "'a.PHN', line 3: expected a label that begins at 0.13125 s or later");
        InvalidDataException order = Assert.ThrowsExactly<InvalidDataException>(
            () => TimitLabels.Read(new StringReader("900 2100 had\n100 900 she\n"), name));
        StringAssert.Contains(order.Message, "line 2: expected a label that begins at 0.05625 s or later");
    }

    [TestMethod]
    public void Labels_of_a_file_are_checked_against_its_length()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("sa1.wav");
        WaveFile.Write(path, new float[8000], 16000);
        AlignedUtterance utterance = AlignedUtterance.OfFile(path, [new(0, 0.25, "a"), new(0.25, 0.5005, "b")]);
        Assert.AreEqual(("sa1", path, 0L, 8000L), (utterance.Utterance, utterance.AudioPath, utterance.Start, utterance.Length));
        CollectionAssert.AreEqual(new[] { 0.25f, 0.5005f }, utterance.LabelEnds);
        InvalidDataException error =
            Assert.ThrowsExactly<InvalidDataException>(() => AlignedUtterance.OfFile(path, [new(0, 0.25, "a"), new(0.25, 0.6, "b")]));
        StringAssert.Contains(error.Message, path);
        StringAssert.Contains(error.Message, "within its 0.5 s, found label 2 ('b') that ends at 0.6 s");
    }

    static TextGrid Grid(string text) => TextGrid.Read(new StringReader(text), "a.TextGrid");
}

using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Tests.Samples.Speech;

[TestClass]
public sealed class SpeechDataTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Sentences_of_the_test_are_in_no_voice_of_the_training()
    {
        AlignedUtterance[] all =
            [.. from voice in (string[])["b", "a"] from i in Enumerable.Range(0, 20) select Say(voice, $"sentence {i}")];
        SpeechData data = SpeechData.Split("some", "folder", all, newSpeakers: true);
        Assert.IsTrue(data.KnownVoices);
        Assert.HasCount(32, data.Train);
        Assert.HasCount(8, data.Test);
        Assert.IsEmpty(data.Train.Select(utterance => utterance.Text).Intersect(data.Test.Select(utterance => utterance.Text)));
        CollectionAssert.AreEquivalent(new[] { "a", "b" }, data.Test.Select(utterance => utterance.Speaker).Distinct().ToArray());
    }

    [TestMethod]
    public void Where_everyone_says_something_else_two_speakers_are_kept()
    {
        AlignedUtterance[] all =
            [.. from voice in (string[])["d", "c", "b", "a"] from i in Enumerable.Range(0, 10) select Say(voice, $"{voice} says {i}")];
        SpeechData data = SpeechData.Split("some", "folder", all, newSpeakers: true);
        Assert.IsFalse(data.KnownVoices);
        CollectionAssert.AreEquivalent(new[] { "a", "b" }, data.Test.Select(utterance => utterance.Speaker).Distinct().ToArray());
        CollectionAssert.AreEquivalent(new[] { "c", "d" }, data.Train.Select(utterance => utterance.Speaker).Distinct().ToArray());
        StringAssert.Contains(data.TestIs, "a, b");

        SpeechData known = SpeechData.Split("some", "folder", all, newSpeakers: false);
        Assert.IsTrue(known.KnownVoices);
        Assert.HasCount(8, known.Test);
        Assert.HasCount(4, known.Train.Select(utterance => utterance.Speaker).Distinct().ToArray());
    }

    [TestMethod]
    public void Too_few_to_keep_any_are_refused()
    {
        AlignedUtterance[] two = [Say("a", "one"), Say("b", "two")];
        DataSetException few = Assert.ThrowsExactly<DataSetException>(() => SpeechData.Split("some", "folder", two, newSpeakers: true));
        StringAssert.Contains(few.Message, "2 utterances of 2 speakers");
        Assert.ThrowsExactly<DataSetException>(() => SpeechData.Split("some", "folder", two, newSpeakers: false));
    }

    [TestMethod]
    public void A_folder_is_read_with_the_times_of_its_phones()
    {
        WriteFolder();
        SpeechData data = SpeechData.Read("mine", _folder.Path, newSpeakers: true);
        Assert.HasCount(8, data.Train);
        Assert.HasCount(2, data.Test);
        AlignedUtterance utterance = data.Train[0];
        CollectionAssert.AreEqual(new[] { "pau", "ah" }, utterance.Labels);
        Assert.AreEqual(0.4f, utterance.LabelEnds[0]);
        Assert.AreEqual(1, utterance.LabelEnds[1], 1e-5, "the last phone reaches as far as the last code");
    }

    [TestMethod]
    public void A_folder_of_label_files_is_read_with_its_speakers()
    {
        foreach (string speaker in (string[])["FAAA0", "MBBB0", "MCCC0"])
        {
            Directory.CreateDirectory(_folder.File($"DR1/{speaker}"));
            WaveFile.Write(_folder.File($"DR1/{speaker}/SX1.wav"), new float[16_000], 16_000);
            File.WriteAllText(_folder.File($"DR1/{speaker}/SX1.PHN"), "0 8000 h#\n8000 15800 ah\n");
        }
        SpeechData data = SpeechData.Read("mine", _folder.Path, newSpeakers: true);
        Assert.IsFalse(data.KnownVoices);
        Assert.AreEqual("MCCC0", data.Train.Single().Speaker);
        CollectionAssert.AreEqual(new[] { "h#", "ah" }, data.Test[0].Labels);
        File.WriteAllText(_folder.File("DR1/FAAA0/SX1.PHN"), "0 8000 h#\n7000 15800 ah\n");
        string message = Assert.ThrowsExactly<DataSetException>(() => SpeechData.Read("mine", _folder.Path, newSpeakers: true)).Message;
        foreach (string part in (string[])["--data", "SX1.PHN', line 2", "0.5 s"])
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    public void Of_one_speaker_every_fifth_utterance_is_kept_also_without_texts()
    {
        for (int i = 0; i < 10; i++)
        {
            WaveFile.Write(_folder.File($"{i}.wav"), new float[16_000], 16_000);
            File.WriteAllText(_folder.File($"{i}.PHN"), "0 8000 ah\n");
        }
        foreach (bool newSpeakers in (bool[])[true, false])
        {
            SpeechData data = SpeechData.Read("mine", _folder.Path, newSpeakers);
            Assert.IsTrue(data.KnownVoices);
            CollectionAssert.AreEqual(new[] { "4", "9" }, data.Test.Select(utterance => utterance.Utterance).ToArray());
            Assert.HasCount(8, data.Train);
        }
    }

    [TestMethod]
    public void More_to_train_on_is_added_to_training_alone_and_is_of_others()
    {
        WriteFolder();
        SpeechData data = SpeechData.Read("mine", _folder.Path, newSpeakers: true);
        SpeechData strangers = data with { Train = [], Test = [Say("stranger", "one")] };
        SpeechData more = strangers.WithTraining([_folder.Path]);
        Assert.HasCount(10, more.Train);
        Assert.AreSame(strangers.Test, more.Test);
        Assert.AreEqual(1, more.Train[0].LabelEnds[^1], 1e-5, "the last phone reaches as far as the last code");
        StringAssert.StartsWith(more.Name, "mine + ");
        string heard = data.Test[0].Speaker;
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => data.WithTraining([_folder.Path])).Message, $"'{heard}'");
        StringAssert.Contains(
            Assert.ThrowsExactly<DataSetException>(() => data.WithTraining([_folder.File("nowhere")])).Message, "--labelled");
    }

    [TestMethod]
    public void What_is_missing_is_named()
    {
        string nowhere = _folder.File("nowhere");
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(() => SpeechData.Read("mine", nowhere, newSpeakers: true)).Message, nowhere);
        StringAssert.Contains(
            Assert.ThrowsExactly<DataSetException>(() => SpeechData.Read("mine", _folder.Path, newSpeakers: true)).Message, "utterances.tsv");
    }

    [TestMethod]
    public void WAV_files_with_a_TextGrid_beside_each_are_read()
    {
        for (int i = 0; i < 5; i++)
        {
            Directory.CreateDirectory(_folder.File("anna"));
            WaveFile.Write(_folder.File($"anna/{i}.wav"), new float[16_000], 16_000);
            File.WriteAllText(_folder.File($"anna/{i}.TextGrid"),
                "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n0\n1\n<exists>\n1\n\"IntervalTier\"\n\"phones\"\n0\n1\n2\n"
                + "0\n0.4\n\"AH0\"\n0.4\n0.985\n\"B\"\n");
        }
        SpeechData data = SpeechData.Read("mine", _folder.Path, newSpeakers: true);
        Assert.AreEqual((4, 1), (data.Train.Count, data.Test.Count));
        Assert.AreEqual("anna", data.Test[0].Speaker);
        CollectionAssert.AreEqual(new[] { "AH0", "B" }, data.Test[0].Labels);
        CollectionAssert.AreEqual(new[] { 0f, 0.4f }, data.Test[0].LabelStarts);
    }

    [TestMethod]
    public void Minutes_and_samples_are_at_the_rate_of_the_file()
    {
        WaveFile.Write(_folder.File("slow.wav"), new float[8_000 * 30], 8_000);
        WaveFile.Write(_folder.File("fast.wav"), new float[48_000 * 30], 48_000);
        AlignedUtterance[] utterances =
        [
            new() { AudioPath = _folder.File("slow.wav"), Length = 8_000 * 12 },
            new() { AudioPath = _folder.File("slow.wav"), Start = 8_000 * 12, Length = 8_000 * 18 },
            new() { AudioPath = _folder.File("fast.wav"), Length = 48_000 * 15 },
        ];
        Assert.AreEqual(0.75, SpeechData.Minutes(utterances), 1e-9);
        foreach ((AlignedUtterance utterance, int seconds) in utterances.Zip([12, 18, 15]))
            Assert.HasCount(seconds * 16_000, SpeechData.Samples(utterance));
    }

    void WriteFolder()
    {
        List<string> utterances = ["utt\tspeaker\tfile\tstart_sample\tn_samples\ttext"], phones = ["utt\tstart_s\tend_s\tphone"];
        foreach (string voice in (string[])["a", "b"])
        {
            WaveFile.Write(_folder.File($"{voice}.wav"), new float[5 * 16_000], 16_000);
            for (int i = 0; i < 5; i++)
            {
                utterances.Add($"{voice}{i}\t{voice}\t{voice}.wav\t{i * 16_000}\t16000\tword {i}");
                phones.Add($"{voice}{i}\t0.000\t0.400\tpau");
                phones.Add($"{voice}{i}\t0.400\t0.985\tah");
            }
        }
        File.WriteAllLines(_folder.File("utterances.tsv"), utterances);
        File.WriteAllLines(_folder.File("phones.tsv"), phones);
    }

    static AlignedUtterance Say(string voice, string text)
    {
        var utterance = new AlignedUtterance { Utterance = $"{voice} {text}", Speaker = voice, Text = text };
        utterance.SetLabels([new TimedLabel(0, 1, "ah")]);
        return utterance;
    }
}

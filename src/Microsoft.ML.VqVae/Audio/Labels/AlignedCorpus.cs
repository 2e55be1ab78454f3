
namespace Microsoft.ML.VqVae.Audio;

/// <summary>Reads a folder of WAV or NIST SPHERE files whose phones are known, from tables or from a label file beside each.</summary>
/// <remarks>
/// <para>Tables: <c>utterances.tsv</c> with the columns utt, speaker, file, start_sample, n_samples, text, and <c>phones.tsv</c> with the
/// columns utt, start_s, end_s, phone. Both have these names in their first line, and tabs between columns.</para>
/// <para>Label files, in a folder without <c>utterances.tsv</c>: beside each audio file (<c>.wav</c>, <c>.sph</c>), in the folder or its
/// subfolders, lies a <c>.TextGrid</c> of Praat or a <c>.PHN</c> of TIMIT of the same name; upper and lower case are the same. The phones
/// of a TextGrid are its tier "phones" (or "phone", "phonemes", "segments", "MAU"), or its only tier; intervals without a text have no
/// label. Times count from the start of the grid where it is as long as its audio, otherwise from 0. The spoken text is read from the
/// tier "words", or from a <c>.WRD</c> file. The speaker is the name of the subfolder that the file lies in, as in TIMIT's
/// <c>DR1/FCJF0/SA1.WAV</c>, or of an outer one with which the file's name starts, as in <c>19/198/19-198-0001.wav</c>; of a file that lies
/// in the folder itself, what precedes the first '_' or '-' of its name, or, in a name without these, the name of the folder.</para>
/// <para>Labels are checked against the audio: every part must lie within its file, and no label may end more than a millisecond after its
/// utterance. Only the headers of the audio files are read.</para>
/// </remarks>
public static class AlignedCorpus
{
    const string UtterancesName = "utterances.tsv", PhonesName = "phones.tsv";

    /// <summary>Reads a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The utterances, in the order of the table or of the names of the files, with full paths to the audio.</returns>
    /// <exception cref="FileNotFoundException">There are no labels, or a label file or audio file is missing.</exception>
    /// <exception cref="InvalidDataException">A line is not as described, labels overlap or do not match their audio, or an utterance has
    /// no labels; the message names file and line.</exception>
    public static IReadOnlyList<AlignedUtterance> Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return File.Exists(Path.Combine(folder, UtterancesName)) ? ReadTables(folder) : LabeledFolder.Read(folder);
    }

    static List<AlignedUtterance> ReadTables(string folder)
    {
        var utterances = new List<AlignedUtterance>();
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        string path = Path.Combine(folder, UtterancesName);
        var audio = new Dictionary<string, (long Length, int SampleRate)>(StringComparer.Ordinal);
        foreach ((int line, string[] cells) in
            TabSeparated.Read(path, ["utt", "speaker", "file", "start_sample", "n_samples", "text"], lastMayBeMissing: true))
        {
            var utterance = new AlignedUtterance
            {
                Utterance = cells[0],
                Speaker = cells[1],
                AudioPath = Path.GetFullPath(Path.Combine(folder, cells[2])),
                Start = LabelFile.Whole(path, line, cells[3], "start_sample"),
                Length = LabelFile.Whole(path, line, cells[4], "n_samples"),
                Text = cells[5],
            };
            double seconds = Duration(path, line, utterance, audio);
            if (!places.TryAdd(utterance.Utterance, new Place(line, seconds, [])))
                throw LabelFile.Bad(path, line, "a new utterance", $"'{utterance.Utterance}' a second time");
            utterances.Add(utterance);
        }
        ReadPhones(Path.Combine(folder, PhonesName), path, places);
        foreach (AlignedUtterance utterance in utterances)
        {
            Place place = places[utterance.Utterance];
            if (place.Labels.Count == 0)
                throw LabelFile.Bad(path, place.Line, $"labels of utterance '{utterance.Utterance}' in {PhonesName}", "none");
            utterance.SetLabels(place.Labels);
        }
        return utterances;
    }

    /// <summary>An utterance whose labels are being read.</summary>
    sealed record Place(int Line, double Seconds, List<TimedLabel> Labels);

    static double Duration(
        string path, int line, AlignedUtterance utterance, Dictionary<string, (long Length, int SampleRate)> audio)
    {
        if (!audio.TryGetValue(utterance.AudioPath, out (long Length, int SampleRate) file))
        {
            if (!File.Exists(utterance.AudioPath))
            {
                throw new FileNotFoundException(
                    $"'{path}', line {line}: expected an audio file '{utterance.AudioPath}', found none.", utterance.AudioPath);
            }
            using WaveFile wave = WaveFile.Open(utterance.AudioPath);
            file = (wave.Length, wave.SampleRate);
            audio.Add(utterance.AudioPath, file);
        }
        if (utterance.Start > file.Length || utterance.Length > file.Length - utterance.Start)
        {
            throw LabelFile.Bad(path, line, $"a part of the {file.Length} samples of '{Path.GetFileName(utterance.AudioPath)}'",
                $"{utterance.Length} samples from sample {utterance.Start} on");
        }
        return (double)utterance.Length / file.SampleRate;
    }

    static void ReadPhones(string path, string utterancesPath, Dictionary<string, Place> places)
    {
        foreach ((int line, string[] cells) in TabSeparated.Read(path, ["utt", "start_s", "end_s", "phone"]))
        {
            if (!places.TryGetValue(cells[0], out Place? place))
                throw LabelFile.Bad(path, line, $"an utterance of {Path.GetFileName(utterancesPath)}", LabelFile.Quote(cells[0]));
            var label = new TimedLabel(
                LabelFile.Seconds(path, line, cells[1], "start_s"), LabelFile.Seconds(path, line, cells[2], "end_s"), cells[3]);
            label = LabelFile.InOrder(path, line, line, place.Labels.Count == 0 ? null : place.Labels[^1], label);
            if (LabelFile.IsAfter(label.End, place.Seconds))
            {
                throw LabelFile.Bad(path, line,
                    $"a label within the {LabelFile.Text(place.Seconds)} s of utterance '{cells[0]}'",
                    $"one that ends at {LabelFile.Text(label.End)} s");
            }
            place.Labels.Add(label);
        }
    }
}


namespace Microsoft.ML.VqVae.Audio;

/// <summary>Reads a folder of audio files with a label file beside each; <see cref="AlignedCorpus"/> describes the names of files that
/// belong together, and who
/// speaks.</summary>
internal static class LabeledFolder
{
    const string TextGridExtension = ".textgrid", TimitExtension = ".phn";

    static readonly string[] AudioExtensions = [".wav", ".sph"], LabelExtensions = [TextGridExtension, TimitExtension];
    static readonly string[] PhoneTiers = ["phones", "phone", "phonemes", "phoneme", "segments", "segment", "mau"];
    static readonly string[] WordTiers = ["words", "word", "ort-mau"];

    public static IReadOnlyList<AlignedUtterance> Read(string folder)
    {
        string[] files = [.. Directory
            .EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false })
            .Order(StringComparer.Ordinal)];
        ILookup<string, string> labels = files.Where(file => HasExtension(file, LabelExtensions)).ToLookup(NameOf);
        ILookup<string, string> words = files.Where(file => HasExtension(file, ".wrd")).ToLookup(NameOf);
        string[] audio = [.. files.Where(file => HasExtension(file, AudioExtensions))];
        HashSet<string> names = [.. audio.Select(NameOf)];
        if (labels.Count == 0)
        {
            throw new FileNotFoundException(
                $"'{folder}' has no labels: expected utterances.tsv and phones.tsv, or .wav files with a .TextGrid or .PHN file of the "
                + $"same name beside each, in the folder or its subfolders; found {audio.Length} .wav files.");
        }
        var utterances = new List<AlignedUtterance>();
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in audio)
        {
            string name = NameOf(path);
            if (!labels.Contains(name) && HasExtension(name, AudioExtensions) && labels.Contains(NameOf(name)))
            {
                // TIMIT is also handed on with a copy of each SA1.WAV as SA1.WAV.wav.
                name = NameOf(name);
                if (names.Contains(name))
                    continue;
            }
            if (seen.TryGetValue(name, out string? other))
                throw new InvalidDataException($"Expected one audio file of its name, found '{other}' and '{path}'.");
            seen.Add(name, path);
            string[] found = [.. labels[name]];
            if (found.Length != 1)
            {
                throw new InvalidDataException($"'{path}': expected one .TextGrid or .PHN file of the same name beside it, found "
                    + (found.Length == 0 ? "none. Move audio without labels to another folder."
                        : $"{string.Join(" and ", found.Select(file => $"'{Path.GetFileName(file)}'"))}. Keep one of them."));
            }
            utterances.Add(Utterance(folder, path, found[0], words[name].FirstOrDefault()));
        }
        foreach (IGrouping<string, string> group in labels)
        {
            if (!seen.ContainsKey(group.Key))
            {
                throw new FileNotFoundException(
                    $"'{group.First()}': expected a .wav or .sph file of the same name beside it, found none. Other audio has to be "
                    + "converted first, for example by: ffmpeg -i NAME.flac NAME.wav.", group.First());
            }
        }
        return utterances;
    }

    static AlignedUtterance Utterance(string folder, string audio, string labelsPath, string? wordsPath)
    {
        (IReadOnlyList<TimedLabel> labels, IEnumerable<TimedLabel> words) = HasExtension(labelsPath, TextGridExtension)
            ? OfTextGrid(audio, labelsPath)
            : OfTimit(audio, labelsPath, wordsPath);
        TimedLabel[] phones = [.. labels.Select(label => label with { Text = label.Text.Trim() }).Where(label => label.Text.Length > 0)];
        if (phones.Length == 0)
            throw new InvalidDataException($"'{labelsPath}': expected labels of phones, found none.");
        AlignedUtterance utterance = AlignedUtterance.OfFile(audio, phones, $"The labels of '{labelsPath}'");
        string relative = Path.GetRelativePath(folder, audio);
        utterance.Utterance = Path.ChangeExtension(relative, null).Replace(Path.DirectorySeparatorChar, '/');
        utterance.Speaker = SpeakerOf(new DirectoryInfo(folder).Name, utterance.Utterance.Split('/'));
        utterance.Text = string.Join(' ', words.Select(word => word.Text.Trim()).Where(word => word.Length > 0));
        return utterance;
    }

    static (IReadOnlyList<TimedLabel> Phones, IEnumerable<TimedLabel> Words) OfTextGrid(string audio, string path)
    {
        var grid = TextGrid.Read(path);
        IntervalTier[] phones = Tiers(PhoneTiers), words = Tiers(WordTiers);
        if (phones.Length == 0 && grid.Tiers.Count == 1)
            phones = [.. grid.Tiers];
        if (phones.Length != 1)
        {
            string found = string.Join(", ", (phones.Length == 0 ? grid.Tiers : phones).Select(tier => $"'{tier.Name}'"));
            throw new InvalidDataException($"'{path}': expected one tier of phones (named {string.Join(", ", PhoneTiers)}), found "
                + (found.Length == 0 ? "no tiers of intervals." : $"{found}. Rename the tier, or save a file for each speaker."));
        }
        double shift = Shift(grid, audio);
        TimedLabel[] labels =
            [.. phones[0].Labels.Select(label => label with { Start = label.Start - shift, End = label.End - shift })];
        return (labels, words.Length == 1 ? words[0].Labels : []);

        // The Montreal Forced Aligner puts the speaker before: "anna - phones".
        IntervalTier[] Tiers(string[] names) => [.. grid.Tiers.Where(tier => names.Any(name =>
            tier.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
            || tier.Name.EndsWith($" - {name}", StringComparison.OrdinalIgnoreCase)))];
    }

    /// <summary>The time of a grid at which its audio begins. Praat, on request, keeps the times of a recording in a part of it, whose audio
    /// file begins at 0: then the grid is as long as the audio, and otherwise its times are those of the audio.</summary>
    static double Shift(TextGrid grid, string audio)
    {
        if (grid.Start == 0)
            return 0;
        using WaveFile wave = WaveFile.Open(audio);
        double seconds = (double)wave.Length / wave.SampleRate;
        return Math.Abs(grid.End - grid.Start - seconds) < Math.Abs(grid.End - seconds) ? grid.Start : 0;
    }

    static (IReadOnlyList<TimedLabel> Phones, IEnumerable<TimedLabel> Words) OfTimit(string audio, string path, string? wordsPath)
    {
        using WaveFile wave = WaveFile.Open(audio);
        return (TimitLabels.Read(path, wave.SampleRate), wordsPath is null ? [] : TimitLabels.Read(wordsPath, wave.SampleRate));
    }

    /// <summary>The speaker of a file, from the names of its subfolders and its own.</summary>
    static string SpeakerOf(string folder, string[] path)
    {
        string name = path[^1];
        string[] folders = path[..^1];
        if (folders.Length > 0)
        {
            return folders.LastOrDefault(outer => name.StartsWith($"{outer}-", StringComparison.Ordinal)
                || name.StartsWith($"{outer}_", StringComparison.Ordinal)) ?? folders[^1];
        }
        int end = name.IndexOfAny(['_', '-']);
        return end > 0 ? name[..end] : folder;
    }

    static bool HasExtension(string path, params ReadOnlySpan<string> extensions)
    {
        foreach (string extension in extensions)
        {
            if (Path.GetExtension(path.AsSpan()).Equals(extension, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    /// <summary>The path by which files belong together: without the extension, and the name without upper case.</summary>
    static string NameOf(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path).ToLowerInvariant());
}

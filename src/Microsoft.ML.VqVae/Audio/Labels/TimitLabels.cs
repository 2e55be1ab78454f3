namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Reads label files of TIMIT (<c>.PHN</c> and <c>.WRD</c>): one line per label, with its first sample, the sample after its last, and
/// the label, separated by blanks.
/// </summary>
/// <remarks>Words may overlap, as they do in TIMIT where two share a sound; phones may not. A file is of words if its name ends with
/// <c>.WRD</c>, in any case. An overlap of up to a millisecond is rounding: the label then starts where the one before it ends.</remarks>
public static class TimitLabels
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, in UTF-8, UTF-16 or Latin-1.</param>
    /// <param name="sampleRate">Samples per second of the audio that is labelled.</param>
    /// <returns>The labels in order of time; without overlap, unless they are words.</returns>
    /// <exception cref="InvalidDataException">A line is not as described, or a label starts before the one above ends (a word: starts); the
    /// message names file and line.</exception>
    public static IReadOnlyList<TimedLabel> Read(string path, int sampleRate = 16000)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var reader = new StringReader(LabelText.Read(path));
        return Read(reader, path, sampleRate);
    }

    /// <summary>Reads labels from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">The name in error messages; with a name that ends with <c>.WRD</c>, labels may overlap.</param>
    /// <param name="sampleRate">Samples per second of the audio that is labelled.</param>
    /// <returns>The labels in order of time; without overlap, unless they are words.</returns>
    /// <exception cref="InvalidDataException">A line is not as described, or a label starts before the one above ends (a word: starts); the
    /// message names file and line.</exception>
    public static IReadOnlyList<TimedLabel> Read(TextReader reader, string name, int sampleRate = 16000)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        var labels = new List<TimedLabel>();
        bool areWords = name.EndsWith(".WRD", StringComparison.OrdinalIgnoreCase);
        int line = 0;
        while (reader.ReadLine() is string text)
        {
            line++;
            string[] parts = text.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0)
                continue;
            if (parts.Length < 3)
                throw LabelFile.Bad(name, line, "a first sample, a last sample and a label", LabelFile.Quote(text));
            var label = new TimedLabel(
                (double)LabelFile.Whole(name, line, parts[0], "the first sample") / sampleRate,
                (double)LabelFile.Whole(name, line, parts[1], "the sample after the last") / sampleRate,
                parts[2].Trim());
            labels.Add(LabelFile.InOrder(name, line, line, labels.Count == 0 ? null : labels[^1], label, areWords));
        }
        return labels;
    }
}

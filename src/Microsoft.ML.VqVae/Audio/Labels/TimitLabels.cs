namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Reads label files of TIMIT (<c>.PHN</c> and <c>.WRD</c>): a line a label, of the first sample, the sample after the last, and the
/// label, separated by blanks.
/// </summary>
public static class TimitLabels
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; UTF-8, or UTF-16 with a byte order mark.</param>
    /// <param name="sampleRate">Samples a second of the audio that is labelled.</param>
    /// <returns>The labels in order of time, without overlap.</returns>
    /// <exception cref="InvalidDataException">A line is not as described, or a label begins before the one above ends; the message names
    /// file and line.</exception>
    public static IReadOnlyList<TimedLabel> Read(string path, int sampleRate = 16000)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var reader = new StreamReader(path);
        return Read(reader, path, sampleRate);
    }

    /// <summary>Reads labels from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">What error messages call it.</param>
    /// <param name="sampleRate">Samples a second of the audio that is labelled.</param>
    /// <returns>The labels in order of time, without overlap.</returns>
    /// <exception cref="InvalidDataException">A line is not as described, or a label begins before the one above ends; the message names
    /// file and line.</exception>
    public static IReadOnlyList<TimedLabel> Read(TextReader reader, string name, int sampleRate = 16000)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        var labels = new List<TimedLabel>();
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
            LabelFile.CheckOrder(name, line, labels.Count == 0 ? null : labels[^1], label);
            labels.Add(label);
        }
        return labels;
    }
}

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// An utterance with labels for every moment of it. Its properties make it a row: <c>ml.Data.LoadFromEnumerable(utterances)</c> gives
/// columns of these names, which <c>LoadAudio</c> and <c>ExpandFrames</c> read.
/// </summary>
public sealed class AlignedUtterance
{
    /// <summary>The name of the utterance.</summary>
    public string Utterance { get; set; } = "";

    /// <summary>The name of the speaker.</summary>
    public string Speaker { get; set; } = "";

    /// <summary>The audio file.</summary>
    public string AudioPath { get; set; } = "";

    /// <summary>The utterance's first sample in the file.</summary>
    public long Start { get; set; }

    /// <summary>The utterance's length, in samples of the file.</summary>
    public long Length { get; set; }

    /// <summary>The spoken text; empty if it is not known.</summary>
    public string Text { get; set; } = "";

    /// <summary>The start of each label, in seconds from the start of the utterance.</summary>
    public float[] LabelStarts { get; set; } = [];

    /// <summary>The end of each label, in seconds from the start of the utterance.</summary>
    public float[] LabelEnds { get; set; } = [];

    /// <summary>The labels, in order of time.</summary>
    public string[] Labels { get; set; } = [];

    /// <summary>Sets the three properties of the labels.</summary>
    /// <param name="labels">Labels in order of time, in seconds from the start of the utterance.</param>
    public void SetLabels(IReadOnlyList<TimedLabel> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelStarts = [.. labels.Select(label => (float)label.Start)];
        LabelEnds = [.. labels.Select(label => (float)label.End)];
        Labels = [.. labels.Select(label => label.Text)];
    }

    /// <summary>A whole audio file as an utterance, its labels checked against its length: for labels of TIMIT and Praat.</summary>
    /// <param name="audioPath">The audio file.</param>
    /// <param name="labels">Its labels in order of time, from <see cref="TimitLabels"/> or a tier of a <see cref="TextGrid"/>.</param>
    /// <returns>The utterance; it is named as the file is.</returns>
    /// <exception cref="InvalidDataException">A label ends more than a millisecond after the audio, or the file is not a WAV
    /// file.</exception>
    public static AlignedUtterance OfFile(string audioPath, IReadOnlyList<TimedLabel> labels)
    {
        ArgumentException.ThrowIfNullOrEmpty(audioPath);
        ArgumentNullException.ThrowIfNull(labels);
        return OfFile(audioPath, labels, "The labels");
    }

    /// <summary>The same, with the name by which a message calls the labels.</summary>
    internal static AlignedUtterance OfFile(string audioPath, IReadOnlyList<TimedLabel> labels, string labelsName)
    {
        using WaveFile wave = WaveFile.Open(audioPath);
        double seconds = (double)wave.Length / wave.SampleRate;
        for (int i = 0; i < labels.Count; i++)
        {
            if (LabelFile.IsAfter(labels[i].End, seconds))
            {
                throw new InvalidDataException(
                    $"{labelsName} do not match '{audioPath}': expected labels within its {LabelFile.Text(seconds)} s, "
                    + $"found label {i + 1} ('{labels[i].Text}') that ends at {LabelFile.Text(labels[i].End)} s.");
            }
        }
        var utterance = new AlignedUtterance
        {
            Utterance = Path.GetFileNameWithoutExtension(audioPath), AudioPath = Path.GetFullPath(audioPath), Length = wave.Length,
        };
        utterance.SetLabels(labels);
        return utterance;
    }
}

/// <summary>A label of a stretch of time: a phone, for example.</summary>
/// <param name="Start">The start in seconds, inclusive.</param>
/// <param name="End">The end in seconds, exclusive.</param>
/// <param name="Text">The label.</param>
public readonly record struct TimedLabel(double Start, double End, string Text);

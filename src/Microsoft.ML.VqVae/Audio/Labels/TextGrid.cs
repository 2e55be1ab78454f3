using System.Text;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>A tier of intervals of a <see cref="TextGrid"/>.</summary>
/// <param name="Name">Its name, "phones" for example.</param>
/// <param name="Labels">Its intervals in order of time, without overlap; those without a label have an empty text.</param>
public sealed record IntervalTier(string Name, IReadOnlyList<TimedLabel> Labels);

/// <summary>
/// The annotation file of Praat, in its long and its short text form, as UTF-8, or UTF-16 with or without a byte order mark. Tiers of
/// points are skipped.
/// </summary>
public sealed class TextGrid
{
    readonly string _name;

    internal TextGrid(string name, double start, double end, IReadOnlyList<IntervalTier> tiers) =>
        (_name, Start, End, Tiers) = (name, start, end, tiers);

    /// <summary>When the annotation begins, in seconds.</summary>
    public double Start { get; }

    /// <summary>When the annotation ends, in seconds.</summary>
    public double End { get; }

    /// <summary>The tiers of intervals, in the order of the file.</summary>
    public IReadOnlyList<IntervalTier> Tiers { get; }

    /// <summary>The first tier of a name.</summary>
    /// <param name="tier">The name, in exactly this case.</param>
    /// <exception cref="InvalidDataException">There is no such tier; the message lists those that there are.</exception>
    public IntervalTier this[string tier] => Tiers.FirstOrDefault(found => found.Name == tier) ?? throw new InvalidDataException(
        $"'{_name}' has no tier of intervals named '{tier}'; "
        + (Tiers.Count == 0 ? "it has none." : $"it has {string.Join(", ", Tiers.Select(found => $"'{found.Name}'"))}."));

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its tiers of intervals.</returns>
    /// <exception cref="InvalidDataException">The file is not a TextGrid, or is damaged; the message names file and line.</exception>
    public static TextGrid Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = File.ReadAllBytes(path);
        // Older versions of Praat write UTF-16 of big-endian order; a text in it begins with a zero byte, or with a mark.
        Encoding encoding = bytes.Length >= 2 && bytes[0] == 0 ? Encoding.BigEndianUnicode
            : bytes.Length >= 2 && bytes[1] == 0 ? Encoding.Unicode : Encoding.UTF8;
        using var reader = new StreamReader(new MemoryStream(bytes), encoding, detectEncodingFromByteOrderMarks: true);
        return Read(reader, path);
    }

    /// <summary>Reads a TextGrid from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">What error messages call it.</param>
    /// <returns>Its tiers of intervals.</returns>
    /// <exception cref="InvalidDataException">The text is not a TextGrid, or is damaged; the message names file and line.</exception>
    public static TextGrid Read(TextReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new TextGridReader(reader.ReadToEnd(), name).Read();
    }
}

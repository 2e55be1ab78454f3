namespace Microsoft.ML.VqVae.Audio;

/// <summary>A tier of intervals of a <see cref="TextGrid"/>.</summary>
/// <param name="Name">Its name, "phones" for example.</param>
/// <param name="Labels">Its intervals in order of time, without overlap; those without a label have an empty text.</param>
public sealed record IntervalTier(string Name, IReadOnlyList<TimedLabel> Labels);

/// <summary>
/// The annotation file of Praat, in its long and its short text form, in UTF-8, UTF-16 or Latin-1. Tiers of points are skipped.
/// </summary>
/// <remarks>An overlap of intervals of up to a millisecond is rounding: the later one then starts where the one before it ends.</remarks>
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
        return new TextGridReader(LabelText.Read(path), path).Read();
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

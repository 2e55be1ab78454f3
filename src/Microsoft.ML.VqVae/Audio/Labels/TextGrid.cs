using System.Text;

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

    /// <summary>The start of the annotation, in seconds.</summary>
    public double Start { get; }

    /// <summary>The end of the annotation, in seconds.</summary>
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
    /// <param name="name">The name in error messages.</param>
    /// <returns>Its tiers of intervals.</returns>
    /// <exception cref="InvalidDataException">The text is not a TextGrid, or is damaged; the message names file and line.</exception>
    public static TextGrid Read(TextReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new TextGridReader(reader.ReadToEnd(), name).Read();
    }
}

/// <summary>
/// Reads the text of a TextGrid as Praat does: significant are separate numbers, texts in quotes and flags in angle brackets;
/// everything else, such as <c>xmin =</c> and <c>intervals [1]:</c> of the long form, is decoration. So both forms are one.
/// </summary>
internal sealed class TextGridReader(string content, string name)
{
    readonly string _text = LabelFile.WithPlainLines(content);
    int _place;
    int _line = 1;

    public TextGrid Read()
    {
        // The Penn aligner marks the short form, and Praat reads it.
        Expect("ooTextFile", "ooTextFile short");
        Expect("TextGrid");
        double start = Number("the start of the annotation"), end = Number("the end of the annotation");
        var tiers = new List<IntervalTier>();
        (string flag, int line) = Next("<exists>");
        if (flag == "<absent>")
            return new TextGrid(name, start, end, tiers);
        if (flag != "<exists>")
            throw LabelFile.Bad(name, line, "<exists> or <absent>", flag);
        int count = Count("the number of tiers");
        for (int i = 0; i < count; i++)
        {
            (string kind, int kindLine) = Text("the class of a tier");
            string tierName = Text("the name of a tier").Value;
            Number("the start of the tier");
            Number("the end of the tier");
            switch (kind)
            {
                case "IntervalTier":
                    tiers.Add(new IntervalTier(tierName, Intervals(end)));
                    break;
                case "TextTier":
                    SkipPoints();
                    break;
                default:
                    throw LabelFile.Bad(name, kindLine, "\"IntervalTier\" or \"TextTier\"", $"\"{kind}\"");
            }
        }
        return new TextGrid(name, start, end, tiers);
    }

    List<TimedLabel> Intervals(double end)
    {
        int count = Count("the number of intervals");
        var labels = new List<TimedLabel>(Math.Min(count, 1 << 16));
        for (int i = 0; i < count; i++)
        {
            double from = Number("the start of an interval");
            int startLine = _line;
            double to = Number("the end of an interval");
            int endLine = _line;
            var label = new TimedLabel(from, to, Text("the label of an interval").Value);
            label = LabelFile.InOrder(name, startLine, endLine, labels.Count == 0 ? null : labels[^1], label);
            if (LabelFile.IsAfter(to, end))
            {
                throw LabelFile.Bad(name, endLine, $"an interval that ends by {LabelFile.Text(end)} s, the end of the annotation",
                    $"one that ends at {LabelFile.Text(to)} s");
            }
            labels.Add(label);
        }
        return labels;
    }

    void SkipPoints()
    {
        int count = Count("the number of points");
        for (int i = 0; i < count; i++)
        {
            Number("the time of a point");
            Text("the label of a point");
        }
    }

    void Expect(params ReadOnlySpan<string> words)
    {
        (string found, int line) = Next($"\"{words[0]}\"");
        if (found[0] != '"' || !words.Contains(found[1..]))
            throw LabelFile.Bad(name, line, $"\"{words[0]}\" (a TextGrid that Praat saved as text)", Found(found));
    }

    double Number(string what)
    {
        (string found, int line) = Next($"a number ({what})");
        return LabelFile.Seconds(name, line, found, what);
    }

    int Count(string what)
    {
        (string found, int line) = Next($"a number ({what})");
        return (int)Math.Min(int.MaxValue, LabelFile.Whole(name, line, found, what));
    }

    (string Value, int Line) Text(string what)
    {
        (string found, int line) = Next($"a text in quotes ({what})");
        return found[0] == '"' ? (found[1..], line) : throw LabelFile.Bad(name, line, $"a text in quotes ({what})", Found(found));
    }

    static string Found(string token) => LabelFile.Quote(token.TrimStart('"'));

    /// <summary>The next number, flag or text and the line it starts on; a text is marked by a leading quote.</summary>
    (string Token, int Line) Next(string expected)
    {
        // Decoration may touch a significant token: a number or flag starts after white space, a text anywhere.
        while (_place < _text.Length)
        {
            char c = _text[_place];
            if (c == '"')
                return Quoted();
            if (c == '!')
            {
                // A comment to the end of the line.
                while (_place < _text.Length && _text[_place] != '\n')
                    _place++;
                continue;
            }
            if (char.IsWhiteSpace(c))
            {
                Step();
                continue;
            }
            int begin = _place;
            while (_place < _text.Length && !char.IsWhiteSpace(_text[_place]) && _text[_place] != '"')
                _place++;
            string word = _text[begin.._place];
            if (word[0] == '<' || char.IsAsciiDigit(word[0]) || (word[0] is '-' or '+' or '.' && word.Length > 1))
                return (word, _line);
        }
        throw LabelFile.Bad(name, _line, expected, "the end of the file");
    }

    (string Token, int Line) Quoted()
    {
        int line = _line;
        var value = new StringBuilder("\"");
        Step();
        while (_place < _text.Length)
        {
            char c = _text[_place];
            Step();
            if (c != '"')
            {
                value.Append(c);
                continue;
            }
            // A quote within a text is doubled.
            if (_place >= _text.Length || _text[_place] != '"')
                return (value.ToString(), line);
            value.Append('"');
            Step();
        }
        throw LabelFile.Bad(name, line, "a text that ends with a quote", "the end of the file");
    }

    void Step()
    {
        if (_text[_place++] == '\n')
            _line++;
    }
}

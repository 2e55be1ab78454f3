using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.VqVae.Samples.Pages;

/// <summary>
/// The results of a run as one HTML file without external resources: figures, pictures, animations and sounds. It is well-formed XML too.
/// </summary>
/// <param name="title">The heading.</param>
/// <param name="lead">The paragraph below it.</param>
internal sealed class ResultPage(string title, string lead)
{
    /// <summary>The size of embedded files, in characters of base64, above which the page refers to the other files beside it.</summary>
    public const int MostEmbedded = 7_500_000;

    /// <summary>The media types of files that browsers show, by extension.</summary>
    static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        [".png"] = "image/png", [".jpg"] = "image/jpeg", [".webp"] = "image/webp", [".gif"] = "image/gif", [".wav"] = "audio/wav",
    };

    const string Style =
        """
        :root { color-scheme: light dark; --line: #8886; --soft: #8881; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 0 auto; padding: 1rem; }
        h1 { line-height: 1.2; margin: .5rem 0; }
        h2 { margin: 2rem 0 .5rem; }
        p.lead { margin-top: 0; opacity: .8; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; }
        th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        td.number { font-variant-numeric: tabular-nums; }
        figure { margin: 1.2rem 0; overflow-x: auto; }
        img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
        figcaption { opacity: .8; margin-top: .3rem; }
        .sounds { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; }
        .sounds figure { margin: 0; padding: .6rem; background: var(--soft); border-radius: 4px; }
        .sounds figcaption { margin: 0 0 .4rem; overflow-wrap: anywhere; }
        audio { width: 100%; }
        summary { cursor: pointer; }
        @media (max-width: 40rem) { img { width: max-content; max-width: max(100%, 38rem); } }
        """;

    readonly List<(string Caption, string File)> _sounds = [];
    readonly StringBuilder _tables = new(), _pictures = new(), _details = new();
    int _embedded;

    /// <summary>Adds a table.</summary>
    public ResultPage Add(Table table)
    {
        string[] header = [.. table.Columns.Select(column => column.Name)];
        _tables.Append("<div class=\"wide\"><table>");
        if (header.Any(name => name.Length > 0))
            _tables.Append("<thead>").Append(Row("th", header)).Append("</thead>");
        _tables.Append("<tbody>");
        foreach (IReadOnlyList<string> row in table.Rows)
            _tables.Append(Row("td", row));
        _tables.Append("</tbody></table></div>\n");
        return this;
    }

    /// <summary>Adds a picture or an animation from the folder of the page.</summary>
    /// <param name="folder">The folder that the page is written to.</param>
    /// <param name="file">The name of the picture in it.</param>
    /// <param name="alternative">The text for those who do not see the picture.</param>
    public ResultPage AddPicture(string folder, string file, string alternative)
    {
        _pictures.Append(
            CultureInfo.InvariantCulture, $"<figure><img alt=\"{Escape(alternative)}\" src=\"{Source(folder, file)}\" /></figure>\n");
        return this;
    }

    /// <summary>Adds a sound from the folder of the page.</summary>
    public ResultPage AddSound(string file, string caption)
    {
        _sounds.Add((caption, file));
        return this;
    }

    /// <summary>Adds the numbers of a metrics.json, folded away.</summary>
    public ResultPage AddMetrics(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        _details.Append("<details><summary>metrics.json</summary><div class=\"wide\"><table><tbody>");
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
            _details.Append(Row("td", [property.Name, property.Value.ToString()]));
        _details.Append("</tbody></table></div></details>\n");
        return this;
    }

    /// <summary>Writes index.html into the folder of the pictures and sounds.</summary>
    public void Save(string folder)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n")
            // Without it, browsers ask for favicon.ico.
            .Append("<link rel=\"icon\" href=\"data:,\" />\n")
            .Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n")
            .Append(CultureInfo.InvariantCulture, $"<h1>{Escape(title)}</h1>\n<p class=\"lead\">{Escape(lead)}</p>\n");
        Section("Figures", _tables);
        Section("Pictures", _pictures);
        Section("Sounds", Sounds(folder));
        page.Append(_details).Append("</body>\n</html>\n");
        File.WriteAllText(Path.Combine(folder, "index.html"), page.ToString());

        void Section(string name, StringBuilder content)
        {
            if (content.Length > 0)
                page.Append(CultureInfo.InvariantCulture, $"<h2>{name}</h2>\n").Append(content);
        }
    }

    StringBuilder Sounds(string folder)
    {
        var text = new StringBuilder();
        if (_sounds.Count == 0)
            return text;
        text.Append("<div class=\"sounds\">\n");
        foreach ((string caption, string file) in _sounds)
        {
            text.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{Escape(caption)}</figcaption>")
                .Append(CultureInfo.InvariantCulture, $"<audio controls=\"controls\" preload=\"metadata\" title=\"{Escape(caption)}\" ")
                .Append(CultureInfo.InvariantCulture, $"src=\"{Source(folder, file)}\"></audio></figure>\n");
        }
        return text.Append("</div>\n");
    }

    /// <summary>The file as a data URI, or its relative address once the page is large.</summary>
    string Source(string folder, string file)
    {
        string extension = Path.GetExtension(file);
        string type = Types.GetValueOrDefault(extension) ?? throw new ArgumentException(
            $"'{file}' cannot be shown on a page; expected is one of {string.Join(", ", Types.Keys)}.", nameof(file));
        byte[] content = File.ReadAllBytes(Path.Combine(folder, file));
        int characters = (content.Length + 2) / 3 * 4;
        if (_embedded + characters > MostEmbedded)
            return Escape(Uri.EscapeDataString(file));
        _embedded += characters;
        return $"data:{type};base64,{Convert.ToBase64String(content)}";
    }

    static string Row(string cell, IEnumerable<string> texts) =>
        $"<tr>{string.Concat(texts.Select(text => $"<{cell}{(IsNumber(text) ? " class=\"number\"" : "")}>{Escape(text)}</{cell}>"))}</tr>\n";

    static bool IsNumber(string text) => text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] == '-');

    static string Escape(string text) => WebUtility.HtmlEncode(text);
}

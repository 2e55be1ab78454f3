using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.VqVae.Tests.Docs;

/// <summary>A page of the documentation: its headings, links and programs.</summary>
internal sealed partial class MarkdownPage
{
    readonly string[] _lines;

    /// <param name="path">Its path, relative to the repository.</param>
    public MarkdownPage(string path) => (Path, _lines) = (path, File.ReadAllLines(System.IO.Path.Combine(Repository.Root, path)));

    public string Path { get; }

    /// <summary>All pages that people read.</summary>
    public static IEnumerable<string> Paths =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md").Select(System.IO.Path.GetFileName)!,
        .. Directory.GetFiles(System.IO.Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(System.IO.Path.Combine(Repository.Root, "src"), "README.md", SearchOption.AllDirectories))
            .Select(file => System.IO.Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')),
    ];

    /// <summary>The anchors of the headings, by GitHub's rule: lower case, spaces as hyphens, other punctuation left out, and a number behind
    /// one that is there already.</summary>
    public IReadOnlyCollection<string> Anchors
    {
        get
        {
            HashSet<string> anchors = [];
            foreach (string heading in Text().Where(line => Heading().IsMatch(line)).Select(line => line.TrimStart('#').Trim()))
            {
                var anchor = new StringBuilder();
                foreach (char one in InlineLink().Replace(heading, "$1").ToLowerInvariant())
                    anchor.Append(one == ' ' ? "-" : char.IsLetterOrDigit(one) || one is '-' or '_' ? one.ToString() : "");
                string name = anchor.ToString();
                for (int number = 1; !anchors.Add(name); number++)
                    name = $"{anchor}-{number}";
            }
            return anchors;
        }
    }

    /// <summary>The targets of links and pictures, without titles.</summary>
    public IEnumerable<string> Links => Text().Select(line => InlineCode().Replace(line, ""))
        .SelectMany(line => InlineLink().Matches(line)).Select(match => match.Groups[2].Value);

    /// <summary>The C# blocks that are whole programs, each with the heading that it stands under.</summary>
    public IEnumerable<(string Heading, string Code)> Programs
    {
        get
        {
            string heading = "";
            for (int at = 0; at < _lines.Length; at++)
            {
                if (Heading().IsMatch(_lines[at]))
                    heading = _lines[at].TrimStart('#').Trim();
                if (_lines[at] != "```csharp")
                    continue;
                int end = Array.IndexOf(_lines, "```", at);
                if (UsingDirective().IsMatch(_lines[at + 1]))
                    yield return (heading, string.Join('\n', _lines[(at + 1)..end]) + "\n");
                at = end;
            }
        }
    }

    /// <summary>The lines outside of fenced blocks.</summary>
    IEnumerable<string> Text()
    {
        bool inside = false;
        foreach (string line in _lines)
        {
            bool fence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            inside ^= fence;
            if (!inside && !fence && !line.StartsWith("    ", StringComparison.Ordinal))
                yield return line;
        }
    }

    [GeneratedRegex(@"^using [A-Z][\w.]*;$")]
    private static partial Regex UsingDirective();

    [GeneratedRegex("^#{1,6} ")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()\s]*\))?)\)")]
    private static partial Regex InlineLink();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();
}

using System.Text.RegularExpressions;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>The library's source files by room, as sets of identifiers: comments and texts do not count.</summary>
internal static partial class SourceRooms
{
    public const string Catalog = "VqVaeCatalog.cs";

    /// <summary>A file: its path within the library, the room it is in, the types it declares, and every identifier in it.</summary>
    public sealed record SourceFile(
        string Path, string Room, string Code, int Lines, HashSet<string> Declared, HashSet<string> Identifiers);

    public static IReadOnlyList<SourceFile> Files { get; } = Read();

    static List<SourceFile> Read()
    {
        string library = Path.Combine(Repository.Root, "src", "Microsoft.ML.VqVae");
        var files = new List<SourceFile>();
        foreach (string path in Directory.EnumerateFiles(library, "*.cs", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(library, path).Replace('\\', '/');
            // The front door is one class in several files, one beside each feature. Both wings are divided by feature.
            string[] parts = relative.Split('/');
            string room = parts[^1].StartsWith("VqVaeCatalog.", StringComparison.Ordinal) ? Catalog
                : parts[0] is "Networks" or "Pipeline" && parts.Length > 2 ? $"{parts[0]}/{parts[1]}" : parts[0];
            // What goes into users' builds is not part of the assembly.
            if (room is "bin" or "obj" or "buildTransitive")
                continue;
            string text = File.ReadAllText(path), code = CommentsAndTexts().Replace(text, "");
            HashSet<string> declared = [.. Declarations().Matches(code).Select(match => match.Groups[1].Value)];
            files.Add(new SourceFile(relative, room, code, text.Count(character => character == '\n'), declared, [.. Identifiers().Matches(code).Select(match => match.Value)]));
        }
        Assert.IsGreaterThan(20, files.Count, $"There should be more source files under '{library}'.");
        return files;
    }

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])'""", RegexOptions.Singleline)]
    private static partial Regex CommentsAndTexts();

    [GeneratedRegex(@"^(?:public |internal )[a-z ]*?(?:class|record(?: struct)?|struct|enum|interface) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declarations();

    [GeneratedRegex(@"\b[A-Za-z_]\w*")]
    private static partial Regex Identifiers();
}

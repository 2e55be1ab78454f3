namespace Microsoft.ML.VqVae.Tests.Docs;

/// <summary>A program on a page of the documentation that is also built and run here: the regions "program" and "rows" of a file.</summary>
static class BuiltProgram
{
    /// <summary>Checks that a page has the program.</summary>
    /// <param name="page">The page, such as docs/onnx.md.</param>
    /// <param name="file">The file, from the folder of the tests.</param>
    /// <param name="shown">What the page has in place of the parameters of the file: numbers of steps, and files in the current
    /// directory.</param>
    public static void IsOn(string page, string file, params (string Parameter, string Shown)[] shown)
    {
        string[] source = File.ReadAllLines(Path.Combine(Repository.Root, "test/Microsoft.ML.VqVae.Tests", file));
        Assert.Contains($"\n{Region("program")}\n\n{Region("rows")}\n```", File.ReadAllText(Path.Combine(Repository.Root, page)),
            $"{page} has no program with the regions of {file}.");

        string Region(string name)
        {
            int first = Array.FindIndex(source, line => line.Trim() == $"#region {name}") + 1;
            string[] lines = source[first..Array.FindIndex(source, first, line => line.Trim() == "#endregion")];
            Assert.IsGreaterThan(10, lines.Length);
            int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
            string text = string.Join('\n', lines.Select(line => line.Length > indent ? line[indent..] : ""));
            return shown.Aggregate(text, (changed, pair) => changed.Replace(pair.Parameter, pair.Shown));
        }
    }
}

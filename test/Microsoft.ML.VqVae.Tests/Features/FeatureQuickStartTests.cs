using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>The program of docs/features.md is what is built, and it runs.</summary>
[TestClass]
public sealed class FeatureQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built()
    {
        string[] source = File.ReadAllLines(
            Path.Combine(Repository.Root, "test/Microsoft.ML.VqVae.Tests/Features/FeatureQuickStart.cs"));
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/features.md"));
        Assert.Contains($"\n{Region("program")}\n\n{Region("rows")}\n```", page,
            "docs/features.md has no program with the regions of FeatureQuickStart.cs.");

        string Region(string name)
        {
            int first = Array.FindIndex(source, line => line.Trim() == $"#region {name}") + 1;
            string[] lines = source[first..Array.FindIndex(source, first, line => line.Trim() == "#endregion")];
            Assert.IsGreaterThan(10, lines.Length);
            int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
            return string.Join('\n', lines.Select(line => (line.Length > indent ? line[indent..] : "").Replace("= steps", "= 200")
                .Replace("modelFile", "\"drawings.zip\"")));
        }
    }

    [TestMethod]
    public void The_program_learns_from_a_few_labels()
    {
        using var folder = new TemporaryFolder();
        // Half of the drawings cross.
        Assert.IsGreaterThan(0.7, FeatureQuickStart.Run(steps: 4, folder.File("drawings.zip")));
        using var loaded = (IDisposable)new MLContext().Model.Load(folder.File("drawings.zip"), out _);
    }
}

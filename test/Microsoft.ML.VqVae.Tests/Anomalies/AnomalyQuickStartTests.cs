using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Anomalies;

/// <summary>The program of docs/anomalies.md is what is built, and it runs.</summary>
[TestClass]
public sealed class AnomalyQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built()
    {
        string[] source = File.ReadAllLines(Path.Combine(Repository.Root, "test/Microsoft.ML.VqVae.Tests/Anomalies/AnomalyQuickStart.cs"));
        string program = string.Join('\n', Region("program")), rows = string.Join('\n', Region("rows"));
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/anomalies.md"));
        Assert.Contains($"\n{program}\n\n{rows}\n```", page, "docs/anomalies.md has no program with the regions of AnomalyQuickStart.cs.");

        IEnumerable<string> Region(string name)
        {
            int first = Array.FindIndex(source, line => line.Trim() == $"#region {name}") + 1;
            string[] lines = source[first..Array.FindIndex(source, first, line => line.Trim() == "#endregion")];
            Assert.IsGreaterThan(10, lines.Length);
            int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
            // The files of the program are in its current directory.
            return lines.Select(line => (line.Length > indent ? line[indent..] : "").Replace("steps: steps", "steps: 300")
                .Replace("Steps = steps", "Steps = 300").Replace("modelFile", "\"parts.zip\"").Replace("heatFile", "\"heat-map.png\"")
                .Replace("restoredFile", "\"restored.png\""));
        }
    }

    [TestMethod]
    public void The_program_finds_damage_and_saves_its_model_and_pictures()
    {
        using var folder = new TemporaryFolder();
        string[] files = [folder.File("parts.zip"), folder.File("heat-map.png"), folder.File("restored.png")];
        AnomalyDetectionMetrics metrics = AnomalyQuickStart.Run(steps: 30, files[0], files[1], files[2]);
        Assert.IsGreaterThan(0.6, metrics.AreaUnderRocCurve);
        foreach (string picture in files[1..])
        {
            using MLImage image = MLImage.CreateFromFile(picture);
            Assert.AreEqual((32, 32), (image.Height, image.Width));
        }
        var ml = new MLContext();
        using var loaded = (IDisposable)ml.Model.Load(files[0], out _);
    }
}

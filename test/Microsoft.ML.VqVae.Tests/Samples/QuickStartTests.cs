using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>What the README promises is what is built, and it runs.</summary>
[TestClass]
public sealed class QuickStartTests
{
    [TestMethod]
    [DataRow("pipeline")]
    [DataRow("prior")]
    [DataRow("compressor")]
    public void The_readme_shows_the_code_that_is_built(string region)
    {
        string[] source = Between(Lines("src/Samples/QuickStarts.cs"), $"#region {region}", "#endregion");
        int indent = source.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        string[] expected = [.. source.Select(line => line.Length > indent ? line[indent..] : "")];
        Assert.IsGreaterThanOrEqualTo(4, expected.Length, $"The region {region} is all but empty.");
        Assert.Contains(string.Join('\n', ["```csharp", .. expected, "```"]), string.Join('\n', Lines("README.md")),
            $"README.md has no C# block that is the region {region} of QuickStarts.cs.");
    }

    [TestMethod]
    public void Every_block_of_the_readme_is_compared_with_code_that_is_built() =>
        Assert.AreEqual(4, Lines("README.md").Count(line => line == "```csharp"), "A new block needs a file that is built, and a test.");

    [TestMethod]
    public void Without_a_verb_the_samples_are_listed_with_a_line_each()
    {
        var output = new StringWriter();
        var configuration = new System.CommandLine.InvocationConfiguration { Output = output };
        Assert.AreEqual(0, Microsoft.ML.VqVae.Samples.Program.Root().Parse([]).Invoke(configuration));
        string[] lines = output.ToString().Split(output.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.IsGreaterThanOrEqualTo(8, lines.Length);
        Assert.StartsWith("images           Trains a VQ-VAE on images", lines[0]);
        Assert.AreEqual(lines.Length, lines.Select(line => line.Split(' ')[0]).Distinct().Count());
    }

    [TestMethod]
    public void The_first_block_of_the_readme_is_the_program_that_is_built()
    {
        string[] program = Lines("test/Microsoft.ML.VqVae.Tests.FirstProgram/Program.cs");
        CollectionAssert.AreEqual(program, Between(Lines("README.md"), "```csharp", "```"));
    }

    [TestMethod]
    public void The_pipeline_tells_red_from_blue_images_after_a_few_steps()
    {
        using var folder = new TemporaryFolder();
        WriteImages(folder, "red", red: 1, blue: 0);
        WriteImages(folder, "blue", red: 0, blue: 1);
        string model = folder.File("model.zip");

        Assert.AreEqual(1, QuickStarts.Pipeline(folder.Path, steps: 12, model).MicroAccuracy);

        var ml = new MLContext();
        ITransformer loaded = ml.Model.Load(model, out DataViewSchema schema);
        Assert.IsNotNull(schema.GetColumnOrNull("Path"));
        string image = folder.File("blue/3.png");
        IDataView predictions = loaded.Transform(ml.Data.LoadFromEnumerable([new { Path = image, Class = "?" }]));
        Assert.AreEqual("blue", ml.Data.CreateEnumerable<Prediction>(predictions, reuseRowObject: false).Single().PredictedLabel);
    }

    static void WriteImages(TemporaryFolder folder, string name, int red, int blue)
    {
        Directory.CreateDirectory(folder.File(name));
        for (int i = 0; i < 20; i++)
        {
            var canvas = new Canvas(32, 32);
            canvas.Fill(0, 0, 32, 32, new Color((byte)(red * (150 + 4 * i)), 20, (byte)(blue * (150 + 4 * i))));
            canvas.Fill(i % 20, 8, 12, 12, new Color(255, 255, 255));
            canvas.Save(folder.File($"{name}/{i}.png"));
        }
    }

    static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Repository.Root, path));

    static string[] Between(string[] lines, string start, string end)
    {
        int from = Array.FindIndex(lines, line => line.Trim() == start);
        int to = from < 0 ? -1 : Array.FindIndex(lines, from + 1, line => line.Trim() == end);
        Assert.IsTrue(from >= 0 && to > from, $"There is no part between '{start}' and '{end}'.");
        return lines[(from + 1)..to];
    }

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";
    }
}

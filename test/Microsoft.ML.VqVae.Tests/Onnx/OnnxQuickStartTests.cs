using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>The program of docs/onnx.md is what is built, and it runs.</summary>
[TestClass]
public sealed class OnnxQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built()
    {
        string[] source = File.ReadAllLines(Path.Combine(Repository.Root, "test/Microsoft.ML.VqVae.Tests/Onnx/OnnxQuickStart.cs"));
        string program = string.Join('\n', Region("program")), rows = string.Join('\n', Region("rows"));
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/onnx.md"));
        Assert.Contains($"\n{program}\n\n{rows}\n```", page, "docs/onnx.md has no program with the regions of OnnxQuickStart.cs.");

        IEnumerable<string> Region(string name)
        {
            int first = Array.FindIndex(source, line => line.Trim() == $"#region {name}") + 1;
            string[] lines = source[first..Array.FindIndex(source, first, line => line.Trim() == "#endregion")];
            Assert.IsGreaterThan(10, lines.Length);
            int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
            // The files of the program are in its current directory.
            return lines.Select(line => (line.Length > indent ? line[indent..] : "").Replace("steps: steps", "steps: 300")
                .Replace("classifierFile", "\"classifier.onnx\"").Replace("decoderFile", "\"decoder.onnx\""));
        }
    }

    [TestMethod]
    public void The_program_predicts_by_ONNX_what_the_model_predicts()
    {
        using var folder = new TemporaryFolder();
        (string[] byML, string[] byOnnx) = OnnxQuickStart.Run(steps: 20, folder.File("classifier.onnx"), folder.File("decoder.onnx"));
        CollectionAssert.AreEqual(byML, byOnnx);
        Assert.HasCount(3, byOnnx.Distinct().ToArray());
    }
}

using Microsoft.ML.VqVae.Tests.Docs;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>The program of docs/onnx.md is what is built, and it runs.</summary>
[TestClass]
public sealed class OnnxQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built() => BuiltProgram.IsOn("docs/onnx.md", "Onnx/OnnxQuickStart.cs",
        ("steps: steps", "steps: 300"),
        ("classifierFile", "\"classifier.onnx\""), ("decoderFile", "\"decoder.onnx\""));

    [TestMethod]
    public void The_program_predicts_by_ONNX_what_the_model_predicts()
    {
        using var folder = new TemporaryFolder();
        (string[] byML, string[] byOnnx) = OnnxQuickStart.Run(steps: 20, folder.File("classifier.onnx"), folder.File("decoder.onnx"));
        CollectionAssert.AreEqual(byML, byOnnx);
        Assert.HasCount(3, byOnnx.Distinct().ToArray());
    }
}

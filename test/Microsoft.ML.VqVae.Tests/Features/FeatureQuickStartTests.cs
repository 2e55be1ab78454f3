using Microsoft.ML.VqVae.Tests.Docs;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>The program of docs/features.md is what is built, and it runs.</summary>
[TestClass]
public sealed class FeatureQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built() => BuiltProgram.IsOn("docs/features.md", "Features/FeatureQuickStart.cs",
        ("= steps", "= 200"), ("modelFile", "\"drawings.zip\""));

    [TestMethod]
    public void The_program_learns_from_a_few_labels()
    {
        using var folder = new TemporaryFolder();
        // Half of the drawings cross.
        Assert.IsGreaterThan(0.7, FeatureQuickStart.Run(steps: 4, folder.File("drawings.zip")));
        using var loaded = (IDisposable)new MLContext().Model.Load(folder.File("drawings.zip"), out _);
    }
}

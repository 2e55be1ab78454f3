using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Docs;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Anomalies;

/// <summary>The program of docs/anomalies.md is what is built, and it runs.</summary>
[TestClass]
public sealed class AnomalyQuickStartTests
{
    [TestMethod]
    public void The_page_shows_the_program_that_is_built() => BuiltProgram.IsOn("docs/anomalies.md", "Anomalies/AnomalyQuickStart.cs",
        ("steps: steps", "steps: 300"), ("Steps = steps", "Steps = 300"),
        ("modelFile", "\"parts.zip\""), ("heatFile", "\"heat-map.png\""), ("restoredFile", "\"restored.png\""));

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

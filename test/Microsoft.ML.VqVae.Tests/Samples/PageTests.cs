using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Pages;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed partial class PageTests
{
    const string Hostile = "<script>alert(1)</script> & \"quoted\" 'words'";

    [TestMethod]
    public void A_page_is_well_formed_and_needs_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string text = Write(folder);
        XElement page = Parse(text);

        Assert.AreEqual(Hostile, page.Descendants("h1").Single().Value, "the text is shown, not run");
        Assert.IsEmpty(page.Descendants("script"));
        Assert.DoesNotContain("http", text);
        Assert.IsTrue(page.Descendants("img").All(image => image.Attribute("alt")!.Value.Length > 0));
        string[] sources = [.. page.Descendants().Attributes("src").Select(source => source.Value)];
        Assert.HasCount(3, sources);
        byte[][] files = Array.ConvertAll(sources, Decode);
        // A picture, an animation and a sound.
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G'];
        CollectionAssert.AreEqual(png, files[0][..4]);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("moving.png")), files[1]);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("a b.wav")), files[2]);
    }

    [TestMethod]
    public void A_page_shows_the_table_and_the_numbers_of_the_run()
    {
        using var folder = new TemporaryFolder();
        XElement page = Parse(Write(folder));
        string[][] rows = [.. page.Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray())];
        Assert.Contains("PSNR|24.3 dB|" + Hostile, rows.Select(row => string.Join('|', row)));
        JsonElement metrics = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json"))).RootElement;
        foreach (JsonProperty property in metrics.EnumerateObject())
            Assert.Contains($"{property.Name}|{property.Value}", rows.Select(row => string.Join('|', row)));
    }

    [TestMethod]
    public void Files_that_would_make_a_page_too_large_are_referred_to()
    {
        using var folder = new TemporaryFolder();
        new Canvas(20, 20).Save(folder.File("small.png"));
        File.WriteAllBytes(folder.File("a large.wav"), new byte[ResultPage.MostEmbedded]);
        new ResultPage("Sounds", "").AddSound("a large.wav", "long").AddPicture(Of(folder), "small.png", "white").Save(Of(folder));
        string[] sources = [.. Parse(File.ReadAllText(folder.File("index.html"))).Descendants().Attributes("src").Select(at => at.Value)];
        Assert.StartsWith("data:image/png;base64,", sources[0]);
        Assert.AreEqual("a%20large.wav", sources[1]);
    }

    [TestMethod]
    public void Files_that_browsers_do_not_show_are_an_error()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<ArgumentException>(() => new ResultPage("", "").AddPicture(Of(folder), "model.zip", "a model"));
    }

    [TestMethod]
    public void Chromium_shows_a_page_without_errors()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        Chromium.Visit visit = Chromium.Open(folder.File("index.html"), folder.File("profile"));
        Assert.IsEmpty(visit.Problems, string.Join(Environment.NewLine, visit.Problems));
        Assert.Contains("24.3 dB", visit.Content);
        Assert.Contains("pictures 2 of 2, sounds 1 of 1", visit.Content, "what has been loaded");
    }

    [TestMethod]
    public void Chromium_notices_missing_files_and_errors_of_scripts()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("index.html"),
            "<!DOCTYPE html><html><body><img alt=\"none\" src=\"none.png\"/><script>unknown();</script></body></html>");
        Chromium.Visit visit = Chromium.Open(folder.File("index.html"), folder.File("profile"));
        Assert.IsTrue(visit.Problems.Any(line => line.Contains("unknown is not defined", StringComparison.Ordinal)));
        Assert.Contains("pictures 0 of 1", visit.Content);
    }

    static string Write(TemporaryFolder folder)
    {
        var metrics = new ExampleMetrics { PsnrDb = 24.3, Dataset = Hostile, Rows = [1, 2] };
        metrics.Save(folder.File("metrics.json"));
        Charts.Lines("A chart", Hostile, new Axis("steps"), new Axis("bits"), [new Series("one", Color.Accent, [(0, 1), (1, 2)])])
            .Save(folder.File("chart.png"));
        var moving = new AnimatedPng(20, 10, milliseconds: 100);
        moving.Add(new Canvas(20, 10));
        moving.Add(new Canvas(20, 10));
        moving.Save(folder.File("moving.png"));
        WaveFile.Write(folder.File("a b.wav"), [.. Enumerable.Range(0, 1600).Select(i => MathF.Sin(i * 0.1f))], 16_000);
        new ResultPage(Hostile, "A run").Add(new Table("On test images", "", "to compare with").AddRow("PSNR", "24.3 dB", Hostile))
            .AddMetrics(metrics.ToJson()).AddPicture(Of(folder), "chart.png", "a line").AddPicture(Of(folder), "moving.png", Hostile)
            .AddSound("a b.wav", Hostile).Save(Of(folder));
        return File.ReadAllText(folder.File("index.html"));
    }

    static string Of(TemporaryFolder folder) => Path.GetDirectoryName(folder.File("index.html"))!;

    static XElement Parse(string page)
    {
        Assert.StartsWith("<!DOCTYPE html>\n", page);
        return XElement.Parse(page[page.IndexOf('\n', StringComparison.Ordinal)..]);
    }

    static byte[] Decode(string source)
    {
        Match match = DataUri().Match(source);
        Assert.IsTrue(match.Success, source[..Math.Min(40, source.Length)]);
        return Convert.FromBase64String(match.Groups[1].Value);
    }

    [GeneratedRegex("^data:[a-z]+/[a-z]+;base64,(.+)$")]
    private static partial Regex DataUri();

    sealed record ExampleMetrics : SampleMetrics
    {
        public required double PsnrDb { get; init; }

        public required string Dataset { get; init; }

        public required int[] Rows { get; init; }
    }
}

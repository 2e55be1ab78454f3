using System.Collections;
using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>There is one set of defaults: that of new options, which methods without options use, and on which no model file
/// depends.</summary>
[TestClass]
public class DefaultsTests
{
    static readonly VqVaeCatalog Catalog = new MLContext(seed: 1).Transforms.VqVae;

    static readonly Dictionary<string, (NetworkOptions OfMethod, NetworkOptions Default)> Methods = new()
    {
        ["EncodeImages"] = (Catalog.EncodeImages("Codes").Options, new ImageVqVaeOptions()),
        ["EncodeGaussianVae"] = (Catalog.EncodeGaussianVae("Means").Options, new ImageGaussianVaeOptions()),
        ["EncodeVimco"] = (Catalog.EncodeVimco("Latents").Options, new ImageVimcoOptions()),
        ["EncodeCodes"] = (Catalog.EncodeCodes("Latents", "Codes").Options, new CodesVqVaeOptions()),
        ["EncodeAudio"] = (Catalog.EncodeAudio("Codes").Options, new AudioVqVaeOptions()),
        ["Vocode"] = (Catalog.Vocode("Sound", "Frames").Options, new VocoderOptions()),
        ["EncodeSeries"] = (Catalog.EncodeSeries("Codes").Options, new SeriesVqVaeOptions()),
        ["Prior"] = (Catalog.Prior("Bits", "Codes").Options, new PriorOptions()),
        ["Featurize"] = (Catalog.Featurize("Features", "Codes").Options, new FeatureOptions()),
        ["FeaturizeImages"] = (Catalog.FeaturizeImages("Features").Options, new ImageFeatureOptions()),
        ["VideoPrior"] = (Catalog.VideoPrior("Bits", "Codes", "Action", "Episode").Options, new VideoPriorOptions()),
        // Frames of video are images, whose defaults are for smaller ones: this method has a preset of its own.
        ["EncodeVideo"] = (Catalog.EncodeVideo("Codes").Options, ImageVqVaeOptions.FastVideo()),
    };

    public static IEnumerable<object[]> MethodNames => Methods.Keys.Select(name => (object[])[name]);

    public static IEnumerable<object[]> Models => OlderModelFilesTests.Models;

    [TestMethod]
    [DynamicData(nameof(MethodNames))]
    public void A_method_without_options_has_the_settings_of_new_options(string method)
    {
        (NetworkOptions ofMethod, NetworkOptions settings) = Methods[method];
        settings.Validate();
        string[] expected = [.. Settings(settings)];
        Assert.IsGreaterThan(10, expected.Length);
        CollectionAssert.AreEqual(expected, Settings(ofMethod).ToArray(),
            $"{string.Join("; ", Settings(ofMethod).Except(expected))} of {method} differ from new options.");
    }

    [TestMethod]
    public void Every_method_of_the_catalog_that_takes_options_is_in_the_table()
    {
        IEnumerable<string> taking = typeof(VqVaeCatalog).GetMethods()
            .Where(method => method.GetParameters().Any(parameter => parameter.ParameterType.IsAssignableTo(typeof(NetworkOptions))))
            .Select(method => method.Name).Distinct();
        CollectionAssert.AreEquivalent(taking.ToArray(), Methods.Keys);
    }

    [TestMethod]
    public void Options_of_parts_that_a_user_creates_have_the_defaults_of_the_parts_that_are_there()
    {
        var quantizer = new VectorQuantizerOptions { UnquantizedSteps = 200 };
        foreach ((object there, object created) in (ReadOnlySpan<(object, object)>)
        [
            (new ImageVqVaeOptions().Quantizer, quantizer), (new ImageVqVaeOptions().Codec, new ImageCodecOptions()),
            (new AudioVqVaeOptions().Codec, new MelCodecOptions()), (new SeriesVqVaeOptions().Codec, new SeriesCodecOptions()),
            (new CodesVqVaeOptions().Codec, new CodesCodecOptions()), (new PriorOptions().PixelCnn, new PixelCnnOptions()),
            (new PriorOptions().WaveNet, new WaveNetPriorOptions()), (new VideoPriorOptions().Network, new VideoCodePriorOptions()),
            (new FeatureOptions().Network, new MaskedCodeTransformerOptions()), (new ImageVimcoOptions().Latents, new VimcoOptions()),
            (new ImageFeatureOptions().Network, new ImageFeatureNetworkOptions()), (new ImageFeatureOptions().Network.Views, new ImageViewOptions()),
            (new ResidualVectorQuantizerOptions().Stage, new VectorQuantizerOptions()),
        ])
            CollectionAssert.AreEqual(Settings(there).ToArray(), Settings(created).ToArray());
    }

    /// <summary>Values that came after version 0.1, without which a file means what it did: ModelFileDamageTests loads files without the
    /// digest, OlderModelFilesTests maps of codes without key values and frames without codes per position.</summary>
    static readonly string[] Later = [".Sha256", ".CodeValues", ".Columns.CodesPerPosition"];

    /// <summary>A setting that a file does not name would take the default of the version that loads it.</summary>
    [TestMethod]
    [DynamicData(nameof(Models))]
    public void Model_files_of_older_versions_name_every_setting(string name)
    {
        string path = Path.Combine(OlderModelFilesTests.Folder, name + ".zip");
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(path, out DataViewSchema schema);
        using var owner = model as IDisposable;
        using var saved = new MemoryStream();
        ml.Model.Save(model, schema, saved);
        using FileStream older = File.OpenRead(path);
        string[] inFile = [.. Descriptions(older).SelectMany(description => Names(description.RootElement, "")).Distinct()];
        string[] now = [.. Descriptions(saved).SelectMany(description => Names(description.RootElement, "")).Distinct()];
        Assert.IsNotEmpty(inFile);
        string[] newer = [.. now.Except(inFile).Except(Later)];
        Assert.IsEmpty(newer, $"{string.Join(", ", newer)}: these settings came later. Their defaults must stay what older versions did, or files need them: write a test of that.");
    }

    /// <summary>The settings, one per line, those of parts included.</summary>
    static IEnumerable<string> Settings(object settings, string path = "") =>
        settings.GetType().GetProperties().Where(property => property.CanWrite).SelectMany(property =>
        {
            object? value = property.GetValue(settings);
            return value is not (null or LearningRateSchedule or Enum) && value.GetType().Assembly == typeof(NetworkOptions).Assembly
                ? Settings(value, $"{path}{property.Name}.")
                : [$"{path}{property.Name} = {Text(value)}"];
        }).Order(StringComparer.Ordinal);

    static string Text(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable values => string.Join(", ", values.Cast<object>()),
        CancellationToken token => token.CanBeCanceled.ToString(),
        _ => FormattableString.Invariant($"{value}"),
    };

    /// <summary>The JSON texts of the transformers of a model file, which ML.NET keeps as UTF-16 in binary files.</summary>
    static List<JsonDocument> Descriptions(Stream file)
    {
        using var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        List<JsonDocument> found = [];
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.Name == "Model.key"))
        {
            using Stream stream = entry.Open();
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            byte[] content = bytes.ToArray();
            int start = content.AsSpan().IndexOf(Encoding.Unicode.GetBytes("{\""));
            if (start < 0)
                continue;
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(content[start..])));
            found.Add(JsonDocument.ParseValue(ref reader));
        }
        return found;
    }

    static IEnumerable<string> Names(JsonElement element, string path) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().SelectMany(property =>
            Names(property.Value, $"{path}.{property.Name}").Prepend($"{path}.{property.Name}"))
        : [];
}

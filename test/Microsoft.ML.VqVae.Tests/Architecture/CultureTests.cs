using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Compression;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>Numbers in texts of the library do not follow the culture of the program, which is a foreign one in all tests.</summary>
[TestClass]
public sealed class CultureTests
{
    [TestMethod]
    public async Task Tests_run_in_a_culture_that_writes_numbers_otherwise()
    {
        Assert.AreEqual("1.234,5", $"{1234.5:N1}");
        Assert.AreEqual("1.234,5", await Task.Run(() => $"{1234.5:N1}"));
    }

    [TestMethod]
    public void Errors_write_numbers_as_code_does()
    {
        Check("up to half the sample rate, 5512.5 Hz", new MelSpectrogramOptions { SampleRate = 11025, HighestFrequency = 6000 }.Validate);
        Check("at least HopSeconds (0.01)", new MelCodecOptions { WindowSeconds = 0.005, HopSeconds = 0.01 }.Validate);
        Check("below the maximum (5236.875)", new MelCodecOptions { SampleRate = 11025, MinimumFrequency = 6000 }.Validate);
        Check("half of the sample rate (5512.5)", new MelCodecOptions { SampleRate = 11025, MaximumFrequency = 6000 }.Validate);
        using var features = new ImageFeatureNetwork(new() { Channels = 4 }, (1, 8, 8), null, seed: 1);
        Check("above the minimum 0.5", () => features.SetPixelStatistics(0, 1, 0.5, 0.25));
        using var codec = new ImageVqVae(Tiny.Codec(), Tiny.Quantizer(), seed: 1);
        Check("below the maximum 0.25", () => codec.SetPixelStatistics(0, 1, 0.5, 0.25));
        Check("A logit is 1234567.5", () => new LogitQuantizer(1).TryQuantize([1234567.5], 0));
        var ml = new MLContext(seed: 1);
        IDataView grey = ml.Data.LoadFromEnumerable([new Tiny.Row { Pixels = [.. Enumerable.Repeat(0.5f, Tiny.Side * Tiny.Side)] }]);
        Check("are 0.5: there is nothing", () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(grey));

        static void Check(string text, Action action) => Assert.Contains(text, Assert.Throws<Exception>(action).Message);
    }
}

using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The presets for sound are what the paper and their names say.</summary>
[TestClass]
public class AudioPresetTests
{
    [TestMethod]
    [DataRow(nameof(AudioVqVaeOptions.MelSpeech), 640, 128)]
    [DataRow(nameof(AudioVqVaeOptions.PhonemeFeatures), 640, 128)]
    [DataRow(nameof(AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers), 640, 128)]
    [DataRow(nameof(AudioVqVaeOptions.Vctk64x), 64, 512)]
    [DataRow(nameof(AudioVqVaeOptions.LibriSpeech128x), 128, 512)]
    [DataRow(nameof(AudioVqVaeOptions.Phonemes640x), 640, 128)]
    public void A_preset_can_be_used_as_it_is(string name, int samplesPerCode, int codes)
    {
        var options = (AudioVqVaeOptions)typeof(AudioVqVaeOptions).GetMethod(name)!.Invoke(null, null)!;
        options.Validate();
        Assert.AreEqual(samplesPerCode, options.Codec.SamplesPerCode);
        Assert.AreEqual(codes, options.VectorQuantizer.Codes);
        Assert.AreEqual(16_000, options.SampleRate);
        using AudioVqVae network = options.Codec.CreateNetwork(options.Quantizer, speakers: 3, seed: 1);
        Assert.AreEqual(!name.StartsWith(nameof(AudioVqVaeOptions.PhonemeFeatures), StringComparison.Ordinal), network.MakesWaveforms);
        Assert.AreEqual(options.Codec is WaveformCodecOptions ? samplesPerCode : 4, network.ValuesPerCode);
    }

    [TestMethod]
    public void All_problems_are_told_at_once()
    {
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        (options.CropSeconds, options.PredictionBatchSize, options.VectorQuantizer.Codes) = (0, 0, 1);
        var codec = (MelCodecOptions)options.Codec;
        (codec.FramesPerCode, codec.PreEmphasis, codec.TargetFrames) = (0, 1, 16);
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        foreach (string problem in (string[])["CropSeconds", "PredictionBatchSize", "Codes", "FramesPerCode", "PreEmphasis", "TargetFrames"])
            Assert.Contains($"{problem} must be", message);
        options.Codec = new MelCodecOptions { Inputs = SpeechFeatures.LogMel, Normalisation = FeatureNormalisation.Adapted };
        Assert.Contains("Inputs must be Mfcc", Assert.Throws<ArgumentException>(options.Validate).Message);
        options.Codec = new WaveformCodecOptions { Strides = [2, 0], Temperature = 0, Decoder = new() { Channels = 0 } };
        message = Assert.Throws<ArgumentException>(options.Validate).Message;
        foreach (string problem in (string[])["Strides", "Temperature", "Channels"])
            Assert.Contains($"{problem} must be", message);
    }

    [TestMethod]
    [DataRow(16_000, 128, 50.0, 0.0)]
    [DataRow(10_000, 80, 50.0, 0.12)]
    [DataRow(8_000, 80, 20.0, 0.12)]
    [DataRow(5_000, 80, 50.0, 0.0)]
    [DataRow(16_000, 5_000, 50.0, 0.12)]
    public void Bands_without_a_frequency_are_told_with_the_settings_of_the_codec(int rate, int bands, double lowest, double warp)
    {
        var codec = new MelCodecOptions { SampleRate = rate, Bands = bands, MinimumFrequency = lowest, VocalTractWarp = warp };
        string message = Assert.Throws<ArgumentException>(codec.Validate).Message;
        Assert.Contains("Bands must be", message);
        Assert.DoesNotContain("Fft", message);
        if (bands > 4096)
            return;
        foreach (string remedy in (string[])["WindowSeconds", "MinimumFrequency"])
            Assert.Contains(remedy, message);
        if (warp > 0)
        {
            Assert.Contains("where VocalTractWarp (0.12) multiplies frequencies by ", message);
            Assert.Contains("a smaller VocalTractWarp", message);
            codec.VocalTractWarp = 0;
            if (rate == 10_000)
                codec.Validate();
        }
        codec.WindowSeconds *= 3;
        codec.Validate();
    }

    [TestMethod]
    [DataRow(5_145)]
    [DataRow(9_255)]
    [DataRow(10_265)]
    [DataRow(163_840)]
    public void The_defaults_go_with_the_sample_rates_that_are_documented(int rate)
    {
        var codec = new MelCodecOptions { SampleRate = rate };
        codec.Validate();
        // What can be validated can be trained: this makes the spectrograms of all warps.
        using var analysis = new SpeechAnalysis(codec);
        Assert.HasCount(9, analysis.Views(new float[rate / 20]));
    }

    [TestMethod]
    [DataRow(16, 16, 16, 16, 16, 16, 16, 16)]
    [DataRow(100_000, 100_000)]
    [DataRow(16, 16, 16, 16, 16, 16, 2)]
    public void Strides_of_too_large_a_product_are_refused(params int[] strides)
    {
        var codec = new WaveformCodecOptions { Strides = strides };
        Assert.Contains("Strides must be numbers whose product, the samples that a code covers, is at most 16777216",
            Assert.Throws<ArgumentException>(codec.Validate).Message);
        codec.Strides = [16, 16, 16, 16, 16, 16];
        codec.Validate();
        Assert.AreEqual(1 << 24, codec.SamplesPerCode);
    }
}

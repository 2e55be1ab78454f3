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
}

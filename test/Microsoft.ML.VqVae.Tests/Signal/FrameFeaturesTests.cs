using System.Text.Json;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Signal;

[TestClass]
public sealed class FrameFeaturesTests
{
    static MelSpectrogramOptions OptionsOf(JsonElement golden) => new()
    {
        SampleRate = golden.Whole("rate"), WindowLength = golden.Whole("window"), HopLength = golden.Whole("hop"),
        FftLength = golden.Whole("fft"), Bands = golden.Whole("bands"), LowestFrequency = golden.Whole("low"),
        HighestFrequency = golden.Whole("high"), PreEmphasis = golden.GetProperty("emphasis").GetDouble(),
    };

    [TestMethod]
    public void Agree_with_numpy()
    {
        foreach (JsonElement golden in Golden.Read("spectrograms").EnumerateArray())
        {
            string name = golden.GetProperty("name").GetString()!;
            MelSpectrogramOptions options = OptionsOf(golden);
            float[] waveform = Golden.SpeechLike(golden.Whole("count"), options.SampleRate);
            using var spectrogram = new MelSpectrogram(options);
            using var cepstrum = new Mfcc(new MfccOptions { Spectrogram = options });
            Assert.AreEqual(golden.Whole("frames"), spectrogram.FramesOf(waveform.Length), name);
            float[,] logMel = spectrogram.Compute(waveform);
            Assert.AreEqual(golden.Whole("frames"), logMel.GetLength(0), name);
            Golden.Close(golden.Floats("log_mel"), Flat(logMel), 2e-3, $"log-mel of {name}");
            Golden.Close(golden.Floats("mfcc"), Flat(cepstrum.Compute(waveform)), 5e-3, $"cepstrum of {name}");
        }
    }

    [TestMethod]
    public void The_defaults_are_those_of_speech_at_16_kHz()
    {
        JsonElement golden = Golden.Read("spectrograms")[0];
        using var spectrogram = new MelSpectrogram();
        Golden.Close(golden.Floats("log_mel"), Flat(spectrogram.Compute(Golden.SpeechLike(1000, 16000))), 2e-3, "log-mel");
        Assert.AreEqual((16000, 160, 80), (spectrogram.SampleRate, spectrogram.HopLength, spectrogram.Size));
        using var cepstrum = new Mfcc();
        Assert.AreEqual((16000, 160, 13), (cepstrum.SampleRate, cepstrum.HopLength, cepstrum.Size));
        Assert.AreEqual(0.97, cepstrum.Options.Spectrogram.PreEmphasis);
    }

    [TestMethod]
    public void A_click_is_loudest_in_the_frame_that_its_sample_belongs_to()
    {
        using var spectrogram = new MelSpectrogram();
        foreach (int sample in (int[])[0, 80, 159, 161, 400, 719, 721, 799])
        {
            float[] waveform = new float[800];
            waveform[sample] = 1;
            float[,] bands = spectrogram.Compute(waveform);
            int loudest = Enumerable.Range(0, 5).MaxBy(frame => bands[frame, 40]);
            Assert.AreEqual(sample / 160, loudest, $"sample {sample}");
        }
        Assert.AreEqual(0.005, spectrogram.CentreOf(0), 1e-12);
        Assert.AreEqual(0.025, spectrogram.CentreOf(2), 1e-12);
        long[] frames = [.. new long[] { 0, 1, 160, 161 }.Select(spectrogram.FramesOf)];
        CollectionAssert.AreEqual(new long[] { 0, 1, 1, 2 }, frames);
    }

    [TestMethod]
    public void Silence_and_nothing_have_features_too()
    {
        using var spectrogram = new MelSpectrogram();
        float[,] silence = spectrogram.Compute(new float[1600]);
        Assert.IsTrue(Flat(silence).All(value => Math.Abs(value - Math.Log(1e-6)) < 1e-4));
        Assert.IsEmpty(spectrogram.Compute([]));
        using Tensor nothing = spectrogram.Compute(zeros([2L, 0]));
        CollectionAssert.AreEqual(new long[] { 2, 0, 80 }, nothing.shape);
        using var cepstrum = new Mfcc();
        Assert.AreEqual((0, 13), (cepstrum.Compute([]).GetLength(0), cepstrum.Compute([]).GetLength(1)));
    }

    [TestMethod]
    public void A_batch_gives_what_its_rows_give_and_gradients_pass()
    {
        using DisposeScope scope = NewDisposeScope();
        using var cepstrum = new Mfcc();
        float[] first = Golden.SpeechLike(1000, 16000), second = [.. first.Reverse()];
        Tensor batch = tensor((float[])[.. first, .. second]).view(2, -1).requires_grad_();
        Tensor features = cepstrum.Compute(batch);
        CollectionAssert.AreEqual(new long[] { 2, 7, 13 }, features.shape);
        Golden.Close(Flat(cepstrum.Compute(second)), TensorAssert.Floats(features.select(0, 1)), 1e-4, "second row");
        features.sum().backward();
        Assert.IsTrue(batch.grad!.isfinite().all().item<bool>());
        Assert.IsGreaterThan(0, batch.grad!.abs().sum().item<float>());
    }

    [TestMethod]
    public void Gradients_pass_also_where_the_first_use_was_in_inference_mode()
    {
        using DisposeScope scope = NewDisposeScope();
        using var cepstrum = new Mfcc();
        Tensor waveform = tensor(Golden.SpeechLike(1000, 16000)).view(1, -1);
        using (inference_mode())
            cepstrum.Compute(waveform);
        Tensor trained = waveform.clone().requires_grad_();
        cepstrum.Compute(trained).sum().backward();
        Assert.IsGreaterThan(0, trained.grad!.abs().sum().item<float>());
    }

    [TestMethod]
    public void Windows_whose_transform_would_take_gigabytes_are_refused()
    {
        var options = new MelSpectrogramOptions { WindowLength = 16_000, FftLength = 16_384 };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message;
        StringAssert.Contains(message, "WindowLength must be from 2 to 4096");
        StringAssert.Contains(message, "up to 4096");
        new MelSpectrogramOptions { WindowLength = 4096, FftLength = 4096 }.Validate();
        AudioVqVaeOptions codec = AudioVqVaeOptions.MelSpeech();
        ((MelCodecOptions)codec.Codec).WindowSeconds = 1;
        message = Assert.Throws<ArgumentException>(() => new MLContext().Transforms.VqVae.EncodeAudio("Codes", "Waveform", codec)).Message;
        StringAssert.Contains(message, "WindowSeconds");
        StringAssert.Contains(message, "from 2 to 4096 samples (0.256 s)");
    }

    [TestMethod]
    public void All_wrong_options_are_told_at_once()
    {
        var options = new MelSpectrogramOptions { HopLength = 500, FftLength = 300, HighestFrequency = 9000, PreEmphasis = 1 };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message;
        foreach (string part in (string[])["HopLength", "FftLength", "HighestFrequency", "PreEmphasis"])
            StringAssert.Contains(message, part);
        message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MelSpectrogram(new() { Bands = 200 })).Message;
        StringAssert.Contains(message, "of 200 has none");
        message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Mfcc(new() { Coefficients = 81 })).Message;
        StringAssert.Contains(message, "from 1 to the 80 bands");
        using var spectrogram = new MelSpectrogram();
        Assert.ThrowsExactly<ArgumentException>(() => spectrogram.Compute(zeros([3L])));
    }

    static float[] Flat(float[,] matrix) => [.. matrix.Cast<float>()];
}

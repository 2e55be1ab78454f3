using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Signal;

[TestClass]
public sealed class GriffinLimTests
{
    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.97)]
    public void The_waveform_has_the_spectrogram_that_was_asked_for(double emphasis)
    {
        using var spectrogram = new MelSpectrogram(new() { PreEmphasis = emphasis });
        using var inversion = new GriffinLim(spectrogram);
        float[] original = Voice(8000);
        float[,] wanted = spectrogram.Compute(original);
        float[] waveform = inversion.Invert(wanted, seed: 3);
        Assert.HasCount(8000, waveform);
        double near = Distance(wanted, spectrogram.Compute(waveform));
        // Without the search for phases the same magnitudes sound, and measure, much worse.
        using var unimproved = new GriffinLim(spectrogram, iterations: 0);
        double far = Distance(wanted, spectrogram.Compute(unimproved.Invert(wanted, seed: 3)));
        Assert.IsLessThan(0.25, near, $"{near}, against {far} of random phases");
        Assert.IsLessThan(far / 2, near);
        double Energy(float[] samples) => Math.Sqrt(samples.Sum(value => (double)value * value));
        Assert.AreEqual(1, Energy(waveform) / Energy(original), 0.1, "loudness");
    }

    [TestMethod]
    public void The_seed_decides_and_a_batch_gives_what_its_length_says()
    {
        using DisposeScope scope = NewDisposeScope();
        using var spectrogram = new MelSpectrogram();
        using var inversion = new GriffinLim(spectrogram, 4);
        Tensor wanted = spectrogram.Compute(tensor(Voice(3200)).view(2, -1));
        Tensor first = inversion.Invert(wanted, seed: 1);
        CollectionAssert.AreEqual(new long[] { 2, 1600 }, first.shape);
        TensorAssert.Same(first, inversion.Invert(wanted, seed: 1), "same seed");
        Assert.AreNotEqual(first.sum().item<float>(), inversion.Invert(wanted, seed: 2).sum().item<float>());
        CollectionAssert.AreEqual(new long[] { 3, 0 }, inversion.Invert(zeros([3L, 0, 80])).shape);
        Assert.IsEmpty(inversion.Invert(new float[0, 80]));
        Assert.ThrowsExactly<ArgumentException>(() => inversion.Invert(zeros([1L, 5, 79])));
    }

    [TestMethod]
    public void Silence_stays_silent_and_no_tensor_is_left()
    {
        long Run()
        {
            using var spectrogram = new MelSpectrogram();
            using var inversion = new GriffinLim(spectrogram, 4);
            float[] silence = inversion.Invert(spectrogram.Compute(new float[1600]));
            Assert.HasCount(1600, silence);
            Assert.IsLessThan(1e-3, silence.Max(Math.Abs));
            return Tensor.TotalCount;
        }
        Run();
        long before = LiveTensors.Count();
        Run();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    static double Distance(float[,] expected, float[,] found) =>
        expected.Cast<float>().Zip(found.Cast<float>(), (a, b) => Math.Abs(a - b)).Average();

    // A gliding tone with overtones, and a little deterministic noise: something like a vowel.
    static float[] Voice(int count)
    {
        uint state = 1;
        float[] samples = new float[count];
        double phase = 0;
        for (int n = 0; n < count; n++)
        {
            phase += 2 * Math.PI * (110 + 40.0 * n / count) / 16000;
            double sum = 0;
            for (int k = 1; k <= 40; k++)
                sum += Math.Sin(k * phase) / k;
            state = state * 1664525 + 1013904223;
            samples[n] = (float)(0.1 * sum + 0.01 * (state / 4294967296.0 - 0.5));
        }
        return samples;
    }

    [TestMethod]
    public void The_loudest_sound_stays_finite_and_what_is_no_logarithm_is_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using var spectrogram = new MelSpectrogram();
        using var inversion = new GriffinLim(spectrogram, 4);
        Tensor wanted = spectrogram.Compute(tensor(Voice(3200)).view(1, -1));
        Tensor sound = inversion.Invert(wanted, seed: 1);
        // Power of e⁸⁰ / e⁴ as much is e³⁸ times the amplitude; quieter sound in the same batch stays as it is.
        Tensor both = inversion.Invert(cat([wanted + (80 - wanted.max()), wanted], 0), seed: 1);
        Assert.IsTrue(both.isfinite().all().item<bool>());
        Assert.IsGreaterThan(1e12f, both[0].abs().max().item<float>());
        TensorAssert.Same(zeros(1), inversion.Invert(full([1L, 1, 80], float.NegativeInfinity)).abs().max().view(1).gt(1e-3).@float(), "silence");
        foreach (float bad in (float[])[81, 1e30f, float.PositiveInfinity, float.NaN])
        {
            Tensor frames = zeros([1L, 5, 80]);
            frames[0, 2, 7] = bad;
            Assert.Contains("expected are natural logarithms of power, of at most 80",
                Assert.ThrowsExactly<ArgumentException>(() => inversion.Invert(frames)).Message);
        }
        Assert.IsTrue(sound.isfinite().all().item<bool>());
    }
}

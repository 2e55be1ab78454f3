using System.Text.Json;
using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Tests.Signal;

[TestClass]
public sealed class ResamplerTests
{
    [TestMethod]
    public void Agrees_with_the_sum_over_all_samples()
    {
        foreach (JsonElement golden in Golden.Read("resampled").EnumerateArray())
        {
            int from = golden.Whole("from"), to = golden.Whole("to"), count = golden.Whole("count");
            float[] output = new Resampler(from, to).Resample(Golden.SpeechLike(count, from));
            Golden.Close(golden.Floats("output"), output, 2e-6, $"{from} to {to}");
        }
    }

    [TestMethod]
    [DataRow(8000, 16000)]
    [DataRow(44100, 16000)]
    [DataRow(16000, 22050)]
    [DataRow(48000, 16000)]
    public void A_tone_keeps_its_amplitude_and_its_time(int from, int to)
    {
        const double Frequency = 1000;
        float[] input = Tone(from, from / 2, Frequency);
        float[] output = new Resampler(from, to).Resample(input);
        Assert.HasCount(to / 2, output);
        float[] expected = Tone(to, to / 2, Frequency);
        // The ends, where the tone begins out of nothing, are left out.
        int end = to / 20;
        Golden.Close(expected.AsSpan()[end..^end], output.AsSpan()[end..^end], 1e-4, $"{from} to {to}");
    }

    [TestMethod]
    public void What_the_new_rate_cannot_carry_is_suppressed()
    {
        foreach (double frequency in (double[])[8010, 9000, 12000, 20000])
        {
            float[] output = new Resampler(44100, 16000).Resample(Tone(44100, 22050, frequency));
            double loudest = output[800..^800].Max(Math.Abs);
            Assert.IsLessThan(6e-5, loudest, $"{frequency} Hz leaves {loudest}");
        }
    }

    [TestMethod]
    public void A_constant_stays_and_lengths_round_up()
    {
        var resampler = new Resampler(16000, 44100);
        float[] output = resampler.Resample(Enumerable.Repeat(0.7f, 2000).ToArray());
        Assert.IsTrue(output[500..^500].All(value => Math.Abs(value - 0.7f) < 1e-5));
        Assert.HasCount(5513, output);
        Assert.AreEqual(5513, resampler.OutputLength(2000));
        Assert.AreEqual(1, new Resampler(48000, 8000).OutputLength(1));
        Assert.AreEqual(0, resampler.OutputLength(0));
        Assert.IsEmpty(resampler.Resample([]));
        CollectionAssert.AreEqual(new[] { 1f, 2 }, new Resampler(8000, 8000).Resample([1, 2]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Resampler(0, 8000));
    }

    static float[] Tone(int rate, int count, double frequency) =>
        [.. Enumerable.Range(0, count).Select(n => (float)Math.Sin(2 * Math.PI * frequency * n / rate))];
}

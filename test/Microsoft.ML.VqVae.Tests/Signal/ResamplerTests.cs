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

    [TestMethod]
    [DataRow(44101, 16000)]
    [DataRow(47999, 16000)]
    [DataRow(16000, 44101)]
    public void Rates_of_too_many_phases_to_keep_agree_with_the_sum(int from, int to)
    {
        float[] input = Golden.SpeechLike(600, from), output = new Resampler(from, to).Resample(input);
        double cutoff = 0.955 * Math.Min(1, (double)to / from);
        for (int m = 0; m < output.Length; m++)
        {
            // The sinc in its window, from the definition; the window's Bessel function as its integral.
            double sum = 0, weights = 0;
            for (int k = -800; k < input.Length + 800; k++)
            {
                double place = cutoff * ((double)m * from / to - k);
                if (Math.Abs(place) >= 64)
                    continue;
                double weight = (place == 0 ? 1 : Math.Sin(Math.PI * place) / (Math.PI * place))
                    * Bessel(8.96 * Math.Sqrt(1 - place * place / 4096));
                weights += weight;
                sum += k >= 0 && k < input.Length ? weight * input[k] : 0;
            }
            Assert.AreEqual(sum / weights, output[m], 2e-6, $"output {m}");
        }

        static double Bessel(double x) =>
            Enumerable.Range(0, 64).Sum(i => Math.Exp(x * Math.Cos(Math.PI * (i + 0.5) / 64))) / 64;
    }

    [TestMethod]
    public void Memory_has_bounds()
    {
        // The worst pair: no common factor, and a long filter. Its weights would be 400 MB.
        var resampler = new Resampler(767_999, 16000);
        resampler.Resample(new float[1000]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.HasCount(2084, resampler.Resample(new float[100_000]));
        Assert.IsLessThan(2_000_000, GC.GetAllocatedBytesForCurrentThread() - before);

        var cache = new ResamplerCache(16000);
        Resampler first = cache.From(8000);
        for (int rate = 20_000; rate < 20_040; rate++)
        {
            cache.From(rate);
            Assert.AreSame(first, cache.From(8000), "used a moment ago");
        }
        Assert.AreEqual(ResamplerCache.Capacity, cache.Count);
        Assert.AreSame(cache.From(20_039), cache.From(20_039));
        for (int rate = 30_000; rate < 30_004; rate++)
            cache.From(rate);
        Assert.AreNotSame(first, cache.From(8000), "not used for long");
    }

    [TestMethod]
    public void Rates_and_lengths_beyond_the_bounds_are_refused()
    {
        foreach ((int from, int to) in ((int, int)[])[(7_681, 1), (768_100, 100), (int.MaxValue, 16000)])
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Resampler(from, to)).Message,
                $"at most 7680 times the rate of the output, {to} Hz, but the rate of the input is {from} Hz");
        }
        Assert.HasCount(21, new Resampler(7_680 * 100, 100).Resample(new float[20 * 7_680 + 1]));
        Assert.HasCount(3, new Resampler(int.MaxValue - 1, int.MaxValue).Resample([1, 1]));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new Resampler(100, 768_000).Resample(new float[300_000])).Message,
            "2304000000 at 768000 Hz");
    }

    static float[] Tone(int rate, int count, double frequency) =>
        [.. Enumerable.Range(0, count).Select(n => (float)Math.Sin(2 * Math.PI * frequency * n / rate))];
}

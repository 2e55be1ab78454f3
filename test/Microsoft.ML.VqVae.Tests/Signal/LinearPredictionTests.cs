using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Signal;

/// <summary>Samples that are predicted from the envelope of log-mel frames.</summary>
[TestClass]
public sealed class LinearPredictionTests
{
    static readonly MelSpectrogramOptions Options = new() { PreEmphasis = 0.97 };

    static readonly float[] Sound = TinySpeech.Utterance(seed: 4, samples: 16_000, sampleRate: 16_000, pitch: 130);

    static float[] FramesOf(float[] waveform, MelSpectrogramOptions options)
    {
        using var mel = new MelSpectrogram(options);
        return [.. mel.Compute(waveform).Cast<float>()];
    }

    [TestMethod]
    public void The_recursion_solves_the_normal_equations()
    {
        double[] r = [2.5, 1.1, -0.4, 0.3, 0.05], found = new double[4];
        double error = LinearPrediction.Solve(r, found);
        // Numbers of another way: elimination.
        double[] expected = Solve(4, (i, j) => r[Math.Abs(i - j)], i => r[i + 1]);
        for (int i = 0; i < 4; i++)
            Assert.AreEqual(expected[i], found[i], 1e-12);
        Assert.AreEqual(r[0] - Enumerable.Range(0, 4).Sum(i => expected[i] * r[i + 1]), error, 1e-12);
    }

    static double[] Solve(int size, Func<int, int, double> matrix, Func<int, double> right)
    {
        double[,] a = new double[size, size + 1];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
                a[i, j] = matrix(i, j);
            a[i, size] = right(i);
        }
        for (int pivot = 0; pivot < size; pivot++)
        {
            for (int row = 0; row < size; row++)
            {
                double factor = a[row, pivot] / a[pivot, pivot];
                for (int column = pivot; row != pivot && column <= size; column++)
                    a[row, column] -= factor * a[pivot, column];
            }
        }
        return [.. Enumerable.Range(0, size).Select(i => a[i, size] / a[i, i])];
    }

    [TestMethod]
    public void An_excitation_becomes_the_sound_again()
    {
        float[] frames = FramesOf(Sound, Options);
        var prediction = new LinearPrediction(Options, order: 20);
        float[] excitation = prediction.Excitation(frames, Sound);
        Assert.AreEqual(LinearPrediction.Level, Math.Sqrt(excitation.Average(value => value * value)), 0.03);
        Assert.IsLessThan(0.01, excitation.Average(value => Math.Abs(value) >= 1 ? 1.0 : 0.0), "share of clipped samples");
        float[] again = prediction.Synthesize(frames, excitation);
        double noise = again.Zip(Sound).Sum(pair => Math.Pow(pair.First - pair.Second, 2)), power = Sound.Sum(sample => sample * sample);
        Assert.IsLessThan(1e-6 * power, noise);
    }

    [TestMethod]
    public void The_coefficients_are_those_of_the_process_that_made_the_sound()
    {
        // y[t] = 1.2 y[t-1] - 0.7 y[t-2] + noise: a resonance at 1.96 kHz.
        var random = new Random(1);
        float[] sound = new float[64_000];
        for (int i = 2; i < sound.Length; i++)
            sound[i] = (float)(1.2 * sound[i - 1] - 0.7 * sound[i - 2] + 0.02 * (random.NextDouble() - 0.5));
        // The whole range of frequencies: the process has power in all of it.
        var options = new MelSpectrogramOptions { LowestFrequency = 0, HighestFrequency = 8000 };
        float[] frames = FramesOf(sound, options);
        double[] found = new double[2];
        double[] sum = new double[3];
        int count = frames.Length / options.Bands;
        for (int frame = 1; frame < count - 1; frame++)
        {
            sum[2] += new LinearPrediction(options, 2).Coefficients(frames.AsSpan(frame * options.Bands, options.Bands), found);
            sum[0] += found[0];
            sum[1] += found[1];
        }
        Assert.AreEqual(1.2, sum[0] / (count - 2), 0.05);
        Assert.AreEqual(-0.7, sum[1] / (count - 2), 0.05);
        // The deviation of the noise: 0.02 / √12.
        Assert.AreEqual(0.02 / Math.Sqrt(12), sum[2] / (count - 2), 0.0006);
    }

    [TestMethod]
    public void Silence_stays_finite()
    {
        float[] silence = new float[3200], frames = FramesOf(silence, Options);
        var prediction = new LinearPrediction(Options, order: 20);
        Assert.IsTrue(prediction.Excitation(frames, silence).All(value => value == 0));
        Assert.IsTrue(prediction.Synthesize(frames, [.. silence.Select((_, i) => i % 2 == 0 ? 1f : -1f)]).All(float.IsFinite));
    }
}

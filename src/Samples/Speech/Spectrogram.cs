using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The logarithm of the power in mel bands, every 10 ms.</summary>
internal sealed class Spectrogram
{
    public const int SampleRate = 16_000;
    public const int Bands = 80;
    public const double SecondsPerFrame = 0.01;

    readonly float[,] _values;
    readonly float _lowest;
    readonly float _highest;

    public Spectrogram(float[] waveform)
    {
        using var mel = new MelSpectrogram();
        _values = mel.Compute(waveform);
        float[] sorted = [.. _values.Cast<float>().Order()];
        // A few outliers should not take the contrast away.
        (_lowest, _highest) = (sorted[sorted.Length / 10], sorted[sorted.Length - 1 - sorted.Length / 500]);
    }

    public int Frames => _values.GetLength(0);

    /// <summary>Between 0, faint, and 1, loud.</summary>
    public double this[int frame, int band] => Math.Clamp((_values[frame, band] - _lowest) / Math.Max(_highest - _lowest, 1e-6), 0, 1);

    /// <summary>The place of a frequency on the mel axis: 0 at the lowest band, 1 at the highest.</summary>
    public static double PlaceOf(double hertz)
    {
        var options = new MelSpectrogramOptions();
        double low = Mel(options.LowestFrequency), high = Mel(options.HighestFrequency);
        return (Mel(hertz) - low) / (high - low);

        static double Mel(double frequency) => Math.Log(1 + frequency / 700);
    }
}

internal static class SpectrogramDrawing
{
    /// <summary>Draws time from left to right and frequency from bottom to top.</summary>
    public static void Draw(this Canvas canvas, Spectrogram spectrogram, int left, int top, int frames, int width, int height)
    {
        for (int frame = 0; frame < Math.Min(frames, spectrogram.Frames); frame++)
        {
            for (int band = 0; band < Spectrogram.Bands; band++)
            {
                int y = top + (Spectrogram.Bands - 1 - band) * height;
                canvas.Fill(left + frame * width, y, width, height, ColorMap.At(spectrogram[frame, band]));
            }
        }
    }

    /// <summary>Draws the axes of a spectrogram: seconds below it, and the frequencies of the mel bands to the left.</summary>
    public static void DrawAxes(Canvas canvas, int left, int top, int frames, int width, int height)
    {
        int bottom = top + Spectrogram.Bands * height;
        // Labels at least 70 pixels apart.
        int every = new[] { 10, 20, 50, 100 }.First(step => step * width >= 70 || step == 100);
        for (int frame = 0; frame <= frames; frame += every)
        {
            canvas.Fill(left + frame * width, bottom, 1, 4, Color.Ink);
            string seconds = $"{frame * Spectrogram.SecondsPerFrame:0.##}{(frame + every > frames ? " s" : "")}";
            canvas.Write(seconds, left + frame * width, bottom + 12, Color.Ink, Lettering.Small, frame == 0 ? Align.Left
                : frame + every > frames ? Align.Right : Align.Center);
        }
        foreach (double hertz in (double[])[500, 1000, 2000, 4000])
        {
            int y = bottom - (int)Math.Round(Spectrogram.PlaceOf(hertz) * Spectrogram.Bands * height);
            canvas.Fill(left - 4, y, 4, 1, Color.Ink);
            string unit = hertz == 4000 ? "4 kHz" : $"{hertz / 1000:0.#}";
            canvas.Write(unit, left - 7, y, Color.Ink, Lettering.Small, Align.Right);
        }
    }
}

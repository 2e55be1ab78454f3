using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>The figure of the speakers sample: a sentence of each voice, recorded and converted to each voice.</summary>
internal static class VoiceFigures
{
    const int Gap = 10, BandHeight = 1, Axis = 44;

    /// <summary>Frames of 10 ms, one pixel each.</summary>
    const int Shown = 150;

    public static Canvas Conversions(
        string dataset, AlignedUtterance[] utterances, Spoken[] recordings, Spoken[] spoken, string[] voices)
    {
        const int tall = Spectrogram.Bands * BandHeight, row = tall + 52, titles = 24;
        int width = Left(1 + voices.Length) - Gap + Canvas.Margin;
        string remark = $"{dataset}: spectrograms of the first {Shown * Spectrogram.SecondsPerFrame:0.0} s of test sentences; frequency in "
            + "kHz on the mel scale, time in s. Blue frame: decoded with the voice of the recording. The others are conversions.";
        int header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + titles + utterances.Length * row + Canvas.Margin);
        canvas.WriteHeading("The same codes, decoded with each voice", remark);
        canvas.Write("recorded", Left(0) + Shown / 2.0, header + 8, Color.Ink, align: Align.Center, bold: true);
        for (int voice = 0; voice < voices.Length; voice++)
        {
            string title = Lettering.Shorten($"as {voices[voice]}", Shown, bold: true);
            canvas.Write(title, Left(1 + voice) + Shown / 2.0, header + 8, Color.Ink, align: Align.Center, bold: true);
        }
        for (int i = 0; i < utterances.Length; i++)
        {
            AlignedUtterance utterance = utterances[i];
            int top = header + titles + i * row + 20;
            // Skips the silence at the start.
            int silence = utterance.Labels.Length > 1 ? (int)(utterance.LabelEnds[0] / Spectrogram.SecondsPerFrame) - 5 : 0;
            string text = Lettering.Shorten($"{utterance.Speaker}: {utterance.Text}", width - Left(0) - Canvas.Margin);
            canvas.Write(text, Left(0), top - 12, Color.Ink);
            Draw(recordings.First(sound => sound.Of == utterance), 0);
            SpectrogramDrawing.DrawAxes(canvas, Left(0), top, Shown, 1, BandHeight);
            for (int voice = 0; voice < voices.Length; voice++)
            {
                Spoken sound = spoken.First(candidate => candidate.Of == utterance && candidate.Voice == voices[voice]);
                if (!sound.IsConversion)
                    canvas.Fill(Left(1 + voice) - 3, top - 3, Shown + 6, tall + 6, Color.Accent);
                Draw(sound, 1 + voice);
            }

            void Draw(Spoken sound, int column)
            {
                int from = Math.Clamp(silence * 160, 0, Math.Max(0, sound.Waveform.Length - Shown * 160));
                canvas.Draw(new Spectrogram(sound.Waveform[from..]), Left(column), top, Shown, 1, BandHeight);
            }
        }
        return canvas;

        static int Left(int column) => Canvas.Margin + Axis + column * (Shown + Gap);
    }
}

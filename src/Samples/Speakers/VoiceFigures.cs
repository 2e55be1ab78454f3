using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>The figure of the speakers sample: a sentence of each voice, recorded and converted to each voice.</summary>
internal static class VoiceFigures
{
    const int Margin = 24;
    const int HeaderHeight = 70;
    const int Gap = 10;

    /// <summary>Frames of 10 ms, one pixel each.</summary>
    const int Shown = 230;

    const int BandHeight = 2;

    public static Canvas Conversions(
        string dataset, AlignedUtterance[] utterances, Spoken[] recordings, Spoken[] spoken, string[] voices)
    {
        const int tall = Spectrogram.Bands * BandHeight, row = tall + 34;
        var canvas = new Canvas(Margin + (1 + voices.Length) * (Shown + Gap) + Margin, HeaderHeight + 26 + utterances.Length * row + 8);
        string remark = $"{dataset}: spectrograms of test sentences, {Shown / 100.0:0.0} s of each; underlined: the source voice";
        canvas.WriteHeading("The same codes, decoded with each voice", remark, Margin);
        canvas.WriteCentered("recorded", Margin + Shown / 2, HeaderHeight, Color.Ink, 2);
        for (int voice = 0; voice < voices.Length; voice++)
            canvas.WriteCentered($"as {voices[voice]}", Left(1 + voice) + Shown / 2, HeaderHeight, Color.Ink, 2);
        for (int i = 0; i < utterances.Length; i++)
        {
            AlignedUtterance utterance = utterances[i];
            int top = HeaderHeight + 26 + i * row;
            // Skips the silence at the start.
            int silence = utterance.Labels.Length > 1 ? (int)(utterance.LabelEnds[0] / Spectrogram.SecondsPerFrame) - 5 : 0;
            canvas.Write($"{utterance.Speaker}: {utterance.Text}", Margin, top, Color.Ink);
            Draw(recordings.First(sound => sound.Of == utterance), 0);
            for (int voice = 0; voice < voices.Length; voice++)
            {
                Spoken sound = spoken.First(candidate => candidate.Of == utterance && candidate.Voice == voices[voice]);
                Draw(sound, 1 + voice);
                if (!sound.IsConversion)
                    canvas.Fill(Left(1 + voice), top + 14 + tall + 2, Shown, 3, Color.Accent);
            }

            void Draw(Spoken sound, int column)
            {
                int from = Math.Clamp(silence * 160, 0, Math.Max(0, sound.Waveform.Length - Shown * 160));
                canvas.Draw(new Spectrogram(sound.Waveform[from..]), Left(column), top + 14, Shown, 1, BandHeight);
            }
        }
        return canvas;

        static int Left(int column) => Margin + column * (Shown + Gap);
    }
}

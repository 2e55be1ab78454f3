using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The picture of the speakers sample: a sentence of each voice, as it was recorded and as each voice says it.</summary>
internal static class VoicePictures
{
    const int Margin = 24;
    const int HeaderHeight = 70;
    const int Gap = 10;

    /// <summary>Frames of 10 ms, one pixel each.</summary>
    const int Shown = 230;

    const int BandHeight = 2;

    public static Picture Conversions(
        string dataset, AlignedUtterance[] utterances, Spoken[] recordings, Spoken[] spoken, string[] voices)
    {
        const int tall = Spectrogram.Bands * BandHeight, row = tall + 34;
        var picture = new Picture(Margin + (1 + voices.Length) * (Shown + Gap) + Margin, HeaderHeight + 26 + utterances.Length * row + 8);
        picture.Write("The same codes, decoded with each voice", Margin, 16, Color.Ink, 2);
        string remark = string.Create(CultureInfo.InvariantCulture,
            $"{dataset}: spectrograms of test sentences, {Shown / 100.0:0.0} s of each; underlined: the voice that spoke");
        picture.Write(remark, Margin, 40, Color.Accent);
        picture.WriteCentred("recorded", Margin + Shown / 2, HeaderHeight, Color.Ink, 2);
        for (int voice = 0; voice < voices.Length; voice++)
            picture.WriteCentred($"as {voices[voice]}", Left(1 + voice) + Shown / 2, HeaderHeight, Color.Ink, 2);
        for (int i = 0; i < utterances.Length; i++)
        {
            AlignedUtterance utterance = utterances[i];
            int top = HeaderHeight + 26 + i * row;
            // Sentences begin with silence, which is no sight.
            int silence = utterance.Labels.Length > 1 ? (int)(utterance.LabelEnds[0] / Spectrogram.SecondsPerFrame) - 5 : 0;
            picture.Write($"{utterance.Speaker}: {utterance.Text}", Margin, top, Color.Ink);
            Draw(recordings.First(sound => sound.Of == utterance), 0);
            for (int voice = 0; voice < voices.Length; voice++)
            {
                Spoken sound = spoken.First(candidate => candidate.Of == utterance && candidate.Voice == voices[voice]);
                Draw(sound, 1 + voice);
                if (!sound.IsConversion)
                    picture.Fill(Left(1 + voice), top + 14 + tall + 2, Shown, 3, Color.Accent);
            }

            void Draw(Spoken sound, int column)
            {
                int from = Math.Clamp(silence * 160, 0, Math.Max(0, sound.Waveform.Length - Shown * 160));
                picture.Draw(new Spectrogram(sound.Waveform[from..]), Left(column), top + 14, Shown, 1, BandHeight);
            }
        }
        return picture;

        static int Left(int column) => Margin + column * (Shown + Gap);
    }
}

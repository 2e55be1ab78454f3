using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>The figures of the speakers sample: spectrograms of sentences, recorded and made, side by side.</summary>
internal static class VoiceFigures
{
    const int Gap = 10, BandHeight = 1, Axis = 44;

    /// <summary>Frames of 10 ms, one pixel each.</summary>
    const int Shown = 150;

    /// <summary>A sentence of each voice, recorded and converted to each voice.</summary>
    public static Canvas Conversions(
        string dataset, AlignedUtterance[] utterances, Spoken[] recordings, Spoken[] spoken, string[] voices) => Compare(
        "The same codes, decoded with each voice",
        $"{dataset}: {Extract} Blue frame: decoded with the voice of the recording. The others are conversions.", utterances,
        [
            ("recorded", Of(recordings)),
            .. voices.Select(voice => ($"as {voice}", Of([.. spoken.Where(sound => sound.Voice == voice)]))),
        ], sound => !sound.IsConversion && !recordings.Contains(sound));

    /// <summary>A sentence of each voice, recorded and made of the same decoded frames in two ways.</summary>
    public static Canvas Vocoders(
        string dataset, AlignedUtterance[] utterances, Spoken[] recordings, Spoken[] griffinLim, Spoken[] waveNet) => Compare(
        "The same decoded frames as sound", $"{dataset}: {Extract}", utterances,
        [("recorded", Of(recordings)), ("Griffin-Lim", Of(griffinLim)), ("WaveNet", Of(waveNet))], _ => false);

    static string Extract =>
        $"spectrograms of the first {Shown * Spectrogram.SecondsPerFrame:0.0} s of test sentences; frequency in kHz on the mel scale, time in s.";

    static Func<AlignedUtterance, Spoken> Of(Spoken[] sounds) => utterance => sounds.First(sound => sound.Of == utterance);

    static Canvas Compare(
        string title, string remark, AlignedUtterance[] utterances, (string Title, Func<AlignedUtterance, Spoken> Sound)[] columns,
        Predicate<Spoken> isFramed)
    {
        const int tall = Spectrogram.Bands * BandHeight, row = tall + 52, titles = 24;
        int width = Left(columns.Length) - Gap + Canvas.Margin;
        int header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + titles + utterances.Length * row + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        for (int column = 0; column < columns.Length; column++)
        {
            string name = Lettering.Shorten(columns[column].Title, Shown, bold: true);
            canvas.Write(name, Left(column) + Shown / 2.0, header + 8, Color.Ink, align: Align.Center, bold: true);
        }
        for (int i = 0; i < utterances.Length; i++)
        {
            AlignedUtterance utterance = utterances[i];
            int top = header + titles + i * row + 20;
            // Skips the silence at the start.
            int silence = utterance.Labels.Length > 1 ? (int)(utterance.LabelEnds[0] / Spectrogram.SecondsPerFrame) - 5 : 0;
            string text = Lettering.Shorten($"{utterance.Speaker}: {utterance.Text}", width - Left(0) - Canvas.Margin);
            canvas.Write(text, Left(0), top - 12, Color.Ink);
            SpectrogramDrawing.DrawAxes(canvas, Left(0), top, Shown, 1, BandHeight);
            for (int column = 0; column < columns.Length; column++)
            {
                Spoken sound = columns[column].Sound(utterance);
                if (isFramed(sound))
                    canvas.Fill(Left(column) - 3, top - 3, Shown + 6, tall + 6, Color.Accent);
                int from = Math.Clamp(silence * 160, 0, Math.Max(0, sound.Waveform.Length - Shown * 160));
                canvas.Draw(new Spectrogram(sound.Waveform[from..]), Left(column), top, Shown, 1, BandHeight);
            }
        }
        return canvas;

        static int Left(int column) => Canvas.Margin + Axis + column * (Shown + Gap);
    }
}

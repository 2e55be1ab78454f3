using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>The figures of the phonemes sample: confusion matrices, the phones of each code, and a sentence in detail.</summary>
internal static class PhonemeFigures
{
    const int Margin = 24;
    const int HeaderHeight = 64;
    const int LabelWidth = 30;

    static readonly Color Wrong = new(196, 48, 43);

    static readonly Color[] KindColors =
    [
        new(225, 227, 232), new(240, 180, 150), new(235, 160, 185), new(245, 222, 140), new(170, 205, 240), new(190, 185, 235),
        new(165, 218, 175), new(200, 200, 200),
    ];

    /// <summary>Confusion matrices side by side: one row per spoken phone, one column per predicted phone.</summary>
    public static Canvas Confusion(string of, params (string Name, ClassifiedFrame[] Frames, double Accuracy)[] matrices)
    {
        const int cell = 13;
        string[] phones = PhoneOrder.Of(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.Phone)
            .Concat(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.PredictedLabel)));
        int side = phones.Length * cell, width = LabelWidth + side + Margin;
        var canvas = new Canvas(Margin + matrices.Length * width, HeaderHeight + 44 + side + 56);
        canvas.WriteHeading("Confusion of phones: spoken (rows) and predicted (columns)", of, Margin);
        for (int m = 0; m < matrices.Length; m++)
        {
            int left = Margin + m * width + LabelWidth, top = HeaderHeight + 44;
            string title = $"{matrices[m].Name}: accuracy {matrices[m].Accuracy:0.0%}";
            canvas.WriteCentered(title, left + side / 2, HeaderHeight, Color.Ink, 2);
            Matrix(canvas, Shares(matrices[m].Frames, phones), left, top, cell, cell);
            PhoneLabels(canvas, phones, left, top, cell);
            for (int i = 0; i < phones.Length; i++)
                canvas.WriteCentered(phones[i], left + i * cell + cell / 2, top - (i % 2 == 0 ? 11 : 20), Color.Ink);
        }
        Legend(canvas, Margin + LabelWidth, canvas.Height - 34, "fraction of the spoken phone");
        return canvas;
    }

    /// <summary>The distribution of phones per code: one column per code, one row per phone. Codes are ordered by their most frequent
    /// phone.</summary>
    public static Canvas Codes(string of, FrameRow[] train, FrameRow[] test, int codes)
    {
        const int cell = 13;
        int across = Math.Max(2, 1100 / codes);
        string[] phones = PhoneOrder.Of(train.Select(row => row.Phone).Concat(test.Select(row => row.Phone)));
        var place = phones.Select((phone, index) => (phone, index)).ToDictionary(pair => pair.phone, pair => pair.index);
        double[,] met = new double[phones.Length, codes];
        foreach (FrameRow row in train)
            met[place[row.Phone], row.Code - 1]++;
        (int Code, double[] Shares, int Best)[] columns = Enumerable.Range(0, codes).Select(code =>
        {
            double[] counts = [.. Enumerable.Range(0, phones.Length).Select(phone => met[phone, code])];
            double all = Math.Max(counts.Sum(), 1);
            return (Code: code, Shares: counts.Select(count => count / all).ToArray(), Best: Array.IndexOf(counts, counts.Max()));
        }).OrderBy(column => column.Best).ThenByDescending(column => column.Shares[column.Best]).ToArray();
        double[,] shares = new double[phones.Length, codes];
        for (int column = 0; column < codes; column++)
        {
            for (int phone = 0; phone < phones.Length; phone++)
                shares[phone, column] = columns[column].Shares[phone];
        }

        const int usageHeight = 80;
        int left = Margin + LabelWidth, top = HeaderHeight, wide = codes * across, usageTop = top + phones.Length * cell + 34;
        var canvas = new Canvas(left + wide + Margin, usageTop + usageHeight + 62);
        canvas.WriteHeading($"Phones of each of the {codes} codes", of, Margin);
        Matrix(canvas, shares, left, top, across, cell);
        PhoneLabels(canvas, phones, left, top, cell);
        long[] counts = new CodeUsage(test.Select(row => row.Code), codes).Counts;
        canvas.Write("frequency of each code in the test data", left, usageTop - 18, Color.Ink);
        double tallest = Math.Max(1, counts.Max());
        for (int column = 0; column < codes; column++)
        {
            int bar = (int)Math.Ceiling(counts[columns[column].Code] / tallest * usageHeight);
            Color color = KindColors[PhoneOrder.KindOf(phones[columns[column].Best])];
            canvas.Fill(left + column * across, usageTop + usageHeight - bar, across - 1, bar, Darker(color));
        }
        canvas.Fill(left, usageTop + usageHeight, wide, 1, Color.Ink);
        Legend(canvas, left, canvas.Height - 34, "fraction of the occurrences of a code");
        return canvas;
    }

    /// <summary>A sentence from left to right: its spectrogram, the spoken phones, the codes, and the predicted phones.</summary>
    public static Canvas Sentence(
        string of, AlignedUtterance utterance, ClassifiedFrame[] mapped, (string Name, ClassifiedFrame[] Frames) classified,
        int samplesPerCode)
    {
        Spectrogram spectrogram = Spectrogram.Of(utterance);
        // Two and a half seconds at five pixels per frame of 10 ms, so that a code of four frames fits three letters.
        const int perFrame = 5, tall = 3, strip = 22, gap = 14;
        int shown = Math.Min(spectrogram.Frames, 250);
        double pixelsPerSecond = perFrame / Spectrogram.SecondsPerFrame;
        int left = Margin + 66, wide = shown * perFrame, bottom = HeaderHeight + Spectrogram.Bands * tall;
        var canvas = new Canvas(left + wide + Margin, bottom + gap + 4 * (strip + gap) + 20);
        string text = utterance.Text.Length == 0 ? utterance.Utterance : utterance.Text;
        int letters = wide / (2 * (Lettering.Width + 1));
        canvas.WriteHeading(text.Length <= letters ? text : text[..(letters - 3)] + "...", $"{utterance.Speaker}; {of}", Margin);
        canvas.Draw(spectrogram, left, HeaderHeight, shown, perFrame, tall);
        string[] names = ["spoken", "codes", "one code", classified.Name];
        for (int row = 0; row < names.Length; row++)
            canvas.Write(names[row], Margin, bottom + gap + row * (strip + gap) + 8, Color.Ink);

        int Top(int row) => bottom + gap + row * (strip + gap);
        for (int i = 0; i < utterance.Labels.Length; i++)
        {
            double from = left + utterance.LabelStarts[i] * pixelsPerSecond, to = left + utterance.LabelEnds[i] * pixelsPerSecond;
            Segment(canvas, utterance.Labels[i], (int)from, Math.Min((int)to, left + wide), Top(0), strip, left + wide, Color.Ink);
        }
        double perCode = (double)samplesPerCode / Spectrogram.SampleRate * pixelsPerSecond;
        for (int i = 0; i < mapped.Length; i++)
        {
            int from = left + (int)(i * perCode), to = Math.Min(left + (int)((i + 1) * perCode), left + wide);
            if (from >= left + wide)
                break;
            string code = (mapped[i].Code - 1).ToString(CultureInfo.InvariantCulture);
            Segment(canvas, code, from, to, Top(1), strip, left + wide, Color.Ink, mapped[i].PredictedLabel);
            Segment(canvas, mapped[i].PredictedLabel, from, to, Top(2), strip, left + wide, Ink(mapped[i]));
            Segment(canvas, classified.Frames[i].PredictedLabel, from, to, Top(3), strip, left + wide, Ink(classified.Frames[i]));
        }
        return canvas;

        static Color Ink(ClassifiedFrame frame) => frame.Phone == frame.PredictedLabel ? Color.Ink : Wrong;
    }

    static void Segment(Canvas canvas, string text, int from, int to, int top, int height, int end, Color ink, string? phone = null)
    {
        if (from >= end || to <= from)
            return;
        canvas.Fill(from, top, Math.Max(1, to - from - 1), height, KindColors[PhoneOrder.KindOf(phone ?? text)]);
        if (Lettering.Measure(text) <= to - from)
            canvas.WriteCentered(text, (from + to) / 2, top + (height - Lettering.Height) / 2, ink);
        else if (ink != Color.Ink)
            canvas.Fill(from, top + height - 3, Math.Max(1, to - from - 1), 3, ink);
    }

    static double[,] Shares(ClassifiedFrame[] frames, string[] phones)
    {
        var place = phones.Select((phone, index) => (phone, index)).ToDictionary(pair => pair.phone, pair => pair.index);
        double[,] shares = new double[phones.Length, phones.Length];
        foreach (IGrouping<string, ClassifiedFrame> spoken in frames.GroupBy(frame => frame.Phone))
        {
            foreach (ClassifiedFrame frame in spoken)
                shares[place[frame.Phone], place[frame.PredictedLabel]] += 1.0 / spoken.Count();
        }
        return shares;
    }

    static void Matrix(Canvas canvas, double[,] shares, int left, int top, int width, int height)
    {
        for (int row = 0; row < shares.GetLength(0); row++)
        {
            for (int column = 0; column < shares.GetLength(1); column++)
                // The root makes small shares visible.
                canvas.Fill(left + column * width, top + row * height, width, height, ColorMap.At(Math.Sqrt(shares[row, column])));
        }
    }

    static void PhoneLabels(Canvas canvas, string[] phones, int left, int top, int cell)
    {
        for (int i = 0; i < phones.Length; i++)
            canvas.Write(phones[i], left - 6 - Lettering.Measure(phones[i]), top + i * cell + (cell - Lettering.Height) / 2, Color.Ink);
    }

    static void Legend(Canvas canvas, int left, int top, string what)
    {
        const int width = 220;
        for (int x = 0; x < width; x++)
            canvas.Fill(left + x, top, 1, 10, ColorMap.At((double)x / width));
        foreach ((double share, string label) in ((double, string)[])[(0, "0"), (0.25, "25%"), (1, "100%")])
            canvas.WriteCentered(label, left + (int)(Math.Sqrt(share) * width), top + 15, Color.Ink);
        canvas.Write(what, left + width + 24, top + 1, Color.Ink);
    }

    static Color Darker(Color color) => new((byte)(color.Red * 3 / 4), (byte)(color.Green * 3 / 4), (byte)(color.Blue * 3 / 4));
}

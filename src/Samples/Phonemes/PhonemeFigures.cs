using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>The figures of the phonemes sample: confusion matrices, the phones of each code, and a sentence in detail.</summary>
internal static class PhonemeFigures
{
    /// <summary>The size of the names of phones beside narrow cells.</summary>
    const float PhoneSize = 9;

    static readonly Color Wrong = new(196, 48, 43);

    static readonly Color[] KindColors =
    [
        new(225, 227, 232), new(240, 180, 150), new(235, 160, 185), new(245, 222, 140), new(170, 205, 240), new(190, 185, 235),
        new(165, 218, 175), new(200, 200, 200),
    ];

    /// <summary>Confusion matrices side by side: one row per spoken phone, one column per predicted phone.</summary>
    public static Canvas Confusion(string of, params (string Name, ClassifiedFrame[] Frames, double Accuracy)[] matrices)
    {
        const int cell = 9, labels = 26, titleHeight = 30, columnLabels = 30, gap = 12;
        string[] phones = PhoneOrder.Of(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.Phone)
            .Concat(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.PredictedLabel)));
        int side = phones.Length * cell, width = Math.Max(
            2 * Canvas.Margin + 18 + matrices.Length * (labels + side) + (matrices.Length - 1) * gap, 640);
        int header = Canvas.HeadingHeight(of, width), top = header + titleHeight + columnLabels, bottom = top + side + 26;
        var canvas = new Canvas(width, bottom + 34 + Canvas.Margin);
        canvas.WriteHeading("Spoken and predicted phones", of);
        canvas.WriteUpwards("spoken phone", Canvas.Margin + 5, top + side / 2.0, Color.Ink, align: Align.Center);
        for (int m = 0; m < matrices.Length; m++)
        {
            int left = Canvas.Margin + 18 + m * (labels + side + gap) + labels;
            string title = $"from {matrices[m].Name}: {matrices[m].Accuracy:0.0%} right";
            canvas.Write(title, left + side / 2.0, header + titleHeight / 2 - 4, Color.Ink, align: Align.Center, bold: true);
            Matrix(canvas, Shares(matrices[m].Frames, phones), left, top, cell, cell);
            PhoneLabels(canvas, phones, left, top, cell);
            for (int i = 0; i < phones.Length; i++)
                canvas.WriteUpwards(phones[i], left + i * cell + cell / 2.0, top - 5, Color.Ink, PhoneSize);
            canvas.Write("predicted phone", left + side / 2.0, top + side + 12, Color.Ink, align: Align.Center);
        }
        Legend(canvas, Canvas.Margin + 18 + labels, bottom, "share of the codes of a spoken phone");
        return canvas;
    }

    /// <summary>The distribution of phones per code: one column per code, one row per phone. Codes are ordered by their most frequent
    /// phone.</summary>
    public static Canvas Codes(string of, FrameRow[] train, FrameRow[] test, int codes)
    {
        const int cell = 12, usageHeight = 80, labels = 50;
        int across = Math.Max(2, 780 / codes);
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

        string remark = $"Each column is one of the {codes} codes, ordered by the phone that it most often stands for in the training data. "
            + $"A code with one bright cell stands for one phone. {of}";
        int left = Canvas.Margin + labels, wide = codes * across, width = left + wide + Canvas.Margin;
        int top = Canvas.HeadingHeight(remark, width), usageTop = top + phones.Length * cell + 40, legendTop = usageTop + usageHeight + 30;
        var canvas = new Canvas(width, legendTop + 34 + Canvas.Margin);
        canvas.WriteHeading("Which phones each code stands for", remark);
        Matrix(canvas, shares, left, top, across, cell);
        canvas.WriteUpwards("phone", Canvas.Margin + 5, top + phones.Length * cell / 2.0, Color.Ink, align: Align.Center);
        PhoneLabels(canvas, phones, left, top, cell);
        long[] counts = new CodeUsage(test.Select(row => row.Code), codes).Counts;
        long all = Math.Max(1, counts.Sum());
        double tallest = Math.Max(1, counts.Max());
        canvas.Write("share of each code in the test data; its color is the kind of its phone", left, usageTop - 16, Color.Ink);
        canvas.Write($"{tallest / all:0.0%}", left - 6, usageTop, Color.Ink, Lettering.Small, Align.Right);
        canvas.Write("0", left - 6, usageTop + usageHeight, Color.Ink, Lettering.Small, Align.Right);
        for (int column = 0; column < codes; column++)
        {
            int bar = (int)Math.Ceiling(counts[columns[column].Code] / tallest * usageHeight);
            Color color = KindColors[PhoneOrder.KindOf(phones[columns[column].Best])];
            canvas.Fill(left + column * across, usageTop + usageHeight - bar, across - 1, bar, Darker(color));
        }
        canvas.Fill(left, usageTop + usageHeight, wide, 1, Color.Ink);
        canvas.Write("codes, ordered by their phone", left + wide / 2.0, usageTop + usageHeight + 12, Color.Ink, align: Align.Center);
        Legend(canvas, left, legendTop, "share of the occurrences of a code");
        return canvas;
    }

    /// <summary>A sentence from left to right: its spectrogram, the spoken phones, the codes, and the predicted phones.</summary>
    public static Canvas Sentence(
        string of, AlignedUtterance utterance, ClassifiedFrame[] mapped, (string Name, ClassifiedFrame[] Frames) classified,
        int samplesPerCode)
    {
        var spectrogram = new Spectrogram(SpeechData.Samples(utterance));
        // A second and a half at five pixels per frame of 10 ms, so that a code of four frames fits its number.
        const int perFrame = 5, tall = 2, strip = 22, gap = 8, labels = 92;
        int shown = Math.Min(spectrogram.Frames, 150);
        double pixelsPerSecond = perFrame / Spectrogram.SecondsPerFrame;
        string remark = $"The first {shown * Spectrogram.SecondsPerFrame:0.0#} s of a sentence of the test data, spoken by {utterance.Speaker}. "
            + $"Red: a phone that was not spoken. {of}";
        int left = Canvas.Margin + labels, wide = shown * perFrame, width = left + wide + Canvas.Margin;
        int header = Canvas.HeadingHeight(remark, width), bottom = header + Spectrogram.Bands * tall;
        var canvas = new Canvas(width, bottom + 40 + 4 * (strip + gap) - gap + Canvas.Margin);
        canvas.WriteHeading(utterance.Text.Length == 0 ? utterance.Utterance : utterance.Text, remark);
        canvas.Draw(spectrogram, left, header, shown, perFrame, tall);
        SpectrogramDrawing.DrawAxes(canvas, left, header, shown, perFrame, tall);
        string[] names = ["spoken", "codes", "from 1 code", $"from {classified.Name}"];
        for (int row = 0; row < names.Length; row++)
            canvas.Write(names[row], Canvas.Margin, Top(row) + strip / 2, Color.Ink);

        int Top(int row) => bottom + 40 + row * (strip + gap);
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
        float size = Lettering.Measure(text, Lettering.Small) <= to - from - 1 ? Lettering.Small : PhoneSize;
        if (Lettering.Measure(text, size) <= to - from)
            canvas.Write(text, (from + to - 1) / 2.0, top + height / 2, ink, size, Align.Center);
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
            canvas.Write(phones[i], left - 5, top + i * cell + cell / 2.0, Color.Ink, PhoneSize, Align.Right);
    }

    // The colors show the root of the share.
    static void Legend(Canvas canvas, int left, int top, string what) =>
        canvas.DrawColorBar(left, top, 260, what, (0, "0"), (0.1, "1 %"), (0.3162, "10 %"), (0.5, "25 %"), (1, "100 %"));

    static Color Darker(Color color) => new((byte)(color.Red * 3 / 4), (byte)(color.Green * 3 / 4), (byte)(color.Blue * 3 / 4));
}

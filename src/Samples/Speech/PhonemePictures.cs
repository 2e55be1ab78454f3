using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The pictures of the phonemes sample: what is taken for what, what each code stands for, and one sentence in detail.</summary>
internal static class PhonemePictures
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

    /// <summary>Confusion matrices side by side: a row a spoken phone, a column a recognised one.</summary>
    public static Picture Confusion(string of, params (string Name, ClassifiedFrame[] Frames, double Accuracy)[] matrices)
    {
        const int cell = 13;
        string[] phones = PhoneOrder.Of(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.Phone)
            .Concat(matrices.SelectMany(matrix => matrix.Frames).Select(frame => frame.PredictedLabel)));
        int side = phones.Length * cell, width = LabelWidth + side + Margin;
        var picture = new Picture(Margin + matrices.Length * width, HeaderHeight + 44 + side + 56);
        Header(picture, "Spoken phones, and what they are taken for", of);
        for (int m = 0; m < matrices.Length; m++)
        {
            int left = Margin + m * width + LabelWidth, top = HeaderHeight + 44;
            string title = string.Create(CultureInfo.InvariantCulture, $"told by {matrices[m].Name}: {matrices[m].Accuracy:0.0%} right");
            picture.WriteCentred(title, left + side / 2, HeaderHeight, Color.Ink, 2);
            Matrix(picture, Shares(matrices[m].Frames, phones), left, top, cell, cell);
            PhoneLabels(picture, phones, left, top, cell);
            for (int i = 0; i < phones.Length; i++)
                picture.WriteCentred(phones[i], left + i * cell + cell / 2, top - (i % 2 == 0 ? 11 : 20), Color.Ink);
        }
        Legend(picture, Margin + LabelWidth, picture.Height - 34, "share of the spoken phone");
        return picture;
    }

    /// <summary>What phones each code meets: a column a code, a row a phone. Codes are in the order of the phones they stand for.</summary>
    public static Picture Codes(string of, FrameRow[] train, FrameRow[] test, int codes)
    {
        const int cell = 13;
        int across = Math.Max(2, 1100 / codes);
        string[] phones = PhoneOrder.Of(train.Select(row => row.Phone).Concat(test.Select(row => row.Phone)));
        var place = phones.Select((phone, index) => (phone, index)).ToDictionary(pair => pair.phone, pair => pair.index);
        double[,] met = new double[phones.Length, codes];
        foreach (FrameRow row in train)
            met[place[row.Phone], row.Code - 1]++;
        var columns = Enumerable.Range(0, codes).Select(code =>
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
        var picture = new Picture(left + wide + Margin, usageTop + usageHeight + 62);
        Header(picture, $"What phones each of the {codes} codes meets", of);
        Matrix(picture, shares, left, top, across, cell);
        PhoneLabels(picture, phones, left, top, cell);
        long[] counts = new CodeUsage(test, codes).Counts;
        picture.Write("how often each code is used in the test data", left, usageTop - 18, Color.Ink);
        double tallest = Math.Max(1, counts.Max());
        for (int column = 0; column < codes; column++)
        {
            int bar = (int)Math.Ceiling(counts[columns[column].Code] / tallest * usageHeight);
            Color color = KindColors[PhoneOrder.KindOf(phones[columns[column].Best])];
            picture.Fill(left + column * across, usageTop + usageHeight - bar, across - 1, bar, Darker(color));
        }
        picture.Fill(left, usageTop + usageHeight, wide, 1, Color.Ink);
        Legend(picture, left, picture.Height - 34, "share of the moments of a code");
        return picture;
    }

    /// <summary>A sentence from left to right: its spectrogram, the phones that are spoken, its codes, and the phones heard.</summary>
    public static Picture Sentence(
        string of, AlignedUtterance utterance, ClassifiedFrame[] mapped, (string Name, ClassifiedFrame[] Frames) classified,
        int samplesPerCode)
    {
        Spectrogram spectrogram = Spectrogram.Of(utterance);
        // Two and a half seconds, at five pixels for a frame of 10 ms: a code of four frames has room for three letters.
        const int perFrame = 5, tall = 3, strip = 22, gap = 14;
        int shown = Math.Min(spectrogram.Frames, 250);
        double pixelsPerSecond = perFrame / Spectrogram.SecondsPerFrame;
        int left = Margin + 66, wide = shown * perFrame, bottom = HeaderHeight + Spectrogram.Bands * tall;
        var picture = new Picture(left + wide + Margin, bottom + gap + 4 * (strip + gap) + 20);
        string text = utterance.Text.Length == 0 ? utterance.Utterance : utterance.Text;
        int letters = wide / (2 * (Lettering.Width + 1));
        Header(picture, text.Length <= letters ? text : text[..(letters - 3)] + "...", $"{utterance.Speaker}; {of}");
        picture.Draw(spectrogram, left, HeaderHeight, shown, perFrame, tall);
        string[] names = ["spoken", "codes", "one code", classified.Name];
        for (int row = 0; row < names.Length; row++)
            picture.Write(names[row], Margin, bottom + gap + row * (strip + gap) + 8, Color.Ink);

        int Top(int row) => bottom + gap + row * (strip + gap);
        for (int i = 0; i < utterance.Labels.Length; i++)
        {
            double from = left + utterance.LabelStarts[i] * pixelsPerSecond, to = left + utterance.LabelEnds[i] * pixelsPerSecond;
            Segment(picture, utterance.Labels[i], (int)from, Math.Min((int)to, left + wide), Top(0), strip, left + wide, Color.Ink);
        }
        double perCode = (double)samplesPerCode / Spectrogram.SampleRate * pixelsPerSecond;
        for (int i = 0; i < mapped.Length; i++)
        {
            int from = left + (int)(i * perCode), to = Math.Min(left + (int)((i + 1) * perCode), left + wide);
            if (from >= left + wide)
                break;
            string code = (mapped[i].Code - 1).ToString(CultureInfo.InvariantCulture);
            Segment(picture, code, from, to, Top(1), strip, left + wide, Color.Ink, mapped[i].PredictedLabel);
            Segment(picture, mapped[i].PredictedLabel, from, to, Top(2), strip, left + wide, Ink(mapped[i]));
            Segment(picture, classified.Frames[i].PredictedLabel, from, to, Top(3), strip, left + wide, Ink(classified.Frames[i]));
        }
        return picture;

        static Color Ink(ClassifiedFrame frame) => frame.Phone == frame.PredictedLabel ? Color.Ink : Wrong;
    }

    static void Segment(Picture picture, string text, int from, int to, int top, int height, int end, Color ink, string? phone = null)
    {
        if (from >= end || to <= from)
            return;
        picture.Fill(from, top, Math.Max(1, to - from - 1), height, KindColors[PhoneOrder.KindOf(phone ?? text)]);
        if (Lettering.Measure(text) <= to - from)
            picture.WriteCentred(text, (from + to) / 2, top + (height - Lettering.Height) / 2, ink);
        else if (ink != Color.Ink)
            picture.Fill(from, top + height - 3, Math.Max(1, to - from - 1), 3, ink);
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

    static void Matrix(Picture picture, double[,] shares, int left, int top, int width, int height)
    {
        for (int row = 0; row < shares.GetLength(0); row++)
        {
            for (int column = 0; column < shares.GetLength(1); column++)
                // The root makes small shares visible.
                picture.Fill(left + column * width, top + row * height, width, height, ColorMap.At(Math.Sqrt(shares[row, column])));
        }
    }

    static void PhoneLabels(Picture picture, string[] phones, int left, int top, int cell)
    {
        for (int i = 0; i < phones.Length; i++)
            picture.Write(phones[i], left - 6 - Lettering.Measure(phones[i]), top + i * cell + (cell - Lettering.Height) / 2, Color.Ink);
    }

    static void Legend(Picture picture, int left, int top, string what)
    {
        const int width = 220;
        for (int x = 0; x < width; x++)
            picture.Fill(left + x, top, 1, 10, ColorMap.At((double)x / width));
        foreach ((double share, string label) in ((double, string)[])[(0, "0"), (0.25, "25%"), (1, "100%")])
            picture.WriteCentred(label, left + (int)(Math.Sqrt(share) * width), top + 15, Color.Ink);
        picture.Write(what, left + width + 24, top + 1, Color.Ink);
    }

    static void Header(Picture picture, string title, string remark)
    {
        picture.Write(title, Margin, 16, Color.Ink, 2);
        picture.Write(remark, Margin, 40, Color.Accent);
    }

    static Color Darker(Color color) => new((byte)(color.Red * 3 / 4), (byte)(color.Green * 3 / 4), (byte)(color.Blue * 3 / 4));
}

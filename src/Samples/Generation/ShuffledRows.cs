using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>Pictures that are none: every row of pixels is a row of a real picture, but they come in any order.</summary>
internal static class ShuffledRows
{
    public static LabelledImage Of(LabelledImage picture, ImageShape shape, int seed)
    {
        int[] order = [.. Enumerable.Range(0, shape.Height)];
        new Random(seed).Shuffle(order);
        float[] pixels = new float[shape.Values];
        for (int channel = 0; channel < shape.Channels; channel++)
        {
            for (int y = 0; y < shape.Height; y++)
            {
                int from = (channel * shape.Height + order[y]) * shape.Width, to = (channel * shape.Height + y) * shape.Width;
                picture.Pixels.AsSpan(from, shape.Width).CopyTo(pixels.AsSpan(to));
            }
        }
        return new LabelledImage { Pixels = pixels, Class = picture.Class };
    }

    /// <summary>The area under the ROC curve: how often a score of the second is higher than one of the first; ties count half.</summary>
    public static double AreaUnderCurve(IReadOnlyCollection<float> usual, IReadOnlyCollection<float> strange)
    {
        var sorted = usual.Select(score => (score, isStrange: false)).Concat(strange.Select(score => (score, isStrange: true)))
            .GroupBy(row => row.score).OrderBy(group => group.Key);
        double below = 0, area = 0;
        foreach (var group in sorted)
        {
            int strangeHere = group.Count(row => row.isStrange), usualHere = group.Count() - strangeHere;
            area += strangeHere * (below + usualHere / 2.0);
            below += usualHere;
        }
        return area / ((double)usual.Count * strange.Count);
    }
}

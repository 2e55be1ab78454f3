namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>
/// Estimates the horizontal motion between two frames: the shift at which the columns that both frames show differ least.
/// </summary>
internal static class HorizontalFlow
{
    /// <summary>The largest shift, as a fraction of the width.</summary>
    const double LargestShift = 0.3;

    /// <summary>Pixels to the right; when the player turns left, the image moves right.</summary>
    public static int Between(ReadOnlySpan<float> before, ReadOnlySpan<float> after, int side)
    {
        float[] from = Gray(before, side), to = Gray(after, side);
        int largest = (int)(LargestShift * side), best = 0;
        double least = double.PositiveInfinity;
        // From the center outwards: of equally good shifts, the smallest.
        for (int distance = 0; distance <= largest; distance++)
            foreach (int shift in distance == 0 ? (int[])[0] : [distance, -distance])
            {
                double difference = Difference(from, to, side, shift);
                if (difference < least)
                    (least, best) = (difference, shift);
            }
        return best;
    }

    /// <summary>The mean squared difference over the overlap when the first frame is shifted to the right.</summary>
    static double Difference(float[] from, float[] to, int side, int shift)
    {
        double sum = 0;
        int width = side - Math.Abs(shift), left = Math.Max(0, shift);
        for (int y = 0; y < side; y++)
            for (int x = left; x < left + width; x++)
            {
                double difference = to[y * side + x] - from[y * side + x - shift];
                sum += difference * difference;
            }
        return sum / (width * side);
    }

    static float[] Gray(ReadOnlySpan<float> planar, int side)
    {
        int plane = side * side;
        float[] gray = new float[plane];
        for (int i = 0; i < plane; i++)
            gray[i] = 0.299f * planar[i] + 0.587f * planar[plane + i] + 0.114f * planar[2 * plane + i];
        return gray;
    }
}

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>Rollouts from the same starts: the generated frames of each start, planar from 0 to 255.</summary>
internal sealed record Rollouts(string Title, IReadOnlyList<IReadOnlyList<float[]>> Frames)
{
    /// <summary>The mean squared error per step.</summary>
    public double[] ErrorByStep(IReadOnlyList<Start> starts) => MeanByStep(starts, (start, step) => Error(Frames[start][step],
        starts[start].Truth[step]));

    /// <summary>The mean squared error per step of the last given frame as the prediction.</summary>
    public static double[] CopyErrorByStep(IReadOnlyList<Start> starts) => MeanByStep(starts, (start, step) => Error(
        Array.ConvertAll(starts[start].Given.Last(), level => (float)level), starts[start].Truth[step]));

    /// <summary>The mean frame of several rollouts of each start. They are added up one after the other, since all of them at once would take
    /// much memory.</summary>
    public static Rollouts MeanOf(string title, IEnumerable<Rollouts> several)
    {
        float[][][] sums = [];
        int count = 0;
        foreach (Rollouts one in several)
        {
            if (count++ == 0)
                sums = [.. one.Frames.Select(frames => frames.Select(frame => new float[frame.Length]).ToArray())];
            foreach ((float[][] sumsOfStart, IReadOnlyList<float[]> frames) in sums.Zip(one.Frames))
                foreach ((float[] sum, float[] frame) in sumsOfStart.Zip(frames))
                    for (int i = 0; i < sum.Length; i++)
                        sum[i] += frame[i];
        }
        return new Rollouts(title, [.. sums.Select(frames => Array.ConvertAll(frames, sum => Array.ConvertAll(sum, level => level / count)))]);
    }

    /// <summary>The mean squared difference of two frames.</summary>
    public static double Error(ReadOnlySpan<float> frame, ReadOnlySpan<byte> truth)
    {
        double sum = 0;
        for (int i = 0; i < frame.Length; i++)
            sum += (frame[i] - truth[i]) * (frame[i] - truth[i]);
        return sum / frame.Length;
    }

    /// <summary>The horizontal motion of each step of each rollout, in pixels to the right.</summary>
    public IReadOnlyList<int[]> Flow(int side) => [.. Frames.Select(frames => Enumerable.Range(1, frames.Count - 1)
        .Select(step => HorizontalFlow.Between(frames[step - 1], frames[step], side)).ToArray())];

    static double[] MeanByStep(IReadOnlyList<Start> starts, Func<int, int, double> error) =>
        [.. Enumerable.Range(0, VideoPlan.FramesMade)
            .Select(step => Enumerable.Range(0, starts.Count).Average(start => error(start, step)))];
}

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

    /// <summary>The fraction of true turns in which the estimated flow has the right sign.</summary>
    public static double AgreementOfTrueTurns(VideoData data)
    {
        int[] shifts = [.. from episode in data.Test
                           from frame in Enumerable.Range(1, episode.Frames.Count - 1)
                           let action = episode.Actions[frame]
                           where action is GameActions.Left or GameActions.Right
                           let shift = Between(
                               Array.ConvertAll(episode.Frames[frame - 1], level => (float)level),
                               Array.ConvertAll(episode.Frames[frame], level => (float)level), data.Side)
                           select action == GameActions.Left ? shift : -shift];
        return shifts.Length == 0 ? double.NaN : shifts.Average(shift => shift > 0 ? 1.0 : 0);
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

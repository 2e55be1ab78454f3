namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>Rollouts from the same starts: for each start the frames made, planar from 0 to 255.</summary>
internal sealed record Rollouts(string Title, IReadOnlyList<IReadOnlyList<float[]>> Frames)
{
    /// <summary>The mean squared error against how it really went on, for each step.</summary>
    public double[] ErrorByStep(IReadOnlyList<Start> starts) => MeanByStep(starts, (start, step) => Error(Frames[start][step],
        starts[start].Truth[step]));

    /// <summary>The same of the last frame given, taken for all that follow.</summary>
    public static double[] CopyErrorByStep(IReadOnlyList<Start> starts) => MeanByStep(starts, (start, step) => Error(
        Array.ConvertAll(starts[start].Given.Last(), level => (float)level), starts[start].Truth[step]));

    /// <summary>The mean squared difference of two frames.</summary>
    public static double Error(ReadOnlySpan<float> frame, ReadOnlySpan<byte> truth)
    {
        double sum = 0;
        for (int i = 0; i < frame.Length; i++)
            sum += (frame[i] - truth[i]) * (frame[i] - truth[i]);
        return sum / frame.Length;
    }

    /// <summary>The movement of the picture to the right in each step of each rollout, in pixels.</summary>
    public IReadOnlyList<int[]> Flow(int side) => [.. Frames.Select(frames => Enumerable.Range(1, frames.Count - 1)
        .Select(step => HorizontalFlow.Between(frames[step - 1], frames[step], side)).ToArray())];

    static double[] MeanByStep(IReadOnlyList<Start> starts, Func<int, int, double> error) =>
        [.. Enumerable.Range(0, VideoPlan.FramesMade)
            .Select(step => Enumerable.Range(0, starts.Count).Average(start => error(start, step)))];
}

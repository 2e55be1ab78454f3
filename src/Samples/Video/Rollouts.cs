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

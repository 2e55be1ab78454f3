namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>Mean squared errors of the first frame after the given ones, as predicted in several ways, with the true action.</summary>
/// <param name="Starts">The number of places.</param>
/// <param name="Encoded">The true frame, encoded and decoded: what the codec loses.</param>
/// <param name="BestMoves">Blocks of the last given frame, as its codes show it, each from where it is most like the true frame, which only
/// the true frame tells; then encoded and decoded.</param>
/// <param name="RepeatedMoves">The same blocks, each moved as what is at its place has moved between the last two given frames.</param>
/// <param name="MeanOfRollouts">The mean frame of several rollouts.</param>
/// <param name="Rollout">One rollout.</param>
/// <param name="LastFrame">The last given frame.</param>
internal sealed record FirstStep(
    int Starts, double Encoded, double BestMoves, double RepeatedMoves, double MeanOfRollouts, double Rollout, double LastFrame)
{
    /// <summary>Measures the first frames.</summary>
    /// <param name="data">The frames.</param>
    /// <param name="codec">The codec of the frames.</param>
    /// <param name="starts">The places, with two given frames or more.</param>
    /// <param name="rollouts">A rollout of the true actions from each place.</param>
    /// <param name="mean">The mean frames of several such rollouts.</param>
    /// <param name="cancellation">Cancels the search for moves.</param>
    /// <returns>The errors of each place, in the order of the starts.</returns>
    public static FirstStep[] Measure(
        VideoData data, ImageVqVaeTransformer codec, IReadOnlyList<Start> starts, Rollouts rollouts, Rollouts mean,
        CancellationToken cancellation)
    {
        float[][] truth = Floats(start => start.Truth[0]), given = Floats(start => start.Given.Last());
        float[][] last = Decoded(given), before = Decoded(Floats(start => start.Given.SkipLast(1).Last()));
        float[][] encoded = Decoded(truth), best = Decoded(Moved(last, truth)), repeated = Decoded(Moved(before, last));
        return [.. starts.Select((start, number) =>
        {
            double Error(float[] frame) => Rollouts.Error(frame, start.Truth[0]);
            return new FirstStep(1, Error(encoded[number]), Error(best[number]), Error(repeated[number]), Error(mean.Frames[number][0]),
                Error(rollouts.Frames[number][0]), Error(given[number]));
        })];

        float[][] Floats(Func<Start, byte[]> frame) => [.. starts.Select(start => Array.ConvertAll(frame(start), level => (float)level))];

        float[][] Decoded(float[][] frames) => CodeStability.Encoded(data, codec, frames).Decoded;

        // Blocks of the last given frames, displaced as those of the first argument have moved in the second.
        float[][] Moved(float[][] from, float[][] to) => [.. Enumerable.Range(0, starts.Count).AsParallel().AsOrdered().WithCancellation(cancellation)
            .Select(number => MovedBlocks.Displaced(last[number], MovedBlocks.BestMatches(from[number], to[number], data.Side), data.Side))];
    }

    /// <summary>The mean over several places.</summary>
    public static FirstStep MeanOf(IReadOnlyCollection<FirstStep> places)
    {
        double Mean(Func<FirstStep, double> error) => places.Average(error);
        return new(places.Sum(place => place.Starts), Mean(place => place.Encoded), Mean(place => place.BestMoves),
            Mean(place => place.RepeatedMoves), Mean(place => place.MeanOfRollouts), Mean(place => place.Rollout), Mean(place => place.LastFrame));
    }

    /// <summary>The mean errors by the action that leads to the frame.</summary>
    public static IReadOnlyDictionary<string, FirstStep> ByAction(IReadOnlyList<Start> starts, IReadOnlyList<FirstStep> places) =>
        starts.Zip(places).GroupBy(pair => pair.First.TrueActions[0], pair => pair.Second)
            .OrderBy(ofAction => ofAction.Key, StringComparer.Ordinal)
            .ToDictionary(ofAction => ofAction.Key, ofAction => MeanOf([.. ofAction]));
}

using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>The errors of the first frame after the given ones.</summary>
[TestClass]
public sealed class FirstStepTests
{
    const int Side = 28;

    static readonly MLContext ML = new(seed: 1);

    static readonly string[] Actions = ["forward", "left", "right"];

    static ImageVqVaeTransformer _codec = null!;

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        VideoData data = Data(frame => frame);
        var options = new ImageVqVaeOptions { ReconstructionColumnName = nameof(DecodedFrame.Decoded) };
        options.Training.Steps = 150;
        options.Training.BatchSize = 8;
        options.Training.Seed = 1;
        options.VectorQuantizer.Codes = 32;
        _codec = ML.Transforms.VqVae.EncodeVideo("Codes", "Pixels", options).Fit(data.Rows(data.Train));
    }

    [ClassCleanup]
    public static void Free() => _codec.Dispose();

    [TestMethod]
    public void Motion_that_goes_on_is_known_and_other_motion_only_afterwards()
    {
        VideoData even = Data(frame => frame), jump = Data(frame => frame <= VideoPlan.FramesGiven ? 0 : 5);
        // What moved before moves on: both ways are nearly as good as the codec, but for the column that was not seen before.
        FirstStep known = Measure(even);
        Assert.AreEqual(known.Encoded, known.BestMoves, 0.2 * known.Encoded);
        Assert.IsLessThan(0.1 * known.LastFrame, known.RepeatedMoves);
        // What stood still and then jumps is as wrong as the last frame, while the best moves follow it.
        FirstStep unknown = Measure(jump);
        Assert.IsLessThan(0.5 * unknown.RepeatedMoves, unknown.BestMoves);
        Assert.IsGreaterThan(10 * unknown.Encoded, unknown.LastFrame);
        Assert.IsGreaterThan(0.5 * unknown.LastFrame, unknown.RepeatedMoves);
    }

    [TestMethod]
    public void Rollouts_are_compared_with_the_first_true_frame()
    {
        // Levels 2 and 1 too high, in frames that differ from step to step.
        FirstStep step = Measure(Data(frame => frame));
        Assert.AreEqual(4, step.Rollout);
        Assert.AreEqual(1, step.MeanOfRollouts);
        Assert.IsGreaterThan(0, step.LastFrame);
        Assert.AreEqual(1, step.Starts);
        Assert.AreEqual(0, Measure(Data(frame => 0)).LastFrame);
    }

    [TestMethod]
    public void Places_are_grouped_by_the_action_that_leads_on()
    {
        VideoData data = Data(frame => 0);
        // Forward, left, right, and left once more.
        Start[] starts = [.. data.Starts(3), .. data.Starts(1)];
        FirstStep[] places = [.. Enumerable.Range(1, starts.Length).Select(level => new FirstStep(1, level, level, level, level, level, level))];
        IReadOnlyDictionary<string, FirstStep> byAction = FirstStep.ByAction(starts, places);
        CollectionAssert.AreEqual(new[] { "forward", "left", "right" }, byAction.Keys.ToArray());
        Assert.AreEqual(new FirstStep(1, 1, 1, 1, 1, 1, 1), byAction["forward"]);
        Assert.AreEqual(new FirstStep(2, 3, 3, 3, 3, 3, 3), byAction["left"]);
        Assert.AreEqual(new FirstStep(1, 3, 3, 3, 3, 3, 3), byAction["right"]);
    }

    /// <summary>The first step of one place, with rollouts that are two levels too high, and means that are one level too high.</summary>
    static FirstStep Measure(VideoData data)
    {
        IReadOnlyList<Start> starts = data.Starts(1);
        Rollouts TooHigh(int levels) => new("some", [.. starts.Select(start => (IReadOnlyList<float[]>)[.. start.Truth.Select(frame =>
            Array.ConvertAll(frame, level => (float)level + levels))])]);
        return FirstStep.MeanOf(FirstStep.Measure(data, _codec, starts, TooHigh(2), TooHigh(1), CancellationToken.None));
    }

    /// <summary>Two episodes of one scene, bright columns on dark ground, moved to the left by so many pixels in each frame.</summary>
    static VideoData Data(Func<int, int> pixels)
    {
        byte[][] frames = [.. Enumerable.Range(0, Start.Frames + 2).Select(number => Enumerable.Range(0, 3 * Side * Side)
            .Select(i => (byte)((i % Side + pixels(number)) / 4 % 3 == 0 ? 230 : 20)).ToArray())];
        string[] actions = [.. frames.Select((_, frame) => Actions[frame % 3])];
        return new VideoData(ML, "folder", [new("first", Side, frames, actions), new("second", Side, frames, actions)]);
    }
}

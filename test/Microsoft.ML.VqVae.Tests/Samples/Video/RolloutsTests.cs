using System.Text.Json;
using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>The errors of rollouts, and where they are written.</summary>
[TestClass]
public sealed class RolloutsTests
{
    const int Side = 2, Values = 3 * Side * Side;

    /// <summary>An episode whose true frames have the level 100 everywhere.</summary>
    static readonly Episode Walk = new("walk", Side,
        [.. Enumerable.Range(0, Start.Frames).Select(_ => Enumerable.Repeat((byte)100, Values).ToArray())],
        [.. Enumerable.Repeat("forward", Start.Frames)]);

    static readonly Start[] Starts = [new("one", Walk, First: 0), new("two", Walk, First: 0)];

    /// <summary>Rollouts that are off by some levels, in each step one level more, from the second start twice as much.</summary>
    static Rollouts OffBy(int levels) => new("some", [.. Starts.Select((_, start) =>
        (IReadOnlyList<float[]>)[.. Enumerable.Range(0, VideoPlan.FramesMade).Select(step =>
            Enumerable.Repeat(100f + (start + 1) * (levels + Math.Sign(levels) * step), Values).ToArray())])]);

    [TestMethod]
    public void The_mean_of_rollouts_is_closer_to_the_truth_than_each_of_them()
    {
        Rollouts above = OffBy(4), below = OffBy(-2);
        var mean = Rollouts.MeanOf("mean of 2", [above, below]);
        Assert.AreEqual("mean of 2", mean.Title);
        // In each step the one is 4 + step too high, and the other 2 + step too low.
        foreach (IReadOnlyList<float[]> frames in mean.Frames)
            Assert.HasCount(VideoPlan.FramesMade, frames);
        CollectionAssert.AreEqual(Enumerable.Repeat(101f, Values).ToArray(), mean.Frames[0][0]);
        CollectionAssert.AreEqual(Enumerable.Repeat(102f, Values).ToArray(), mean.Frames[1][9]);
        CollectionAssert.AreEqual(Enumerable.Repeat((1 + 4) / 2.0, VideoPlan.FramesMade).ToArray(), mean.ErrorByStep(Starts));
        Assert.AreEqual((16 + 64) / 2.0, above.ErrorByStep(Starts)[0]);
        // Those that it is of are as they were.
        CollectionAssert.AreEqual(OffBy(4).Frames[1][3], above.Frames[1][3]);
    }

    [TestMethod]
    public void A_quick_run_takes_the_mean_of_two_rollouts_and_others_of_eight()
    {
        Assert.AreEqual(8, VideoPlan.For(new VideoSettings()).RolloutsInMean);
        Assert.AreEqual(2, VideoPlan.For(new VideoSettings { Quick = true }).RolloutsInMean);
    }

    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new VideoMetrics
        {
            Dataset = "Freedoom", TrainFrames = 5600, TestFrames = 800, CodeGrid = "21×21×1 of 64", Seconds = 450, DataSeconds = 1,
            CodecSeconds = 70, PriorSeconds = 345, RolloutSeconds = 33, FramePsnrDb = 29.7, Perplexity = 48, CodesChangedWhereStill = 0,
            EqualCodesByPixelsMoved = [1, 0.5], MseByPixelsMoved = [68, 69], MseOfMovedReconstructions = [69, 84],
            BitsPerFrameTrueActions = 1238, BitsPerFrameShuffledActions = 1448, BitsDifferenceStandardError = 11,
            CopyLastFrameBitsOrMse = 500, RolloutMseByStep = [400, 524], RolloutMseOfMeanByStep = [250, 300], RolloutsInMean = 8,
            RolloutMseCopyLastByStep = [510, 607], FirstStep = Step(64),
            FirstStepByAction = new Dictionary<string, FirstStep> { ["forward-left"] = Step(5) },
            RolloutsBetterFromStep = 1, LeftRightFlowAgreement = 1,
            LeftRightFlowAgreementOfSteps = 0.987, FlowAgreementOfTrueTurns = 0.981,
        }.Save(folder.File("metrics.json"));
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        CollectionAssert.AreEqual(
            ("dataset train_frames test_frames code_grid seconds data_seconds codec_seconds prior_seconds rollout_seconds frame_psnr_db "
                + "perplexity codes_changed_where_still equal_codes_by_pixels_moved mse_by_pixels_moved mse_of_moved_reconstructions "
                + "bits_per_frame_true_actions bits_per_frame_shuffled_actions bits_difference_standard_error copy_last_frame_bits_or_mse "
                + "rollout_mse_by_step rollout_mse_of_mean_by_step rollouts_in_mean rollout_mse_copy_last_by_step "
                + "first_step first_step_by_action rollouts_better_from_step "
                + "left_right_flow_agreement left_right_flow_agreement_of_steps flow_agreement_of_true_turns").Split(' '),
            file.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
        Assert.AreEqual(300, file.RootElement.GetProperty("rollout_mse_of_mean_by_step")[1].GetDouble());
        CollectionAssert.AreEqual(
            "starts encoded best_moves repeated_moves mean_of_rollouts rollout last_frame".Split(' '),
            file.RootElement.GetProperty("first_step").EnumerateObject().Select(property => property.Name).ToArray());
        Assert.AreEqual(5, file.RootElement.GetProperty("first_step_by_action").GetProperty("forward-left").GetProperty("starts").GetInt32());
    }

    static FirstStep Step(int starts) =>
        new(starts, Encoded: 68, BestMoves: 124, RepeatedMoves: 286, MeanOfRollouts: 260, Rollout: 369, LastFrame: 510);
}

using System.Globalization;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>
/// Action-conditioned video prediction (section 4.4 of the paper): encodes frames, trains a prior over the codes of the next frame given
/// the action, and generates frames in code space for actions that were not taken.
/// </summary>
internal sealed class VideoSample(VideoSettings settings, CancellationToken cancellation)
    : Sample<VideoSettings>(settings, cancellation)
{
    const int StartsShown = 2;

    protected override string Title => "Video generated from codes and actions";

    protected override SampleResult Work(Stages stages)
    {
        VideoPlan plan = VideoPlan.For(Settings);
        VideoData data = stages.Run(
            Settings.DataFolder is null ? "Record the episodes" : "Read the frames", stage => ReadData(plan, stage));
        int trainFrames = data.Train.Sum(episode => episode.Frames.Count), testFrames = data.Test.Sum(episode => episode.Frames.Count);
        double dataSeconds = Lap(0);

        // 1. The codec is trained on single frames.
        ImageVqVaeOptions codecOptions = plan.CodecOptions(Settings);
        using ImageVqVaeTransformer codec = stages.Train(
            $"Train the VQ-VAE on {trainFrames:N0} frames of {data.Side}×{data.Side}", codecOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeVideo("Codes", "Pixels", codecOptions).Fit(data.Rows(data.Train, VideoPlan.CodecEveryFrame)));
        double codecSeconds = Lap(dataSeconds);

        // 2. The prior is trained on codes, actions and episodes.
        IDataView test = Encode(codec, data.Rows(data.Test), "Pixels", nameof(DecodedFrame.Decoded));
        VqVaeMetrics quality = stages.Run("Evaluate the codec on the test frames", _ =>
            VqVaeMetrics.Evaluate(test, "Codes", "Pixels", nameof(DecodedFrame.Decoded)));
        CodeStability stability = stages.Run("Move test frames by a few pixels", _ =>
            CodeStability.Measure(data, codec, [.. CodeStability.Codes(test)]));
        IDataView train = Encode(codec, data.Rows(data.Train));
        VideoPriorOptions priorOptions = plan.PriorOptions(Settings);
        using VideoPriorTransformer prior = stages.Train(
            $"Train the prior on {trainFrames:N0} frames of codes", priorOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.VideoPrior("Bits", "Codes", "Move", "Walk", priorOptions).Fit(WithKeys(train, "Action")));
        ML.Model.Save(prior, test.Schema, Out("prior.zip"));
        ML.Model.Save(codec, test.Schema, Out("codec.zip"));
        double priorSeconds = Lap(dataSeconds + codecSeconds);

        // 3. The information in the actions: bits with the true actions and with shuffled ones.
        float[] bits = stages.Run("Score the test frames", _ => Bits(prior, WithKeys(test, "Action")));
        float[] shuffled = stages.Run("Score them with shuffled actions", _ => Bits(prior, WithKeys(test, "ShuffledAction")));

        // 4. Rollouts of ten frames from six given frames, with the true actions and with others.
        IReadOnlyList<Start> starts = data.Starts(plan.Starts);
        IDataView given = Encode(codec, data.Rows(starts));
        Rollouts Roll(string title, Func<Start, IReadOnlyList<string>> actions, int number = 0) =>
            stages.Run($"Roll out \"{title}\"{(number == 0 ? "" : $", draw {number + 1} of {plan.RolloutsInMean}")}", stage =>
                RollOut(codec, prior, given, starts, title, actions, Settings.Seed + number, stage));
        Rollouts same = Roll("true actions", start => start.TrueActions);
        Rollouts[] others =
        [
            Roll("move forward", _ => Held(GameActions.Forward)), Roll("turn right", _ => Held(GameActions.Right)),
            Roll("turn left", _ => Held(GameActions.Left)),
        ];
        // One rollout is a draw from what may come next, and so is the true continuation: the squared error of the one against the other is up to
        // twice that of the mean of what may come.
        Rollouts mean = Rollouts.MeanOf($"mean of {plan.RolloutsInMean}", Enumerable.Range(0, plan.RolloutsInMean)
            .Select(number => number == 0 ? same : Roll(same.Title, start => start.TrueActions, number)));
        double rolloutSeconds = Lap(dataSeconds + codecSeconds + priorSeconds);
        FirstStep[] firstSteps = stages.Run("Move blocks of the last given frames", _ =>
            FirstStep.Measure(data, codec, starts, same, mean, Cancellation));
        FirstStep firstStep = FirstStep.MeanOf(firstSteps);

        double[] error = same.ErrorByStep(starts), ofMean = mean.ErrorByStep(starts), copied = Rollouts.CopyErrorByStep(starts);
        // When the player turns left, the image moves to the right.
        int[][] turns =
        [
            .. others[2].Flow(data.Side),
            .. others[1].Flow(data.Side).Select(flow => Array.ConvertAll(flow, shift => -shift)),
        ];
        stages.Run("Draw the figures", _ => Draw(data, starts, [same, .. others], mean, quality, codec));
        var metrics = new VideoMetrics
        {
            Dataset = Settings.DataFolder is { } folder ? new DirectoryInfo(folder).Name : "Freedoom",
            TrainFrames = trainFrames,
            TestFrames = testFrames,
            CodeGrid = $"{codec.CodeGrid.Height}×{codec.CodeGrid.Width}×{codec.CodeGrid.CodesPerPosition} of {codec.Codes}",
            Seconds = Seconds,
            DataSeconds = dataSeconds,
            CodecSeconds = codecSeconds,
            PriorSeconds = priorSeconds,
            RolloutSeconds = rolloutSeconds,
            FramePsnrDb = quality.PeakSignalToNoiseRatio,
            Perplexity = quality.Perplexity,
            CodesChangedWhereStill = stability.ChangedWhereStill,
            EqualCodesByPixelsMoved = [.. stability.Moved.Select(moved => moved.EqualCodes)],
            MseByPixelsMoved = [.. stability.Moved.Select(moved => moved.Error)],
            MseOfMovedReconstructions = [.. stability.Moved.Select(moved => moved.ErrorOfReconstructions)],
            BitsPerFrameTrueActions = bits.Average(),
            BitsPerFrameShuffledActions = shuffled.Average(),
            BitsDifferenceStandardError = PairedDifference.Of(shuffled, bits).StandardError,
            CopyLastFrameBitsOrMse = CopyError(data.Test),
            RolloutMseByStep = error,
            RolloutMseOfMeanByStep = ofMean,
            RolloutsInMean = plan.RolloutsInMean,
            RolloutMseCopyLastByStep = copied,
            FirstStep = firstStep,
            FirstStepByAction = FirstStep.ByAction(starts, firstSteps),
            RolloutsBetterFromStep = 1 + Enumerable.Range(0, error.Length).Count(step => !Better(step)) is var step && step <= error.Length
                ? step : 0,
            LeftRightFlowAgreement = turns.Average(flow => flow.Sum() > 0 ? 1.0 : 0),
            LeftRightFlowAgreementOfSteps = turns.SelectMany(flow => flow).Average(shift => shift > 0 ? 1.0 : 0),
            FlowAgreementOfTrueTurns = HorizontalFlow.AgreementOfTrueTurns(data),
        };
        Table table = TableOf("On the test episodes", "")
            .AddRow("PSNR of reconstructed frames", $"{metrics.FramePsnrDb:0.00} dB")
            .AddRow("codes that change where nothing moves", $"{metrics.CodesChangedWhereStill:0.0%}")
            .AddRow("codes known after a move of half a code", $"{HalfACode(metrics.EqualCodesByPixelsMoved):0.0%}")
            .AddRow("bits per frame, true actions", $"{metrics.BitsPerFrameTrueActions:0}")
            .AddRow("bits per frame, shuffled actions",
                $"{metrics.BitsPerFrameShuffledActions:0} (difference ± {metrics.BitsDifferenceStandardError:0.0})")
            .AddRow("squared error of rollouts, steps 1, 2, 10", $"{error[0]:0}, {error[1]:0}, {error[^1]:0}")
            .AddRow($"squared error of the mean of {plan.RolloutsInMean} rollouts", $"{ofMean[0]:0}, {ofMean[1]:0}, {ofMean[^1]:0}")
            .AddRow("squared error of the last given frame", $"{copied[0]:0}, {copied[1]:0}, {copied[^1]:0}")
            .AddRow("squared error of moved blocks of that frame, step 1: best, repeated moves",
                $"{firstStep.BestMoves:0}, {firstStep.RepeatedMoves:0}")
            .AddRow("turns in the right direction", $"{metrics.LeftRightFlowAgreement:0.0%}");
        table.Columns[1].RightAligned();
        return new SampleResult(metrics, table, $"{metrics.Dataset}, {metrics.Seconds:0} s");

        static double HalfACode(double[] byPixels) => byPixels[byPixels.Length / 2];

        // Whether rollouts are closer to the true frames from this step on.
        bool Better(int from) => Enumerable.Range(from, error.Length - from).All(later => error[later] < copied[later]);
    }

    VideoData ReadData(VideoPlan plan, Stage stage)
    {
        string folder = Settings.DataFolder
            ?? DoomVideo.Open(GeneratedData.CacheFolder, plan.Episodes, DoomVideo.FramesOfEpisode, stage, Cancellation);
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --data, does not exist.");
        return new VideoData(ML, folder, FrameStrips.Read(folder, Cancellation));
    }

    /// <summary>Codes, actions and episodes, computed once.</summary>
    IDataView Encode(ImageVqVaeTransformer codec, IDataView frames, params string[] others)
    {
        IDataView encoded = codec.Transform(frames);
        return ML.Data.Cache(ML.Transforms.SelectColumns(["Codes", "Action", "ShuffledAction", "Episode", .. others])
            .Fit(encoded).Transform(encoded));
    }

    IDataView WithKeys(IDataView encoded, string actions) => ML.Transforms.Conversion.MapValueToKey("Move", actions)
        .Append(ML.Transforms.Conversion.MapValueToKey("Walk", "Episode")).Fit(encoded).Transform(encoded);

    float[] Bits(VideoPriorTransformer prior, IDataView encoded)
    {
        var bits = new List<float>();
        foreach (FrameBits frame in ML.Data.CreateEnumerable<FrameBits>(prior.Transform(encoded), reuseRowObject: true))
        {
            Cancellation.ThrowIfCancellationRequested();
            if (!float.IsNaN(frame.Bits))
                bits.Add(frame.Bits);
        }
        return [.. bits];
    }

    Rollouts RollOut(
        ImageVqVaeTransformer codec, VideoPriorTransformer prior, IDataView given, IReadOnlyList<Start> starts, string title,
        Func<Start, IReadOnlyList<string>> actions, int seed, Stage stage)
    {
        var options = new SamplingOptions
        {
            Seed = seed,
            CancellationToken = Cancellation,
            Progress = stage.Shares("of the codes"),
        };
        IDataView made = prior.Rollout(
            ML, WithKeys(given, "Action"), starts.ToDictionary(start => start.Name, actions), options: options);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder(nameof(DecodedFrame.Decoded));
        float[][] frames = [.. ML.Data.CreateEnumerable<DecodedFrame>(decoder.Transform(made), reuseRowObject: false)
            .Select(frame => frame.Decoded)];
        return new Rollouts(title, frames.Chunk(VideoPlan.FramesMade).ToArray());
    }

    static string[] Held(string action) => [.. Enumerable.Repeat(action, VideoPlan.FramesMade)];

    static double CopyError(IReadOnlyList<Episode> episodes) => episodes.SelectMany(episode => Enumerable.Range(1, episode.Frames.Count - 1)
        .Select(frame => Rollouts.Error(
            Array.ConvertAll(episode.Frames[frame - 1], level => (float)level), episode.Frames[frame]))).Average();

    void Draw(
        VideoData data, IReadOnlyList<Start> starts, Rollouts[] rollouts, Rollouts mean, VqVaeMetrics quality, ImageVqVaeTransformer codec)
    {
        // Starts from different places, one of each half.
        int[] shown = [.. Enumerable.Range(0, Math.Min(StartsShown, starts.Count))
            .Select(number => (2 * number + 1) * starts.Count / (2 * StartsShown))];
        Start[] some = [.. shown.Select(number => starts[number])];
        Rollouts[] ofThem = [.. rollouts.Select(OfThem)];
        string remark = $"Six frames given, ten generated in {codec.CodeGrid.Height}×{codec.CodeGrid.Width} "
            + $"codes of {codec.Codes}, then decoded; reconstructed frames have a PSNR of {quality.PeakSignalToNoiseRatio:0.0} dB. "
            + $"\"{mean.Title}\": the mean frames of rollouts of the true actions";
        Show(VideoFigures.Moving(data.Side, some, ofThem), "rollouts-animated.png",
            "An animation: true frames, and rollouts of four kinds of actions");
        Show(VideoFigures.Rows("Rollouts of actions that were not taken", remark, data.Side, some, [ofThem[0], OfThem(mean), .. ofThem[1..]]),
            "rollouts.png", "Places: given frames, the true continuation, and rollouts of four kinds of actions");

        Rollouts OfThem(Rollouts all) => all with { Frames = [.. shown.Select(number => all.Frames[number])] };
    }

    double Lap(double before) => Math.Round(Seconds - before, 1);
}

/// <summary>The content of metrics.json. Squared errors are in squared levels of 0…255.</summary>
internal sealed record VideoMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainFrames { get; init; }

    public required int TestFrames { get; init; }

    public required string CodeGrid { get; init; }

    /// <summary>Duration of the whole run, including the generation of the data if it was not cached.</summary>
    public required double Seconds { get; init; }

    public required double DataSeconds { get; init; }

    public required double CodecSeconds { get; init; }

    public required double PriorSeconds { get; init; }

    public required double RolloutSeconds { get; init; }

    /// <summary>Of reconstructed test frames.</summary>
    public required double FramePsnrDb { get; init; }

    public required double Perplexity { get; init; }

    /// <summary>The fraction of codes that differ from those of the previous frame where no pixel around them changed.</summary>
    public required double CodesChangedWhereStill { get; init; }

    /// <summary>By the pixels by which a frame moves, from 0 to the width of a code: the fraction of its codes that are those of its
    /// reconstruction, moved alike.</summary>
    public required double[] EqualCodesByPixelsMoved { get; init; }

    /// <summary>The squared error of moved frames, encoded and decoded.</summary>
    public required double[] MseByPixelsMoved { get; init; }

    /// <summary>The same of their reconstructions, moved, encoded and decoded once more.</summary>
    public required double[] MseOfMovedReconstructions { get; init; }

    public required double BitsPerFrameTrueActions { get; init; }

    public required double BitsPerFrameShuffledActions { get; init; }

    /// <summary>The standard error of the mean difference per frame.</summary>
    public required double BitsDifferenceStandardError { get; init; }

    /// <summary>The squared error of the previous frame as the prediction of a test frame.</summary>
    public required double CopyLastFrameBitsOrMse { get; init; }

    /// <summary>The squared error per step of rollouts with the true actions.</summary>
    public required double[] RolloutMseByStep { get; init; }

    /// <summary>The squared error per step of the mean frame of several rollouts with the true actions.</summary>
    public required double[] RolloutMseOfMeanByStep { get; init; }

    /// <summary>The number of rollouts from each start that these mean frames are of.</summary>
    public required int RolloutsInMean { get; init; }

    /// <summary>The squared error per step of the last given frame as the prediction.</summary>
    public required double[] RolloutMseCopyLastByStep { get; init; }

    /// <summary>The squared errors of the first step, as predicted in several ways.</summary>
    public required FirstStep FirstStep { get; init; }

    /// <summary>The same by the action that leads to the frame.</summary>
    public required IReadOnlyDictionary<string, FirstStep> FirstStepByAction { get; init; }

    /// <summary>The first step from which on rollouts are closer to the true frames than the last given frame; counted from 1, 0 for
    /// never.</summary>
    public required int RolloutsBetterFromStep { get; init; }

    /// <summary>The fraction of the rollouts of "turn left" and "turn right" whose image moves in the right direction overall.</summary>
    public required double LeftRightFlowAgreement { get; init; }

    /// <summary>The same for single steps.</summary>
    public required double LeftRightFlowAgreementOfSteps { get; init; }

    /// <summary>The same for single steps in true video: the reliability of the estimate.</summary>
    public required double FlowAgreementOfTrueTurns { get; init; }
}

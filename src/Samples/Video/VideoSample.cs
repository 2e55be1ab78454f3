using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.VqVae.Samples.Display;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>
/// Section 4.4 of the paper: frames become codes, a prior learns how codes go on given what the player does, and then goes on by itself, in
/// codes alone, for actions that the player did not take.
/// </summary>
internal sealed class VideoSample(VideoSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    const int StartsShown = 2;

    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        VideoMetrics metrics = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics);
        return 0;
    }

    VideoMetrics Work(Stages stages)
    {
        VideoPlan plan = VideoPlan.For(settings);
        VideoData data = stages.Run(settings.DataFolder is null ? "Play the walks" : "Read the frames", stage => ReadData(plan, stage));
        int trainFrames = data.Train.Sum(episode => episode.Frames.Count), testFrames = data.Test.Sum(episode => episode.Frames.Count);
        double dataSeconds = Lap(0);

        // 1. The codec learns from single frames.
        ImageVqVaeOptions codecOptions = plan.CodecOptions(settings);
        using ImageVqVaeTransformer codec = stages.Run($"Train the VQ-VAE on {trainFrames:N0} frames of {data.Side}×{data.Side}", stage =>
        {
            codecOptions.Training.Progress = new TrainingReport(stage);
            codecOptions.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", codecOptions).Fit(data.Rows(data.Train, VideoPlan.CodecEveryFrame));
        });
        double codecSeconds = Lap(dataSeconds);

        // 2. From here on there are codes, actions and episodes.
        IDataView test = Encode(codec, data.Rows(data.Test), "Pixels", nameof(DecodedFrame.Decoded));
        VqVaeMetrics quality = stages.Run("Measure the test frames", _ =>
            VqVaeMetrics.Evaluate(test, "Codes", "Pixels", nameof(DecodedFrame.Decoded)));
        IDataView train = Encode(codec, data.Rows(data.Train));
        VideoPriorOptions priorOptions = plan.PriorOptions(settings);
        using VideoPriorTransformer prior = stages.Run($"Train the prior on {trainFrames:N0} frames of codes", stage =>
        {
            priorOptions.Training.Progress = new TrainingReport(stage);
            priorOptions.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Move", "Walk", priorOptions).Fit(WithKeys(train, "Action"));
        });
        _ml.Model.Save(prior, test.Schema, Out("prior.zip"));
        _ml.Model.Save(codec, test.Schema, Out("codec.zip"));
        double priorSeconds = Lap(dataSeconds + codecSeconds);

        // 3. What are the actions worth? The same frames with the actions of other frames.
        float[] bits = stages.Run("Score the test frames", _ => Bits(prior, WithKeys(test, "Action")));
        float[] shuffled = stages.Run("Score them with shuffled actions", _ => Bits(prior, WithKeys(test, "ShuffledAction")));

        // 4. Six frames in, ten out: with the actions that were taken, and with others.
        IReadOnlyList<Start> starts = data.Starts(plan.Starts);
        IDataView given = Encode(codec, data.Rows(starts));
        Rollouts Roll(string title, Func<Start, IReadOnlyList<string>> actions) => stages.Run($"Roll out \"{title}\"", stage =>
            RollOut(codec, prior, given, starts, title, actions, stage));
        Rollouts same = Roll("true actions", start => start.TrueActions);
        Rollouts[] others =
        [
            Roll("move forward", _ => Held(GameActions.Forward)), Roll("turn right", _ => Held(GameActions.Right)),
            Roll("turn left", _ => Held(GameActions.Left)),
        ];
        double rolloutSeconds = Lap(dataSeconds + codecSeconds + priorSeconds);

        double[] error = same.ErrorByStep(starts), copied = Rollouts.CopyErrorByStep(starts);
        // When the player turns left, the picture moves to the right.
        int[][] turns =
        [
            .. others[2].Flow(data.Side),
            .. others[1].Flow(data.Side).Select(flow => Array.ConvertAll(flow, shift => -shift)),
        ];
        stages.Run("Draw the pictures", _ => Draw(data, starts, [same, .. others], quality, codec));
        return new VideoMetrics
        {
            Dataset = settings.DataFolder is { } folder ? new DirectoryInfo(folder).Name : "Freedoom",
            TrainFrames = trainFrames,
            TestFrames = testFrames,
            CodeGrid = $"{codec.CodeGrid.Height}×{codec.CodeGrid.Width}×{codec.CodeGrid.CodesPerPosition} of {codec.Codes}",
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            DataSeconds = dataSeconds,
            CodecSeconds = codecSeconds,
            PriorSeconds = priorSeconds,
            RolloutSeconds = rolloutSeconds,
            FramePsnrDb = quality.PeakSignalToNoiseRatio,
            Perplexity = quality.Perplexity,
            BitsPerFrameTrueActions = bits.Average(),
            BitsPerFrameShuffledActions = shuffled.Average(),
            BitsDifferenceStandardError = PairedDifference.Of(shuffled, bits).StandardError,
            CopyLastFrameBitsOrMse = CopyError(data.Test),
            RolloutMseByStep = error,
            RolloutMseCopyLastByStep = copied,
            RolloutsBetterFromStep = 1 + Enumerable.Range(0, error.Length).Count(step => !Better(step)) is var step && step <= error.Length
                ? step : 0,
            LeftRightFlowAgreement = turns.Average(flow => flow.Sum() > 0 ? 1.0 : 0),
            LeftRightFlowAgreementOfSteps = turns.SelectMany(flow => flow).Average(shift => shift > 0 ? 1.0 : 0),
            FlowAgreementOfTrueTurns = TrueTurns(data),
        };

        // From this step on, rollouts are nearer to the truth in every step.
        bool Better(int from) => Enumerable.Range(from, error.Length - from).All(later => error[later] < copied[later]);
    }

    VideoData ReadData(VideoPlan plan, Stage stage)
    {
        string folder = settings.DataFolder
            ?? DoomVideo.Open(GeneratedData.CacheFolder, plan.Episodes, DoomVideo.FramesOfEpisode, stage, cancellation);
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --data, does not exist.");
        return new VideoData(_ml, folder, FrameStrips.Read(folder, cancellation));
    }

    /// <summary>Codes, actions and episodes, computed once.</summary>
    IDataView Encode(ImageVqVaeTransformer codec, IDataView frames, params string[] others)
    {
        IDataView encoded = codec.Transform(frames);
        return _ml.Data.Cache(_ml.Transforms.SelectColumns(["Codes", "Action", "ShuffledAction", "Episode", .. others])
            .Fit(encoded).Transform(encoded));
    }

    IDataView WithKeys(IDataView encoded, string actions) => _ml.Transforms.Conversion.MapValueToKey("Move", actions)
        .Append(_ml.Transforms.Conversion.MapValueToKey("Walk", "Episode")).Fit(encoded).Transform(encoded);

    float[] Bits(VideoPriorTransformer prior, IDataView encoded)
    {
        var bits = new List<float>();
        foreach (FrameBits frame in _ml.Data.CreateEnumerable<FrameBits>(prior.Transform(encoded), reuseRowObject: true))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!float.IsNaN(frame.Bits))
                bits.Add(frame.Bits);
        }
        return [.. bits];
    }

    Rollouts RollOut(
        ImageVqVaeTransformer codec, VideoPriorTransformer prior, IDataView given, IReadOnlyList<Start> starts, string title,
        Func<Start, IReadOnlyList<string>> actions, Stage stage)
    {
        var options = new SamplingOptions
        {
            Seed = settings.Seed,
            CancellationToken = cancellation,
            Progress = stage.Shares("of the codes"),
        };
        IDataView made = prior.Rollout(
            _ml, WithKeys(given, "Action"), starts.ToDictionary(start => start.Name, actions), options: options);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder(nameof(DecodedFrame.Decoded));
        float[][] frames = [.. _ml.Data.CreateEnumerable<DecodedFrame>(decoder.Transform(made), reuseRowObject: false)
            .Select(frame => frame.Decoded)];
        return new Rollouts(title, frames.Chunk(VideoPlan.FramesMade).ToArray());
    }

    static string[] Held(string action) => [.. Enumerable.Repeat(action, VideoPlan.FramesMade)];

    static double CopyError(IReadOnlyList<Episode> episodes) => episodes.SelectMany(episode => Enumerable.Range(1, episode.Frames.Count - 1)
        .Select(frame => Rollouts.Error(
            Array.ConvertAll(episode.Frames[frame - 1], level => (float)level), episode.Frames[frame]))).Average();

    /// <summary>How often the estimate of the flow has the right sign where the player really turns.</summary>
    static double TrueTurns(VideoData data)
    {
        int[] shifts = [.. from episode in data.Test
                           from frame in Enumerable.Range(1, episode.Frames.Count - 1)
                           let action = episode.Actions[frame]
                           where action is GameActions.Left or GameActions.Right
                           let shift = HorizontalFlow.Between(
                               Array.ConvertAll(episode.Frames[frame - 1], level => (float)level),
                               Array.ConvertAll(episode.Frames[frame], level => (float)level), data.Side)
                           select action == GameActions.Left ? shift : -shift];
        return shifts.Length == 0 ? double.NaN : shifts.Average(shift => shift > 0 ? 1.0 : 0);
    }

    void Draw(VideoData data, IReadOnlyList<Start> starts, Rollouts[] rollouts, VqVaeMetrics quality, ImageVqVaeTransformer codec)
    {
        // Starts from different places, one of each half.
        int[] shown = [.. Enumerable.Range(0, Math.Min(StartsShown, starts.Count))
            .Select(number => (2 * number + 1) * starts.Count / (2 * StartsShown))];
        Start[] some = [.. shown.Select(number => starts[number])];
        Rollouts[] ofThem = [.. rollouts.Select(rollout => rollout with { Frames = [.. shown.Select(number => rollout.Frames[number])] })];
        string remark = string.Create(CultureInfo.InvariantCulture,
            $"Six frames given, ten made in {codec.CodeGrid.Height}×{codec.CodeGrid.Width} "
            + $"codes of {codec.Codes}, then decoded; frames through the codec have {quality.PeakSignalToNoiseRatio:0.0} dB");
        VideoPictures.Rows("What if? Rollouts of actions that were not taken", remark, data.Side, some, ofThem).Save(Out("rollouts.png"));
        VideoPictures.Moving(data.Side, some, ofThem).Save(Out("rollouts-animated.png"));
    }

    void Show(VideoMetrics metrics)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumn("Measured on the test walks").AddColumn(new TableColumn("").RightAligned());
        void Row(string name, FormattableString value) => table.AddRow(name, value.ToString(CultureInfo.InvariantCulture));
        Row("PSNR of frames through the codec", $"{metrics.FramePsnrDb:0.00} dB");
        Row("Bits a frame, true actions", $"{metrics.BitsPerFrameTrueActions:0}");
        Row("Bits a frame, shuffled actions",
            $"{metrics.BitsPerFrameShuffledActions:0} (difference ± {metrics.BitsDifferenceStandardError:0.0})");
        Row("Squared error of rollouts, steps 1, 2, 10",
            $"{metrics.RolloutMseByStep[0]:0}, {metrics.RolloutMseByStep[1]:0}, {metrics.RolloutMseByStep[^1]:0}");
        double[] copied = metrics.RolloutMseCopyLastByStep;
        Row("… of the last frame given", $"{copied[0]:0}, {copied[1]:0}, {copied[^1]:0}");
        Row("Turns that go the right way", $"{metrics.LeftRightFlowAgreement:0.0%}");
        Row("Seconds", $"{metrics.Seconds:0}");
        console.Write(table);
        console.WriteLine($"Results: {Path.GetFullPath(settings.OutputFolder)}");
    }

    double Lap(double before) => Math.Round(_watch.Elapsed.TotalSeconds - before, 1);

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}

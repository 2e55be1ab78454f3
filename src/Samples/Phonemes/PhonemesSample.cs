using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>
/// Section 4.3 of the paper: a codec is trained on speech without labels, and its codes encode phonemes. Trains the codec, maps codes to
/// phones, trains a stock classifier on windows of codes, saves the chain, and loads it in a new process.
/// </summary>
internal sealed class PhonemesSample(SpeechSettings settings, CancellationToken cancellation)
    : Sample<SpeechSettings>(settings, cancellation)
{
    protected override string Title => "Speech as codes, and phones from codes";

    protected override SampleResult Work(Stages stages)
    {
        SpeechData data = stages.Run("Prepare the speech data",
            stage => SpeechData.Open(Settings, newSpeakers: true, stage, Cancellation).WithTraining(Settings.LabelledFolders));
        AlignedUtterance[] unlabelled = UnlabelledSpeech.ReadAll(Settings.UnlabelledFolders, stages, Cancellation);
        PhonemePlan plan = PhonemePlan.For(Settings, data);
        string window = $"{plan.WindowCodes} codes";
        AudioVqVaeOptions options = plan.CodecOptions(data, Settings);

        // 1. The codec is trained on the waveforms.
        IDataView train = ML.Data.LoadFromEnumerable(data.Train), test = ML.Data.LoadFromEnumerable(data.Test);
        IDataView heard = ML.Data.LoadFromEnumerable(data.Train.Concat(unlabelled));
        ITransformer audio = SpeechPipeline.Audio(ML).Fit(heard);
        string title = $"Train the codec on {SpeechData.Minutes(data.Train.Concat(unlabelled)):0} minutes of speech";
        using AudioVqVaeTransformer codec = stages.Train(
            title, options.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(audio.Transform(heard)), "crops");

        // 2. The network runs once over the utterances; the steps below work on one row per code.
        var encoder = new TransformerChain<ITransformer>(audio, codec);
        ITransformer expansion = PhonemePipelines.Frames(ML, codec.SamplesPerCode, plan.Context).Fit(encoder.Transform(train));
        (IDataView trainFrames, FrameRow[] trainRows) = stages.Run("Encode the training data",
            stage => Expand(train, data.Train.Count, stage));
        (IDataView testFrames, FrameRow[] testRows) = stages.Run("Encode the test data", stage => Expand(test, data.Test.Count, stage));

        // 3. Phones predicted from one code, and from a code with its neighbors.
        (ITransformer map, double mapAccuracy) = stages.Run("Map codes to phones",
            _ => Measure(PhonemePipelines.Map(ML), trainFrames, testFrames));
        FrameRow[] shuffledTest = Shuffled(testRows);
        double shuffled = Measure(PhonemePipelines.Map(ML), View(Shuffled(trainRows)), View(shuffledTest)).Accuracy;
        (ITransformer classifier, double windowAccuracy) = stages.Run($"Train a classifier on {trainRows.Length:N0} windows of codes", _ =>
            Measure(PhonemePipelines.Window(ML, trainRows.Length, plan.Regularization), trainFrames, testFrames));
        CodePhoneCounts trainCounts = CodePhoneCounts.Of(trainRows), counts = CodePhoneCounts.Of(testRows);
        CodePhoneCounts trainSpoken = trainCounts.WithoutSilence(), spoken = counts.WithoutSilence();
        ReferenceMetrics? references = Settings.References
            ? new PhoneReferences(ML, plan, options, Settings.Seed, Cancellation).Measure(
                stages, encoder, train, trainRows, test, testRows, ML.Data.LoadFromEnumerable(unlabelled))
            : null;
        Cancellation.ThrowIfCancellationRequested();

        // 4. One chain, from a file name to phones, in one file that any program can load.
        var chain = new TransformerChain<ITransformer>(audio, codec, expansion, classifier);
        ML.Model.Save(chain, train.Schema, Out("model.zip"));
        bool identical = stages.Run("Load the model in a new process and compare", _ =>
            PhonePredictions.Lines(ML, chain, data, plan.ComparedUtterances).SequenceEqual(NewProcess.Predict(
                PhonePredictions.Verb, Out("model.zip"), data.Folder, plan.ComparedUtterances, Settings.Cuda, Cancellation)));

        var usage = new CodeUsage(testRows.Select(row => row.Code), codec.Codes);
        stages.Run("Draw the figures", _ =>
        {
            string of = $"{data.Name}, {(Settings.Waveform ? "waveform" : "mel")} codec, {codec.Codes} codes, "
                + $"{CodeRate(codec):0.#} per second; test on {data.TestIs}";
            ClassifiedFrame[] mapped = Classified(map, testFrames), classified = Classified(classifier, testFrames);
            Show(PhonemeFigures.Sentence(
                of, data.Test[0], [.. mapped.Where(IsFirst)], (window, [.. classified.Where(IsFirst)]), codec.SamplesPerCode),
                "sentence.png", "A spectrogram, the spoken phones, the codes, and the phones predicted from them");
            Show(PhonemeFigures.Confusion(of, ("1 code", Labelled(mapped), mapAccuracy), (window, Labelled(classified), windowAccuracy)),
                "confusion.png", "Confusion matrices of spoken and predicted phones, from one code and from several");
            Show(PhonemeFigures.Codes(of, Spoken(trainRows), Spoken(testRows), codec.Codes),
                "codes.png", "The share of each phone in the occurrences of each code");
            SaveLearningCurve(codec.TrainingSummary!);
        });
        // Frames without a label, such as the pauses of a TextGrid, count neither here nor in the other accuracies.
        var metrics = new PhonemeMetrics
        {
            Dataset = data.Name,
            Codec = Settings.Waveform ? "waveform" : "mel",
            CodeRateHz = CodeRate(codec),
            Codes = codec.Codes,
            Phones = trainRows.Select(row => row.Phone).Where(phone => phone.Length > 0).Distinct().Count(),
            TrainMinutes = Math.Round(codec.TrainingSummary!.Elapsed.TotalMinutes, 2),
            TestFrames = testRows.Length,
            Seconds = Seconds,
            MapAccuracy = mapAccuracy,
            ChanceAccuracy = counts.ShareOf(trainCounts.MostFrequentPhone),
            ShuffledCodesAccuracy = shuffled,
            SilenceLabels = string.Join(' ', counts.Phones.Where(PhoneOrder.IsSilence)),
            SilenceShare = counts.Phones.Where(PhoneOrder.IsSilence).Sum(counts.ShareOf),
            MapAccuracyWithoutSilence = trainSpoken.AccuracyOn(spoken),
            ChanceAccuracyWithoutSilence = spoken.ShareOf(trainSpoken.MostFrequentPhone),
            PhonePurity = counts.PhonePurity,
            ClusterPurity = counts.ClusterPurity,
            Pnmi = counts.NormalizedInformation,
            ShuffledCodesPnmi = CodePhoneCounts.Of(shuffledTest).NormalizedInformation,
            WindowCodes = plan.WindowCodes,
            WindowClassifierAccuracy = windowAccuracy,
            CodebookUsage = usage.Share,
            Perplexity = usage.Perplexity,
            BitsPerSecond = CodeRate(codec) * Math.Log2(codec.Codes),
            ReloadIdentical = identical,
            References = references,
        };
        Table table = TableOf("On the test data", "", "to compare with")
            .AddRow("phone accuracy, one code", $"{mapAccuracy:0.0%}", $"{metrics.ChanceAccuracy:0.0%} by guessing, 49.3% in the paper")
            .AddRow("phone accuracy, one code, silence left out", $"{metrics.MapAccuracyWithoutSilence:0.0%}",
                $"{metrics.ChanceAccuracyWithoutSilence:0.0%} by guessing")
            .AddRow("phone accuracy, shuffled codes", $"{shuffled:0.0%}", "")
            .AddRow($"phone accuracy, {plan.WindowCodes} codes", $"{windowAccuracy:0.0%}", "linear classifier")
            .AddRow("phone purity", $"{metrics.PhonePurity:0.000}", "the accuracy of one code with a map of the test data")
            .AddRow("cluster purity", $"{metrics.ClusterPurity:0.000}", "")
            .AddRow("PNMI", $"{metrics.Pnmi:0.000}", $"{metrics.ShuffledCodesPnmi:0.000} with shuffled codes")
            .AddRow("codes used", $"{usage.Share:0.0%}", $"of {metrics.Codes}")
            .AddRow("perplexity of the codes", $"{usage.Perplexity:0}", $"{metrics.Codes} at most")
            .AddRow("bits per second", $"{metrics.BitsPerSecond:0}", "256,000 uncompressed")
            .AddRow("model.zip in a new process", identical ? "identical" : "DIFFERENT", "");
        references?.AddTo(table);
        string summary = $"{metrics.Dataset}, {metrics.TestFrames:N0} test codes, {metrics.TrainMinutes:0.0} minutes of codec training, "
            + $"{metrics.Seconds:0} s in total";
        return new SampleResult(metrics, table, summary, identical);

        static FrameRow[] Spoken(FrameRow[] rows) => [.. rows.Where(row => row.Phone.Length > 0)];

        static ClassifiedFrame[] Labelled(ClassifiedFrame[] frames) => [.. frames.Where(frame => frame.Phone.Length > 0)];

        IDataView View(FrameRow[] rows) => FrameRow.View(ML, rows, codec.Codes);

        bool IsFirst(ClassifiedFrame frame) => frame.Utterance == data.Test[0].Utterance;

        (IDataView Frames, FrameRow[] Rows) Expand(IDataView utterances, int count, Stage stage)
        {
            // Reading the view once fills its cache.
            IDataView frames = ML.Data.Cache(expansion.Transform(encoder.Transform(utterances)));
            var rows = new List<FrameRow>();
            foreach (FrameRow row in ML.Data.CreateEnumerable<FrameRow>(frames, reuseRowObject: false))
            {
                Cancellation.ThrowIfCancellationRequested();
                rows.Add(row);
                if (rows.Count % 500 == 0)
                    stage.Report(Math.Min(1, rows.Count / (100.0 * count)), $"{rows.Count:N0} codes");
            }
            return (frames, [.. rows]);
        }
    }

    (ITransformer Model, double Accuracy) Measure(IEstimator<ITransformer> pipeline, IDataView train, IDataView test)
    {
        ITransformer model = pipeline.Fit(train);
        return (model, ML.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy);
    }

    /// <summary>The rows with shuffled codes, which carry no information about phones.</summary>
    FrameRow[] Shuffled(FrameRow[] rows)
    {
        uint[] shuffled = [.. rows.Select(row => row.Code)];
        new Random(Settings.Seed).Shuffle(shuffled);
        return [.. rows.Select((row, index) => new FrameRow { Code = shuffled[index], Phone = row.Phone })];
    }

    ClassifiedFrame[] Classified(ITransformer classifier, IDataView frames) =>
        [.. ML.Data.CreateEnumerable<ClassifiedFrame>(classifier.Transform(frames), reuseRowObject: false)];

    static double CodeRate(AudioVqVaeTransformer codec) => (double)codec.SampleRate / codec.SamplesPerCode;
}

/// <summary>The content of metrics.json.</summary>
internal sealed record PhonemeMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    /// <summary>"mel" or "waveform".</summary>
    public required string Codec { get; init; }

    public required double CodeRateHz { get; init; }

    /// <summary>The number of codes of the codebook.</summary>
    public required int Codes { get; init; }

    /// <summary>The number of phones of the training data.</summary>
    public required int Phones { get; init; }

    /// <summary>Training time of the codec.</summary>
    public required double TrainMinutes { get; init; }

    /// <summary>The number of codes of the test data.</summary>
    public required int TestFrames { get; init; }

    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>The fraction of test codes whose most frequent phone in training is the spoken one.</summary>
    public required double MapAccuracy { get; init; }

    /// <summary>The accuracy of always predicting the most frequent phone of the training data.</summary>
    public required double ChanceAccuracy { get; init; }

    /// <summary>The accuracy of the map from codes to phones on shuffled codes.</summary>
    public required double ShuffledCodesAccuracy { get; init; }

    /// <summary>The labels of the test data that stand for silence, separated by spaces.</summary>
    public required string SilenceLabels { get; init; }

    /// <summary>The fraction of test codes whose phone is silence.</summary>
    public required double SilenceShare { get; init; }

    /// <summary>The map's accuracy where silence is left out of training and test data.</summary>
    public required double MapAccuracyWithoutSilence { get; init; }

    /// <summary>The accuracy of always predicting the most frequent phone that is no silence, on the same test data.</summary>
    public required double ChanceAccuracyWithoutSilence { get; init; }

    /// <summary>The fraction of test codes whose phone is the most frequent one of their code in the test data.</summary>
    public required double PhonePurity { get; init; }

    /// <summary>The fraction of test codes that are the most frequent one of their phone in the test data.</summary>
    public required double ClusterPurity { get; init; }

    /// <summary>I(phone; code) / H(phone) on the test data.</summary>
    public required double Pnmi { get; init; }

    /// <summary>The same for shuffled codes: what chance gives on test data of this size.</summary>
    public required double ShuffledCodesPnmi { get; init; }

    /// <summary>The number of codes in the window of the linear classifier.</summary>
    public required int WindowCodes { get; init; }

    /// <summary>The accuracy of a linear classifier on the code and its neighbors.</summary>
    public required double WindowClassifierAccuracy { get; init; }

    /// <summary>The fraction of the codes that occur in the test data.</summary>
    public required double CodebookUsage { get; init; }

    public required double Perplexity { get; init; }

    public required double BitsPerSecond { get; init; }

    public required bool ReloadIdentical { get; init; }

    /// <summary>The references for the codes; null unless asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReferenceMetrics? References { get; init; }
}

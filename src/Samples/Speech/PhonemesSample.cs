using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Pictures;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>
/// Section 4.3 of the paper: a codec learns from speech alone, without labels, and its codes turn out to be about phonemes. Trains the
/// codec, maps codes to phones, trains a stock classifier on windows of codes, saves the chain, and has a new process load it.
/// </summary>
internal sealed class PhonemesSample(SpeechSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        PhonemeMetrics metrics = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics);
        return metrics.ReloadIdentical ? 0 : 1;
    }

    PhonemeMetrics Work(Stages stages)
    {
        SpeechData data = stages.Run("Prepare the speech",
            stage => SpeechData.Open(settings, newSpeakers: true, stage, cancellation).WithTraining(settings.LabelledFolders));
        AlignedUtterance[] unlabelled = [.. settings.UnlabelledFolders.SelectMany(folder =>
            stages.Run("Prepare unlabelled speech", stage => UnlabelledSpeech.Read(folder, GeneratedData.CacheFolder, stage, cancellation)))];
        PhonemePlan plan = PhonemePlan.For(settings, data);
        string window = $"{plan.WindowCodes} codes";
        AudioVqVaeOptions options = plan.CodecOptions(data, settings);

        // 1. The codec learns from the sound alone.
        IDataView train = _ml.Data.LoadFromEnumerable(data.Train), test = _ml.Data.LoadFromEnumerable(data.Test);
        IDataView heard = _ml.Data.LoadFromEnumerable(data.Train.Concat(unlabelled));
        ITransformer audio = PhonemePipelines.Audio(_ml).Fit(heard);
        double hours = (data.Train.Concat(unlabelled).Sum(utterance => utterance.Length) / 16_000.0) / 3600;
        string title = string.Create(CultureInfo.InvariantCulture, $"Train the codec on {hours * 60:0} minutes of speech");
        using AudioVqVaeTransformer codec = stages.Run(title, stage =>
        {
            options.Training.Progress = new TrainingReport(stage, "crops");
            options.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(audio.Transform(heard));
        });

        // 2. The network runs once over the utterances; everything after that works on a row for each code.
        var encoder = new TransformerChain<ITransformer>(audio, codec);
        ITransformer expansion = PhonemePipelines.Frames(_ml, codec.SamplesPerCode, plan.Context).Fit(encoder.Transform(train));
        (IDataView trainFrames, FrameRow[] trainRows) = stages.Run("Encode the training data",
            stage => Expand(train, data.Train.Count, stage));
        (IDataView testFrames, FrameRow[] testRows) = stages.Run("Encode the test data", stage => Expand(test, data.Test.Count, stage));

        // 3. What does a code say of the phone? And a code with its neighbours?
        (ITransformer map, double mapAccuracy) = stages.Run("Map codes to phones",
            _ => Measure(PhonemePipelines.Map(_ml), trainFrames, testFrames));
        double shuffled = Shuffled(trainRows, testRows, codec.Codes);
        (ITransformer classifier, double windowAccuracy) = stages.Run($"Train a classifier on {trainRows.Length:N0} windows of codes", _ =>
            Measure(PhonemePipelines.Window(_ml, trainRows.Length, plan.Regularization), trainFrames, testFrames));
        cancellation.ThrowIfCancellationRequested();

        // 4. One chain, from a file name to phones: one file, which any program can load.
        var chain = new TransformerChain<ITransformer>(audio, codec, expansion, classifier);
        _ml.Model.Save(chain, train.Schema, Out("model.zip"));
        bool identical = stages.Run("Load the model in a new process and compare", _ =>
            Phones.Lines(_ml, chain, data, plan.ComparedUtterances).SequenceEqual(
                Phones.LinesOfNewProcess(Out("model.zip"), data, settings, plan.ComparedUtterances, cancellation)));

        var usage = new CodeUsage(testRows, codec.Codes);
        stages.Run("Draw the pictures", _ =>
        {
            string of = $"{data.Name}, {(settings.Waveform ? "waveform" : "mel")} codec, {codec.Codes} codes, "
                + $"{CodeRate(codec).ToString("0.#", CultureInfo.InvariantCulture)} a second; test on {data.TestIs}";
            ClassifiedFrame[] mapped = Classified(map, testFrames), classified = Classified(classifier, testFrames);
            PhonemePictures
                .Confusion(of, ("one code", Labelled(mapped), mapAccuracy), (window, Labelled(classified), windowAccuracy))
                .Save(Out("confusion.png"));
            PhonemePictures.Codes(of, Spoken(trainRows), Spoken(testRows), codec.Codes).Save(Out("codes.png"));
            PhonemePictures.Sentence(of, data.Test[0], [.. mapped.Where(IsFirst)], (window, [.. classified.Where(IsFirst)]), codec.SamplesPerCode)
                .Save(Out("sentence.png"));
            (double, double)[] curve = [.. codec.TrainingSummary!.LearningCurve.Select(at => ((double)at.Step, at.Loss))];
            Charts.Curve("Training: loss over steps", "steps", curve).Save(Out("learning-curve.png"));
        });
        // Moments without a label, such as the pauses of a TextGrid, count neither here nor in the other accuracies.
        string common = Spoken(trainRows).CountBy(row => row.Phone).MaxBy(pair => pair.Value).Key;
        return new PhonemeMetrics
        {
            Dataset = data.Name,
            Codec = settings.Waveform ? "waveform" : "mel",
            CodeRateHz = CodeRate(codec),
            Codes = codec.Codes,
            Phones = trainRows.Select(row => row.Phone).Where(phone => phone.Length > 0).Distinct().Count(),
            TrainMinutes = Math.Round(codec.TrainingSummary!.Elapsed.TotalMinutes, 2),
            TestFrames = testRows.Length,
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            MapAccuracy = mapAccuracy,
            ChanceAccuracy = testRows.Count(row => row.Phone == common) / (double)Spoken(testRows).Length,
            ShuffledCodesAccuracy = shuffled,
            WindowCodes = plan.WindowCodes,
            WindowClassifierAccuracy = windowAccuracy,
            CodebookUsage = usage.Share,
            Perplexity = usage.Perplexity,
            BitsPerSecond = CodeRate(codec) * Math.Log2(codec.Codes),
            ReloadIdentical = identical,
        };

        static FrameRow[] Spoken(FrameRow[] rows) => [.. rows.Where(row => row.Phone.Length > 0)];

        static ClassifiedFrame[] Labelled(ClassifiedFrame[] frames) => [.. frames.Where(frame => frame.Phone.Length > 0)];

        bool IsFirst(ClassifiedFrame frame) => frame.Utterance == data.Test[0].Utterance;

        (IDataView Frames, FrameRow[] Rows) Expand(IDataView utterances, int count, Stage stage)
        {
            // A cached view holds its rows once somebody has read them.
            IDataView frames = _ml.Data.Cache(expansion.Transform(encoder.Transform(utterances)));
            var rows = new List<FrameRow>();
            foreach (FrameRow row in _ml.Data.CreateEnumerable<FrameRow>(frames, reuseRowObject: false))
            {
                cancellation.ThrowIfCancellationRequested();
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
        return (model, _ml.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy);
    }

    /// <summary>The same measure where codes say nothing of phones: each comes with the phone of another moment.</summary>
    double Shuffled(FrameRow[] train, FrameRow[] test, int codes)
    {
        var random = new Random(settings.Seed);
        return Measure(PhonemePipelines.Map(_ml), Shuffle(train), Shuffle(test)).Accuracy;

        IDataView Shuffle(FrameRow[] rows)
        {
            uint[] shuffled = [.. rows.Select(row => row.Code)];
            random.Shuffle(shuffled);
            return FrameRow.View(_ml, rows.Select((row, index) => new FrameRow { Code = shuffled[index], Phone = row.Phone }), codes);
        }
    }

    ClassifiedFrame[] Classified(ITransformer classifier, IDataView frames) =>
        [.. _ml.Data.CreateEnumerable<ClassifiedFrame>(classifier.Transform(frames), reuseRowObject: false)];

    static double CodeRate(AudioVqVaeTransformer codec) => (double)codec.SampleRate / codec.SamplesPerCode;

    void Show(PhonemeMetrics metrics)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("On the test data", "", "to compare with");
        table.AddRow("phones told by one code", metrics.MapAccuracy.ToString("0.0%", invariant),
            string.Create(invariant, $"{metrics.ChanceAccuracy:0.0%} by guessing, 49.3% in the paper"));
        table.AddRow("the same, codes shuffled", metrics.ShuffledCodesAccuracy.ToString("0.0%", invariant), "");
        table.AddRow($"phones told by {metrics.WindowCodes} codes", metrics.WindowClassifierAccuracy.ToString("0.0%", invariant), "linear classifier");
        table.AddRow("codes used", metrics.CodebookUsage.ToString("0.0%", invariant), $"of {metrics.Codes}");
        table.AddRow("perplexity of the codes", metrics.Perplexity.ToString("0", invariant), $"{metrics.Codes} at most");
        table.AddRow("bits a second", metrics.BitsPerSecond.ToString("0", invariant), "256,000 uncompressed");
        table.AddRow("model.zip in a new process", metrics.ReloadIdentical ? "identical" : "DIFFERENT", "");
        console.Write(table);
        console.WriteLine(string.Create(invariant, $"{metrics.Dataset}, {metrics.TestFrames:N0} test codes, codec trained for "
            + $"{metrics.TrainMinutes:0.0} minutes, {metrics.Seconds:0} s in all. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}

using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>
/// Voice conversion (section 4.3 of the paper): the codes carry what is spoken, and the decoder is conditioned on the speaker. Trains the
/// codec, decodes test sentences with every voice, writes them as WAV files, and evaluates them with classifiers trained on recordings.
/// </summary>
internal sealed class SpeakersSample(SpeechSettings settings, CancellationToken cancellation)
    : Sample<SpeechSettings>(settings, cancellation)
{
    protected override string Title => "Sentences in other voices";

    protected override SampleResult Work(Stages stages)
    {
        SpeechData data = stages.Run(
            "Prepare the speech data", stage => SpeechData.Open(Settings, newSpeakers: false, stage, Cancellation));
        string[] voices = [.. data.Train.Select(utterance => utterance.Speaker).Distinct().Order(StringComparer.Ordinal)];
        if (voices.Length < 2)
            throw new DataSetException($"'{data.Folder}' has one speaker only; there is no other voice to convert to.");
        SpeakerPlan plan = SpeakerPlan.For(Settings);
        AlignedUtterance[] sources = Settings.SourceFolder is not { } folder ? []
            : stages.Run("Prepare recordings of other speakers", stage =>
                UnseenSources.Read(folder, voices, plan.SourceUtterances, stage, Cancellation));
        AlignedUtterance[] test = [.. data.Test.GroupBy(utterance => utterance.Speaker).SelectMany(of => of.Take(plan.TestUtterances))];

        // 1. The codec reconstructs speech, conditioned on the speaker.
        IDataView train = ML.Data.LoadFromEnumerable(data.Train);
        ITransformer audio = SpeechPipeline.Audio(ML).Fit(train);
        string title = $"Train the codec on {SpeechData.Minutes(data.Train):0} minutes of {voices.Length} voices";
        AudioVqVaeOptions options = SpeechPipeline.CodecOptions(Settings, plan.Steps);
        options.DecodedFramesColumnName = Settings.Vocoder ? VocoderComparison.Frames : null;
        using AudioVqVaeTransformer codec = stages.Train(
            title, options.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(audio.Transform(train)), "crops");

        // 2. Each test sentence is encoded once, and decoded with every voice.
        Spoken[] spoken = stages.Run($"Convert {test.Length} sentences to each voice", stage =>
            Convert(codec, Encode(test), test, voices, stage));

        // 3. Classifiers trained on recordings only predict the speaker and the phones.
        using var classifiers = new SpeechClassifiers(ML);
        Spoken[] recordings = [.. test.Select(Original)];
        stages.Run("Train a classifier of voices", _ => classifiers.TrainSpeakers(data.Train.Select(Original)));
        stages.Run("Train a classifier of phones", _ =>
            classifiers.TrainPhones(plan.ClassifierUtterances(data).Select(Original)));
        Cancellation.ThrowIfCancellationRequested();
        Spoken[] same = [.. spoken.Where(sound => !sound.IsConversion)], converted = [.. spoken.Where(sound => sound.IsConversion)];
        SpeakerMetrics metrics = stages.Run("Classify the conversions", _ =>
        {
            string[] heard = classifiers.Speakers(converted);
            return new SpeakerMetrics
            {
                Dataset = data.Name,
                Seconds = 0,
                TrainMinutes = Math.Round(codec.TrainingSummary!.Elapsed.TotalMinutes, 2),
                Speakers = voices.Length,
                TestUtterances = test.Length,
                ConvertedRecognisedAsTarget = Share(converted, (sound, index) => heard[index] == sound.Voice),
                ConvertedRecognisedAsSource = Share(converted, (sound, index) => heard[index] == sound.Of.Speaker),
                OriginalRecognised = Right(classifiers.Speakers(recordings), recordings),
                PhoneAccuracyOriginal = classifiers.PhoneAccuracy(recordings),
                PhoneAccuracyReconstructed = classifiers.PhoneAccuracy(same),
                PhoneAccuracyConverted = classifiers.PhoneAccuracy(converted),
                ChanceSpeaker = converted.CountBy(sound => sound.Voice).Max(pair => pair.Value) / (double)converted.Length,
            };
        });
        UnseenSourceMetrics? unseen = sources.Length > 0 ? ConvertOthers() : null;
        VocoderMetrics? vocoder = Settings.Vocoder ? CompareVocoders() : null;
        stages.Run("Write and draw the conversions", _ =>
        {
            AlignedUtterance[] shown = [.. test.GroupBy(utterance => utterance.Speaker).Select(of => of.First()).Take(4)];
            foreach (AlignedUtterance utterance in shown)
                Write(utterance, spoken);
            Show(VoiceFigures.Conversions(data.Name, shown, recordings, spoken, [.. voices.Take(4)]), "conversions.png",
                "Spectrograms of sentences, recorded and decoded with each voice");
            SaveLearningCurve(codec.TrainingSummary!);
        });
        metrics = metrics with { Seconds = Seconds, UnseenSources = unseen, Vocoder = vocoder };
        Table table = TableOf("On test sentences", "", "to compare with")
            .AddRow("conversions classified as the target voice", $"{metrics.ConvertedRecognisedAsTarget:0.0%}",
                $"{metrics.ChanceSpeaker:0.0%} by guessing")
            .AddRow("conversions classified as the source voice", $"{metrics.ConvertedRecognisedAsSource:0.0%}", "")
            .AddRow("recordings classified as their voice", $"{metrics.OriginalRecognised:0.0%}", "")
            .AddRow("phone accuracy on recordings", $"{metrics.PhoneAccuracyOriginal:0.0%}", "limit of the classifier")
            .AddRow("phone accuracy on reconstructions", $"{metrics.PhoneAccuracyReconstructed:0.0%}", "")
            .AddRow("phone accuracy on conversions", $"{metrics.PhoneAccuracyConverted:0.0%}", "");
        unseen?.AddTo(table);
        vocoder?.AddTo(table);
        return new SampleResult(metrics, table, $"{metrics.Dataset}, {metrics.Speakers} voices, {metrics.TestUtterances} sentences, "
            + $"{metrics.TrainMinutes:0.0} minutes of codec training, {metrics.Seconds:0} s in total");

        // Sentences of speakers that the codec was not trained on, in the voices that it was.
        UnseenSourceMetrics ConvertOthers()
        {
            Spoken[] others = stages.Run($"Convert {sources.Length} sentences of other speakers to each voice", stage =>
                Convert(codec, Encode(sources), sources, voices, stage));
            foreach (AlignedUtterance utterance in sources.DistinctBy(utterance => utterance.Speaker).Take(2))
                Write(utterance, others);
            return stages.Run("Classify the conversions of other speakers", _ =>
                UnseenSources.Measure(Settings.SourceFolder!, classifiers, [.. sources.Select(Original)], others));
        }

        // Some of the sentences once more, as sound that a WaveNet makes of the same frames.
        VocoderMetrics CompareVocoders()
        {
            VocoderOptions vocoderOptions = VocoderComparison.Options(options, Settings, plan);
            using VocoderTransformer waveNet = stages.Train(
                "Train the vocoder", vocoderOptions.Training, Cancellation,
                () => ML.Transforms.VqVae.Vocode(nameof(SpokenRow.Converted), VocoderComparison.Frames, vocoderOptions)
                    .Fit(codec.Transform(audio.Transform(train))), "crops");
            AlignedUtterance[] few =
                [.. test.GroupBy(utterance => utterance.Speaker).SelectMany(of => of.Take(plan.VocodedUtterances))];
            double start = Seconds;
            Spoken[] made = stages.Run($"Make the sound of {few.Length} sentences in each voice", stage =>
                Convert(codec, Encode(few), few, voices, stage, waveNet));
            AlignedUtterance[] shown = [.. few.DistinctBy(utterance => utterance.Speaker).Take(4)];
            foreach (AlignedUtterance utterance in shown)
                Write(utterance, made, "-wavenet");
            Show(VoiceFigures.Vocoders(data.Name, shown, recordings, Reconstructed(spoken), Reconstructed(made)), "vocoders.png",
                "Spectrograms of sentences, recorded and made by Griffin-Lim and by a WaveNet");
            return stages.Run("Classify the sound of both", _ =>
                VocoderComparison.Measure(classifiers, recordings, spoken, made, waveNet, Seconds - start));
        }

        static Spoken[] Reconstructed(Spoken[] sounds) => [.. sounds.Where(sound => !sound.IsConversion)];

        CodedUtterance[] Encode(AlignedUtterance[] utterances) => [.. ML.Data.CreateEnumerable<CodedUtterance>(
            codec.Transform(audio.Transform(ML.Data.LoadFromEnumerable(utterances))), reuseRowObject: false)];
    }

    /// <param name="codec">The codec.</param>
    /// <param name="coded">The sentences as codes.</param>
    /// <param name="test">The sentences.</param>
    /// <param name="voices">The voices to convert to.</param>
    /// <param name="stage">Receives the progress.</param>
    /// <param name="waveNet">Makes sound of the decoded frames; null, the default, for the Griffin-Lim algorithm.</param>
    Spoken[] Convert(
        AudioVqVaeTransformer codec, CodedUtterance[] coded, AlignedUtterance[] test, string[] voices, Stage stage,
        VocoderTransformer? waveNet = null)
    {
        Dictionary<string, AlignedUtterance> byName = test.ToDictionary(utterance => utterance.Utterance);
        IEnumerable<VoiceRow> wanted = from utterance in coded
                                       from voice in voices
                                       select new VoiceRow { Utterance = utterance.Utterance, Target = voice, Codes = utterance.Codes };
        IDataView rows = VoiceRow.View(ML, wanted, codec.Codes);
        IDataView keyed = ML.Transforms.Conversion.MapValueToKey("TargetVoice", nameof(VoiceRow.Target)).Fit(rows).Transform(rows);
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder(
            nameof(SpokenRow.Converted), nameof(VoiceRow.Codes), "TargetVoice", VocoderComparison.Frames);
        IDataView decoded = decoder.Transform(keyed);
        var spoken = new List<Spoken>();
        foreach (SpokenRow row in ML.Data.CreateEnumerable<SpokenRow>(waveNet?.Transform(decoded) ?? decoded, reuseRowObject: false))
        {
            Cancellation.ThrowIfCancellationRequested();
            spoken.Add(new Spoken(byName[row.Utterance], row.Target, row.Converted));
            int all = coded.Length * voices.Length;
            stage.Report((double)spoken.Count / all, $"{spoken.Count:N0}/{all:N0} sentences");
        }
        return [.. spoken];
    }

    static Spoken Original(AlignedUtterance utterance) => new(utterance, utterance.Speaker, SpeechData.Samples(utterance));

    void Write(AlignedUtterance utterance, Spoken[] spoken, string suffix = "")
    {
        if (suffix.Length == 0)
            Save("original", Original(utterance), $"{utterance.Speaker}: “{utterance.Text}”, recorded");
        string by = suffix.Length == 0 ? "" : ", by the WaveNet";
        foreach (Spoken sound in spoken.Where(sound => sound.Of == utterance))
        {
            Save((sound.IsConversion ? $"as-{sound.Voice}" : "reconstruction") + suffix, sound, (sound.IsConversion
                ? $"the sentence of {utterance.Speaker}, converted to {sound.Voice}" : $"{utterance.Speaker}, reconstructed") + by);
        }

        void Save(string name, Spoken sound, string caption)
        {
            string file = FileOf(utterance, name);
            WaveFile.Write(Out(file), sound.Waveform, Spectrogram.SampleRate);
            Play(file, caption);
        }
    }

    /// <summary>The name of a sound in the output folder; the name of an utterance may be a path in the folder of the data.</summary>
    internal static string FileOf(AlignedUtterance utterance, string name) => $"{utterance.Utterance.Replace('/', '-')}-{name}.wav";

    static double Right(string[] heard, Spoken[] sounds) => Share(sounds, (sound, index) => heard[index] == sound.Voice);

    static double Share(Spoken[] sounds, Func<Spoken, int, bool> predicate) => sounds.Where(predicate).Count() / (double)sounds.Length;
}

/// <summary>The content of metrics.json.</summary>
internal sealed record SpeakerMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>Training time of the codec.</summary>
    public required double TrainMinutes { get; init; }

    public required int Speakers { get; init; }

    /// <summary>The number of utterances that were converted to each other voice.</summary>
    public required int TestUtterances { get; init; }

    /// <summary>The fraction of conversions that the classifier of voices assigns to the target voice.</summary>
    public required double ConvertedRecognisedAsTarget { get; init; }

    /// <summary>The fraction that it assigns to the source voice.</summary>
    public required double ConvertedRecognisedAsSource { get; init; }

    /// <summary>The accuracy of the classifier of voices on held-out recordings.</summary>
    public required double OriginalRecognised { get; init; }

    /// <summary>The accuracy of the classifier of phones on held-out recordings.</summary>
    public required double PhoneAccuracyOriginal { get; init; }

    /// <summary>Its accuracy on reconstructions with the source voice.</summary>
    public required double PhoneAccuracyReconstructed { get; init; }

    /// <summary>Its accuracy on conversions to other voices.</summary>
    public required double PhoneAccuracyConverted { get; init; }

    /// <summary>The accuracy of always predicting the same speaker.</summary>
    public required double ChanceSpeaker { get; init; }

    /// <summary>The conversions of other speakers, on request.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UnseenSourceMetrics? UnseenSources { get; init; }

    /// <summary>The comparison of two ways to make sound, on request.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VocoderMetrics? Vocoder { get; init; }
}

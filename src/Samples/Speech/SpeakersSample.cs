using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Pictures;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>
/// Section 4.3 of the paper: codes say what is spoken, the decoder is told who speaks; told another speaker, it says the same in that
/// voice. Trains the codec, converts test sentences to every voice, writes them as WAV files, and has classifiers that learnt from real recordings
/// judge who and what is heard.
/// </summary>
internal sealed class SpeakersSample(SpeechSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        SpeakerMetrics metrics = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics);
        return 0;
    }

    SpeakerMetrics Work(Stages stages)
    {
        SpeechData data = stages.Run("Prepare the speech", stage => SpeechData.Open(settings, newSpeakers: false, stage, cancellation));
        string[] voices = [.. data.Train.Select(utterance => utterance.Speaker).Distinct().Order(StringComparer.Ordinal)];
        if (voices.Length < 2)
            throw new DataSetException($"'{data.Folder}' has one speaker only; there is no other voice to convert to.");
        SpeakerPlan plan = SpeakerPlan.For(settings);
        AlignedUtterance[] test = [.. data.Test.GroupBy(utterance => utterance.Speaker).SelectMany(of => of.Take(plan.TestUtterances))];

        // 1. The codec learns to say what it hears, and is told who speaks.
        IDataView train = _ml.Data.LoadFromEnumerable(data.Train);
        ITransformer audio = PhonemePipelines.Audio(_ml).Fit(train);
        double minutes = data.Train.Sum(utterance => utterance.Length) / 16_000.0 / 60;
        string title = string.Create(CultureInfo.InvariantCulture, $"Train the codec on {minutes:0} minutes of {voices.Length} voices");
        using AudioVqVaeTransformer codec = stages.Run(title, stage =>
        {
            AudioVqVaeOptions options = plan.CodecOptions(settings);
            options.Training.Progress = new TrainingReport(stage, "crops");
            options.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(audio.Transform(train));
        });

        // 2. Each test sentence is encoded once, and decoded with every voice.
        IDataView encoded = codec.Transform(audio.Transform(_ml.Data.LoadFromEnumerable(test)));
        CodedUtterance[] coded = [.. _ml.Data.CreateEnumerable<CodedUtterance>(encoded, reuseRowObject: false)];
        Spoken[] spoken = stages.Run($"Say {test.Length} sentences in each voice", stage => Say(codec, coded, test, voices, stage));

        // 3. Judges that learnt from real recordings alone say who is heard, and what is said.
        using var judges = new Judges(_ml);
        Spoken[] recordings = [.. test.Select(Original)];
        stages.Run("Teach a judge the voices", _ => judges.LearnSpeakers(data.Train.Select(Original)));
        stages.Run("Teach a judge the phones", _ => judges.LearnPhones(data.Train.Take(plan.JudgedUtterances(data)).Select(Original)));
        cancellation.ThrowIfCancellationRequested();
        Spoken[] same = [.. spoken.Where(sound => !sound.IsConversion)], converted = [.. spoken.Where(sound => sound.IsConversion)];
        SpeakerMetrics metrics = stages.Run("Let them judge", _ =>
        {
            string[] heard = judges.Speakers(converted);
            return new SpeakerMetrics
            {
                Dataset = data.Name,
                Seconds = 0,
                TrainMinutes = Math.Round(codec.TrainingSummary!.Elapsed.TotalMinutes, 2),
                Speakers = voices.Length,
                TestUtterances = test.Length,
                ConvertedRecognisedAsTarget = Share(converted, (sound, index) => heard[index] == sound.Voice),
                ConvertedRecognisedAsSource = Share(converted, (sound, index) => heard[index] == sound.Of.Speaker),
                OriginalRecognised = Right(judges.Speakers(recordings), recordings),
                PhoneAccuracyOriginal = judges.PhoneAccuracy(recordings),
                PhoneAccuracyReconstructed = judges.PhoneAccuracy(same),
                PhoneAccuracyConverted = judges.PhoneAccuracy(converted),
                ChanceSpeaker = converted.CountBy(sound => sound.Voice).Max(pair => pair.Value) / (double)converted.Length,
            };
        });
        stages.Run("Write the sounds and draw them", _ =>
        {
            AlignedUtterance[] shown = [.. test.GroupBy(utterance => utterance.Speaker).Select(of => of.First()).Take(4)];
            foreach (AlignedUtterance utterance in shown)
                Write(utterance, spoken);
            VoicePictures.Conversions(data.Name, shown, recordings, spoken, [.. voices.Take(5)]).Save(Out("conversions.png"));
            (double, double)[] curve = [.. codec.TrainingSummary!.LearningCurve.Select(at => ((double)at.Step, at.Loss))];
            Charts.Curve("Training: loss over steps", "steps", curve).Save(Out("learning-curve.png"));
        });
        return metrics with { Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1) };
    }

    Spoken[] Say(AudioVqVaeTransformer codec, CodedUtterance[] coded, AlignedUtterance[] test, string[] voices, Stage stage)
    {
        Dictionary<string, AlignedUtterance> byName = test.ToDictionary(utterance => utterance.Utterance);
        IEnumerable<VoiceRow> wanted = from utterance in coded
                                       from voice in voices
                                       select new VoiceRow { Utterance = utterance.Utterance, Target = voice, Codes = utterance.Codes };
        IDataView rows = VoiceRow.View(_ml, wanted, codec.Codes);
        IDataView keyed = _ml.Transforms.Conversion.MapValueToKey("TargetVoice", nameof(VoiceRow.Target)).Fit(rows).Transform(rows);
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder(nameof(SpokenRow.Converted), nameof(VoiceRow.Codes), "TargetVoice");
        var spoken = new List<Spoken>();
        foreach (SpokenRow row in _ml.Data.CreateEnumerable<SpokenRow>(decoder.Transform(keyed), reuseRowObject: false))
        {
            cancellation.ThrowIfCancellationRequested();
            spoken.Add(new Spoken(byName[row.Utterance], row.Target, row.Converted));
            int all = coded.Length * voices.Length;
            stage.Report((double)spoken.Count / all, $"{spoken.Count:N0}/{all:N0} sentences");
        }
        return [.. spoken];
    }

    static Spoken Original(AlignedUtterance utterance)
    {
        using WaveFile file = WaveFile.Open(utterance.AudioPath);
        float[] samples = file.ReadMono(utterance.Start, utterance.Length);
        return new Spoken(utterance, utterance.Speaker, file.SampleRate == Spectrogram.SampleRate ? samples
            : new Resampler(file.SampleRate, Spectrogram.SampleRate).Resample(samples));
    }

    void Write(AlignedUtterance utterance, Spoken[] spoken)
    {
        WaveFile.Write(Out($"{utterance.Utterance}-original.wav"), Original(utterance).Waveform, Spectrogram.SampleRate);
        foreach (Spoken sound in spoken.Where(sound => sound.Of == utterance))
        {
            string name = sound.IsConversion ? $"as-{sound.Voice}" : "reconstruction";
            WaveFile.Write(Out($"{utterance.Utterance}-{name}.wav"), sound.Waveform, Spectrogram.SampleRate);
        }
    }

    static double Right(string[] heard, Spoken[] sounds) => Share(sounds, (sound, index) => heard[index] == sound.Voice);

    static double Share(Spoken[] sounds, Func<Spoken, int, bool> is_) => sounds.Where(is_).Count() / (double)sounds.Length;

    void Show(SpeakerMetrics metrics)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        string Percent(double share) => share.ToString("0.0%", invariant);
        var table = new Table().Border(TableBorder.Rounded).AddColumns("On test sentences", "", "to compare with");
        table.AddRow("conversions heard as the voice asked for", Percent(metrics.ConvertedRecognisedAsTarget),
            $"{Percent(metrics.ChanceSpeaker)} by guessing");
        table.AddRow("conversions heard as the voice that spoke", Percent(metrics.ConvertedRecognisedAsSource), "");
        table.AddRow("recordings heard as who spoke", Percent(metrics.OriginalRecognised), "");
        table.AddRow("phones heard in recordings", Percent(metrics.PhoneAccuracyOriginal), "the judge's own limit");
        table.AddRow("phones heard in reconstructions", Percent(metrics.PhoneAccuracyReconstructed), "");
        table.AddRow("phones heard in conversions", Percent(metrics.PhoneAccuracyConverted), "");
        console.Write(table);
        console.WriteLine(string.Create(invariant,
            $"{metrics.Dataset}, {metrics.Speakers} voices, {metrics.TestUtterances} sentences, codec trained for "
            + $"{metrics.TrainMinutes:0.0} minutes, {metrics.Seconds:0} s in all. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}

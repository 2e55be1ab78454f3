using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Pictures;
using Spectre.Console;
using Color = Microsoft.ML.VqVae.Samples.Pictures.Color;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>
/// Section 4.3 of the paper: a WaveNet learns which codes follow which in speech, given who speaks. Trains a codec and the prior over its
/// codes, measures what the prior foretells, and makes utterances in each voice that nobody said.
/// </summary>
internal sealed class SpeechPriorSample(SpeechSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        SpeechPriorMetrics metrics = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics);
        return 0;
    }

    SpeechPriorMetrics Work(Stages stages)
    {
        SpeechData data = stages.Run("Prepare the speech", stage => SpeechData.Open(settings, newSpeakers: false, stage, cancellation));
        SpeechPriorPlan plan = SpeechPriorPlan.For(settings);
        IDataView train = _ml.Data.LoadFromEnumerable(data.Train), test = _ml.Data.LoadFromEnumerable(data.Test);

        // 1. The codec writes sound as codes, and its decoder says codes in any of the voices.
        ITransformer audio = PhonemePipelines.Audio(_ml).Fit(train);
        AudioVqVaeOptions codecOptions = plan.CodecOptions(settings);
        using AudioVqVaeTransformer codec = stages.Run($"Train the codec on {data.Train.Count:N0} utterances", stage =>
        {
            codecOptions.Training.Progress = new TrainingReport(stage, "crops");
            codecOptions.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codecOptions).Fit(audio.Transform(train));
        });

        // 2. The prior learns which codes follow which, given the voice.
        PriorOptions priorOptions = plan.PriorOptions(settings);
        using PriorTransformer prior = stages.Run("Train the prior on their codes", stage =>
        {
            priorOptions.Training.Progress = new TrainingReport(stage, "utterances");
            priorOptions.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.Prior("Bits", "Codes", "Voice", priorOptions).Fit(codec.Transform(audio.Transform(train)));
        });
        var chain = new TransformerChain<ITransformer>(audio, codec, prior);
        _ml.Model.Save(chain, train.Schema, Out("model.zip"));

        // 3. How many bits does a second of speech cost that nothing has learnt from?
        IDataView scored = _ml.Data.Cache(chain.Transform(test), "Codes", "Voice", "Bits");
        PriorMetrics quality = stages.Run("Score the test utterances", _ => PriorMetrics.Evaluate(scored, "Codes", "Bits"));

        // 4. Utterances that nobody said, as long as those of the training data are on average.
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder("Sound", "Codes", "Voice");
        string[] voices = [.. prior.Conditions.SelectMany(voice => Enumerable.Repeat(voice, SpeechPriorPlan.PerVoice))];
        float[][] said = stages.Run($"Sample {voices.Length} utterances", _ => Sounds(decoder, prior.Sample(
            _ml, voices, new SamplingOptions { Seed = settings.Seed, CancellationToken = cancellation })));
        for (int i = 0; i < said.Length; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{voices[i]}-{i % SpeechPriorPlan.PerVoice + 1}.wav");
            WaveFile.Write(Out(name), said[i], codec.SampleRate);
        }
        double codesPerSecond = codec.CodesPerPosition * (double)codec.SampleRate / codec.SamplesPerCode;
        stages.Run("Draw the pictures", _ => Draw(prior.Conditions, said, quality.BitsPerCode * codesPerSecond));
        return new SpeechPriorMetrics
        {
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            PriorBitsPerCode = quality.BitsPerCode,
            UniformBitsPerCode = quality.UniformBitsPerCode,
            BitsPerSecond = quality.BitsPerCode * codesPerSecond,
            Samples = said.Length,
        };
    }

    float[][] Sounds(AudioVqVaeDecoderTransformer decoder, IDataView codes) =>
        [.. _ml.Data.CreateEnumerable<Spoken>(decoder.Transform(codes), reuseRowObject: false).Select(row => row.Sound)];

    /// <summary>A row for each voice: the spectrograms of what was made.</summary>
    void Draw(IReadOnlyList<string> voices, float[][] said, double bitsPerSecond)
    {
        const int margin = 16, caption = 70, gap = 8, header = 56, frames = 300;
        Spectrogram[] spectrograms = [.. said.Select(sound => new Spectrogram(sound))];
        int wide = Math.Min(frames, spectrograms.Max(one => one.Frames)) + gap, tall = Spectrogram.Bands + gap;
        var picture = new Picture(
            caption + SpeechPriorPlan.PerVoice * wide + margin, header + voices.Count * tall + margin);
        picture.Write("Utterances that nobody said", margin, 14, Color.Ink, 2);
        picture.Write(string.Create(CultureInfo.InvariantCulture,
            $"Codes sampled by voice and decoded, a pixel for 10 ms; test speech costs {bitsPerSecond:0} bits a second"),
            margin, 36, Color.Accent);
        for (int i = 0; i < said.Length; i++)
        {
            int row = i / SpeechPriorPlan.PerVoice, column = i % SpeechPriorPlan.PerVoice, top = header + row * tall;
            if (column == 0)
                picture.Write(voices[row], margin, top + tall / 2 - 6, Color.Ink);
            picture.Draw(spectrograms[i], caption + column * wide, top, frames, width: 1, height: 1);
        }
        picture.Save(Out("spectrograms.png"));
    }

    void Show(SpeechPriorMetrics metrics)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("On the test utterances", "", "to compare with");
        table.AddRow("bits a code", metrics.PriorBitsPerCode.ToString("0.00", invariant),
            string.Create(invariant, $"{metrics.UniformBitsPerCode:0.00} uniform"));
        table.AddRow("bits a second", metrics.BitsPerSecond.ToString("0", invariant), "256,000 as 16-bit samples");
        console.Write(table);
        console.WriteLine(string.Create(invariant, $"{metrics.Seconds:0} s. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);

    sealed class Spoken
    {
        public float[] Sound { get; set; } = [];
    }
}

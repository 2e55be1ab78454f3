using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Speech;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.SpeechPrior;

/// <summary>
/// A prior over speech (section 4.3 of the paper): a WaveNet learns the sequence of codes given the speaker. Trains a codec and the prior
/// over its codes, evaluates the prior, and samples utterances of each voice.
/// </summary>
internal sealed class SpeechPriorSample(SpeechSettings settings, CancellationToken cancellation)
    : Sample<SpeechSettings>(settings, cancellation)
{
    protected override string Title => "New speech from a prior over codes";

    protected override SampleResult Work(Stages stages)
    {
        SpeechData data = stages.Run(
            "Prepare the speech data", stage => SpeechData.Open(Settings, newSpeakers: false, stage, Cancellation));
        SpeechPriorPlan plan = SpeechPriorPlan.For(Settings);
        IDataView train = ML.Data.LoadFromEnumerable(data.Train), test = ML.Data.LoadFromEnumerable(data.Test);

        // 1. The codec encodes speech, and its decoder is conditioned on the voice.
        ITransformer audio = SpeechPipeline.Audio(ML).Fit(train);
        AudioVqVaeOptions codecOptions = SpeechPipeline.CodecOptions(Settings, plan.CodecSteps);
        using AudioVqVaeTransformer codec = stages.Train(
            $"Train the codec on {data.Train.Count:N0} utterances", codecOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codecOptions).Fit(audio.Transform(train)), "crops");

        // 2. The prior learns the distribution of sequences of codes, given the voice.
        PriorOptions priorOptions = plan.PriorOptions(Settings);
        using PriorTransformer prior = stages.Train(
            "Train the prior on their codes", priorOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.Prior("Bits", "Codes", SpeechPipeline.Voice, priorOptions)
                .Fit(codec.Transform(audio.Transform(train))),
            "utterances");
        var chain = new TransformerChain<ITransformer>(audio, codec, prior);
        ML.Model.Save(chain, train.Schema, Out("model.zip"));

        // 3. The bits per second of held-out speech.
        IDataView scored = ML.Data.Cache(chain.Transform(test), "Codes", SpeechPipeline.Voice, "Bits");
        PriorMetrics quality = stages.Run("Score the test utterances", _ => PriorMetrics.Evaluate(scored, "Codes", "Bits"));

        // 4. New utterances, as long as those of the training data on average.
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder("Sound", "Codes", SpeechPipeline.Voice);
        string[] voices = [.. prior.Conditions.SelectMany(voice => Enumerable.Repeat(voice, SpeechPriorPlan.PerVoice))];
        float[][] sounds = stages.Run($"Sample {voices.Length} utterances", _ => Sounds(decoder, prior.Sample(
            ML, voices, new SamplingOptions { Seed = Settings.Seed, CancellationToken = Cancellation })));
        for (int i = 0; i < sounds.Length; i++)
        {
            string name = $"{voices[i]}-{i % SpeechPriorPlan.PerVoice + 1}.wav";
            WaveFile.Write(Out(name), sounds[i], codec.SampleRate);
            Play(name, $"{voices[i]}, sample {i % SpeechPriorPlan.PerVoice + 1}");
        }
        double codesPerSecond = codec.CodesPerPosition * (double)codec.SampleRate / codec.SamplesPerCode;
        stages.Run("Draw the figures", _ => Draw(prior.Conditions, sounds, quality.BitsPerCode * codesPerSecond));
        var metrics = new SpeechPriorMetrics
        {
            Seconds = Seconds,
            PriorBitsPerCode = quality.BitsPerCode,
            UniformBitsPerCode = quality.UniformBitsPerCode,
            BitsPerSecond = quality.BitsPerCode * codesPerSecond,
            Samples = sounds.Length,
        };
        Table table = TableOf("On the test utterances", "", "to compare with")
            .AddRow("bits per code", $"{metrics.PriorBitsPerCode:0.00}", $"{metrics.UniformBitsPerCode:0.00} uniform")
            .AddRow("bits per second", $"{metrics.BitsPerSecond:0}", "256,000 as 16-bit samples");
        return new SampleResult(metrics, table, $"{metrics.Seconds:0} s");
    }

    float[][] Sounds(AudioVqVaeDecoderTransformer decoder, IDataView codes) =>
        [.. ML.Data.CreateEnumerable<Spoken>(decoder.Transform(codes), reuseRowObject: false).Select(row => row.Sound)];

    /// <summary>Draws one row per voice: the spectrograms of its samples.</summary>
    void Draw(IReadOnlyList<string> voices, float[][] sounds, double bitsPerSecond)
    {
        const int caption = 70, axis = 44, gap = 10, frames = 230;
        Spectrogram[] spectrograms = [.. sounds.Select(sound => new Spectrogram(sound))];
        int shown = Math.Min(frames, spectrograms.Max(one => one.Frames)), tall = Spectrogram.Bands + 30;
        int left = Canvas.Margin + caption + axis, width = left + SpeechPriorPlan.PerVoice * (shown + gap) - gap + Canvas.Margin;
        string remark = $"Codes sampled for each voice, then decoded; {shown * Spectrogram.SecondsPerFrame:0.0} s of each, frequency in kHz on "
            + $"the mel scale. Test speech takes {bitsPerSecond:0} bits per second under the prior.";
        int header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + voices.Count * tall + Canvas.Margin);
        canvas.WriteHeading("Sampled utterances", remark);
        for (int i = 0; i < sounds.Length; i++)
        {
            int row = i / SpeechPriorPlan.PerVoice, column = i % SpeechPriorPlan.PerVoice, top = header + row * tall;
            if (column == 0)
            {
                canvas.Write(Lettering.Shorten(voices[row], caption), Canvas.Margin, top + Spectrogram.Bands / 2, Color.Ink);
                SpectrogramDrawing.DrawAxes(canvas, left, top, shown, width: 1, height: 1);
            }
            canvas.Draw(spectrograms[i], left + column * (shown + gap), top, shown, width: 1, height: 1);
        }
        Show(canvas, "spectrograms.png", "Spectrograms of the sampled utterances, a row for each voice");
    }

    sealed class Spoken
    {
        public float[] Sound { get; set; } = [];
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record SpeechPriorMetrics : SampleMetrics
{
    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>The bits per code of held-out utterances, given the speaker.</summary>
    public required double PriorBitsPerCode { get; init; }

    public required double UniformBitsPerCode { get; init; }

    /// <summary>The bits per second of held-out speech under the prior.</summary>
    public required double BitsPerSecond { get; init; }

    public required int Samples { get; init; }
}

/// <summary>The training budget.</summary>
/// <param name="CodecSteps">Training steps of the codec.</param>
/// <param name="PriorSteps">Training steps of the prior: few, since it would memorize an hour of
/// speech.</param>
internal sealed record SpeechPriorPlan(int CodecSteps, int PriorSteps)
{
    /// <summary>The number of sampled utterances per voice.</summary>
    public const int PerVoice = 3;

    public static SpeechPriorPlan For(SpeechSettings Settings) =>
        Settings.Quick ? new(CodecSteps: 180, PriorSteps: 100) : new(CodecSteps: 2000, PriorSteps: 300);

    /// <summary>A WaveNet with a receptive field of two and a half seconds.</summary>
    public PriorOptions PriorOptions(SpeechSettings Settings) => new()
    {
        WaveNet = WaveNetPriorOptions.Fast(),
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 16,
            Steps = PriorSteps,
            Seed = Settings.Seed,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 50, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };
}

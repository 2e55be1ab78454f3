using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Lengths that presets set are those of a long run: a short run shortens them, and a length that was set is kept or
/// refused.</summary>
[TestClass]
public class ShortRunTests
{
    readonly MLContext _ml = new(seed: 1);

    static IEnumerable<object[]> Presets() =>
    [
        ["image", ImageVqVaeOptions.Fast()], ["video", ImageVqVaeOptions.FastVideo()], ["speech", AudioVqVaeOptions.MelSpeech()],
        ["phonemes", AudioVqVaeOptions.PhonemeFeatures()], ["new speakers", AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers()],
        ["VCTK", AudioVqVaeOptions.Vctk64x()], ["LibriSpeech", AudioVqVaeOptions.LibriSpeech128x()],
        ["25 Hz", AudioVqVaeOptions.Phonemes640x()], ["series", new SeriesVqVaeOptions()], ["codes", CodesVqVaeOptions.Fast()],
        ["CIFAR", ImageVqVaeOptions.Cifar10()], ["prior", PriorOptions.Fast()], ["video prior", VideoPriorOptions.Fast()],
        ["VAE", ImageGaussianVaeOptions.Fast()], ["VIMCO", ImageVimcoOptions.Fast()],
    ];

    static VectorQuantizerOptions? QuantizerOf(NetworkOptions options) => options switch
    {
        ImageVqVaeOptions image => image.VectorQuantizer,
        AudioVqVaeOptions audio => audio.VectorQuantizer,
        SeriesVqVaeOptions series => series.VectorQuantizer,
        CodesVqVaeOptions codes => codes.VectorQuantizer,
        _ => null,
    };

    [TestMethod]
    [DynamicData(nameof(Presets))]
    public void A_preset_at_its_own_length_has_the_lengths_that_it_names(string name, NetworkOptions options)
    {
        int steps = options.Training.Steps!.Value;
        LearningRateSchedule schedule = options.Training.Schedule;
        for (long step = 0; step < Math.Min(steps, 5000); step++)
            Assert.AreEqual(schedule.Unshortened.FactorAt(step, steps), schedule.FactorAt(step, steps), name);
        if (QuantizerOf(options) is not VectorQuantizerOptions quantizer)
            return;
        VectorQuantizerOptions run = quantizer.For(steps);
        Assert.AreEqual(
            (quantizer.UnquantizedSteps, quantizer.RestartEverySteps, quantizer.Decay),
            (run.UnquantizedSteps, run.RestartEverySteps, run.Decay), name);
    }

    [TestMethod]
    [DynamicData(nameof(Presets))]
    public void A_preset_of_a_hundred_steps_quantizes_most_of_them_at_the_full_learning_rate(string name, NetworkOptions options)
    {
        LearningRateSchedule schedule = options.Training.Schedule;
        Assert.AreEqual(1, schedule.FactorAt(20, 100), name);
        if (QuantizerOf(options) is not VectorQuantizerOptions quantizer)
            return;
        VectorQuantizerOptions run = quantizer.For(100);
        Assert.IsLessThanOrEqualTo(20, run.UnquantizedSteps, name);
        Assert.IsLessThanOrEqualTo(6, run.RestartEverySteps, name);
        Assert.IsLessThanOrEqualTo(12.5, 1 / (1 - run.Decay) - 1e-9, $"{name}: the window of the averages");
        run.Validate();
        quantizer.For(1).Validate();
    }

    [TestMethod]
    public void Lengths_that_were_set_are_kept()
    {
        VectorQuantizerOptions quantizer = ImageVqVaeOptions.Fast().VectorQuantizer;
        (quantizer.UnquantizedSteps, quantizer.RestartEverySteps, quantizer.Decay) = (90, 60, 0.995);
        VectorQuantizerOptions run = quantizer.Copy().For(100);
        Assert.AreEqual((90, 60, 0.995), (run.UnquantizedSteps, run.RestartEverySteps, run.Decay));

        var residual = new ResidualVectorQuantizerOptions();
        Assert.AreEqual(6, residual.Stage.For(100).RestartEverySteps, "the default is that of a preset");
        Assert.AreEqual(0, new VectorQuantizerOptions { RestartEverySteps = 0 }.For(100).RestartEverySteps, "no restarts stay none");
    }

    [TestMethod]
    public void Steps_without_quantization_that_outlast_the_run_are_refused()
    {
        NetworkOptions[] all = [Tiny.Options(), TinySeries.Options(), TinySpeech.Options(), CodesVqVaeOptions.Fast()];
        foreach (NetworkOptions options in all)
        {
            options.Training.Steps = 40;
            options.Validate();
            QuantizerOf(options)!.UnquantizedSteps = 40;
            Assert.Contains("Quantizer.UnquantizedSteps must be less than Training.Steps, which is 40, but is 40",
                Assert.Throws<ArgumentException>(options.Validate).Message);
            QuantizerOf(options)!.UnquantizedSteps = 39;
            options.Validate();
        }
        ImageVqVaeOptions ofStages = Tiny.Options(steps: 40);
        ofStages.Quantizer = new ResidualVectorQuantizerOptions { Stage = { UnquantizedSteps = 41 } };
        Assert.Contains("which is 40, but is 41", Assert.Throws<ArgumentException>(ofStages.Validate).Message);

        // How many steps an epoch has is known when the rows are.
        ImageVqVaeOptions epochs = Tiny.Options();
        (epochs.Training.Steps, epochs.Training.Epochs, epochs.VectorQuantizer.UnquantizedSteps) = (null, 2, 6);
        epochs.Validate();
        IDataView data = Tiny.Data(_ml, 24);
        Assert.Contains("UnquantizedSteps must be less than the steps of the run, which are 6",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", epochs).Fit(data)).Message);
    }

    [TestMethod]
    public void A_hundred_steps_train_a_codec_that_uses_its_codes()
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        (options.Codec.HiddenChannels, options.Codec.OuterChannels, options.Codec.ResidualChannels) = (16, 8, 8);
        (options.Codec.Downsamplings, options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions) = (1, 64, 16);
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (100, 16, 1);
        options.ReconstructionColumnName = "Decoded";
        IDataView data = Tiny.Data(_ml, 120);
        using ImageVqVaeTransformer transformer = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Pixels", "Decoded", "Codes");
        double error = rows.Average(row => ((float[])row[0]).Zip((float[])row[1], (x, y) => (double)(x - y) * (x - y)).Average());
        double mean = rows.Average(row => ((float[])row[0]).Average(x => (double)x));
        double variance = rows.Average(row => ((float[])row[0]).Average(x => (x - mean) * (x - mean)));
        int[] counts = [.. rows.SelectMany(row => (uint[])row[2]).GroupBy(code => code).Select(group => group.Count())];
        double total = counts.Sum(), perplexity = Math.Exp(-counts.Sum(count => count / total * Math.Log(count / total)));
        // Without codes, every image is the mean: an error of 1, in units of the variance.
        Assert.IsLessThan(0.2, error / variance, $"perplexity {perplexity:F1}");
        Assert.IsGreaterThan(20, perplexity, $"error {error / variance:F3}");
    }

    [TestMethod]
    public void Short_runs_of_series_speech_and_codes_use_their_codes_too()
    {
        SeriesVqVaeOptions series = new() { CropLength = 50 };
        (series.Codec.Channels, series.Codec.HiddenChannels, series.Codec.ResidualChannels) = (TinySeries.Channels, 8, 4);
        (series.Training.Steps, series.Training.BatchSize, series.Training.Seed) = (20, 4, 3);
        using SeriesVqVaeTransformer ofSeries = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", series).Fit(TinySeries.Data(_ml));
        Assert.IsGreaterThan(5, ofSeries.TrainingSummary!.Last.Perplexity!.Value);

        AudioVqVaeOptions speech = AudioVqVaeOptions.MelSpeech();
        (speech.Codec, speech.CropSeconds, speech.SpeakerColumnName) = (TinySpeech.Mel(), 0.16, "Speaker");
        (speech.Training.Steps, speech.Training.BatchSize, speech.Training.Seed) = (20, 4, 3);
        using AudioVqVaeTransformer ofSpeech = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", speech).Fit(TinySpeech.Data(_ml));
        Assert.IsGreaterThan(3, ofSpeech.TrainingSummary!.Last.Perplexity!.Value);
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Samples;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Training that starts from the weights of a trained transformer, on whatever data.</summary>
[TestClass]
public class WarmStartTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Training_starts_from_the_weights_the_codebook_and_the_statistics_of_the_transformer()
    {
        IDataView data = Tiny.Data(_ml, 30);
        // A learning rate that moves no weight, and a codebook that only the gradient moves.
        ImageVqVaeOptions Still(NetworkTransformer? start)
        {
            ImageVqVaeOptions options = Options(steps: 4);
            (options.VectorQuantizer.Learning, options.VectorQuantizer.RestartEverySteps) = (CodebookLearning.Gradient, 0);
            if (start is not null)
                (options.WarmStart, options.Training.LearningRate, options.Training.Seed) = (start, 1e-30, 99);
            return options;
        }
        using ImageVqVaeTransformer first = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Still(null)).Fit(data);
        IDataView brighter = _ml.Data.LoadFromEnumerable(Tiny.Rows(20).Select(row => new Tiny.Row
        {
            Pixels = [.. row.Pixels.Select(pixel => 100 + 2 * pixel)], Label = row.Label, Number = row.Number,
        }));
        using ImageVqVaeTransformer second = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Still(first)).Fit(brighter);
        Values.AreEqual(
            Values.Read(first.Transform(data), "Codes", "Embeddings"), Values.Read(second.Transform(data), "Codes", "Embeddings"));
        (string[] changed, float[] pixels, float[] pixelsAfter) = Compare(first, second);
        CollectionAssert.AreEqual(new[] { "pixels", "quantizer.counts", "quantizer.steps" }, changed);
        CollectionAssert.AreEqual(pixels[..3], pixelsAfter[..3], "mean, deviation and minimum are those of the first data");
        Assert.IsGreaterThan(500, pixelsAfter[3], "decoded images may be as bright as the new data");
    }

    [TestMethod]
    [DataRow(true, 60)]
    [DataRow(false, 5)]
    public void A_warm_start_quantizes_from_the_first_step_and_learns_on(bool fromData, int steps)
    {
        IDataView data = Tiny.Data(_ml, 40);
        ImageVqVaeOptions options = Options(steps);
        options.VectorQuantizer.InitializeFromData = fromData;
        using ImageVqVaeTransformer first = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        options.Training.Steps = 20;
        (options.WarmStart, options.VectorQuantizer.UnquantizedSteps, options.Training.ProgressEverySteps) = (first, 15, 1);
        using ImageVqVaeTransformer second = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        Assert.IsNotNull(second.TrainingSummary!.LearningCurve[0].Perplexity);
        options.WarmStart = null;
        using ImageVqVaeTransformer cold = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        Assert.IsNull(cold.TrainingSummary!.LearningCurve[0].Perplexity);
        double Error(ImageVqVaeTransformer model) => Values.Read(model.Transform(data), "Error").Average(row => (float)row[0]);
        Assert.IsLessThan(Error(cold), Error(second));
        Assert.IsLessThan(Error(first), Error(second), "training goes on");
    }

    [TestMethod]
    public void A_loaded_model_is_a_start_too_and_may_be_disposed_afterwards()
    {
        IDataView data = Tiny.Data(_ml, 30);
        using var folder = new TemporaryFolder();
        ImageVqVaeOptions options = Options(steps: 3);
        using (ImageVqVaeTransformer first = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(steps: 5)).Fit(data))
        {
            _ml.Model.Save(first, data.Schema, folder.File("model.zip"));
            options.WarmStart = first;
            using ImageVqVaeTransformer fromTrained = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
            first.SaveWeights(folder.File("first"));
            fromTrained.SaveWeights(folder.File("trained"));
        }
        using var loaded = (ImageVqVaeTransformer)_ml.Model.Load(folder.File("model.zip"), out _);
        options.WarmStart = loaded;
        using ImageVqVaeTransformer second = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        loaded.Dispose();
        second.SaveWeights(folder.File("loaded"));
        Assert.IsTrue(File.ReadAllBytes(folder.File("trained")).SequenceEqual(File.ReadAllBytes(folder.File("loaded"))));
        Assert.IsFalse(File.ReadAllBytes(folder.File("first")).SequenceEqual(File.ReadAllBytes(folder.File("loaded"))));
        Assert.HasCount(30, Values.Read(second.Transform(data), "Codes"));
        Assert.Throws<ObjectDisposedException>(() => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data));
    }

    [TestMethod]
    public void A_checkpoint_of_a_run_with_another_start_is_refused()
    {
        IDataView data = Tiny.Data(_ml, 30);
        using ImageVqVaeTransformer first = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(steps: 5)).Fit(data);
        using ImageVqVaeTransformer second = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(steps: 4)).Fit(data);
        using var folder = new TemporaryFolder();
        long? ResumedFrom(NetworkTransformer? start, string checkpoints)
        {
            ImageVqVaeOptions options = Options(steps: 3);
            (options.WarmStart, options.Training.CheckpointFolder) = (start, folder.File(checkpoints));
            using ImageVqVaeTransformer model = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
            return model.TrainingSummary!.ResumedFromStep;
        }
        string Refusal(NetworkTransformer? start, string checkpoints) =>
            Assert.ThrowsExactly<InvalidOperationException>(() => ResumedFrom(start, checkpoints)).Message;
        Assert.IsNull(ResumedFrom(null, "cold"));
        Assert.Contains(", in the checkpoint not set", Refusal(first, "cold"));
        Assert.Contains("WarmStart is ", Refusal(first, "cold"));
        Assert.IsNull(ResumedFrom(first, "warm"));
        Assert.Contains("WarmStart is ", Refusal(second, "warm"));
        Assert.Contains("WarmStart is not set, in the checkpoint ", Refusal(null, "warm"));
        Assert.AreEqual(3, ResumedFrom(first, "warm"));
        Assert.AreEqual(3, ResumedFrom(null, "cold"));
    }

    [TestMethod]
    public void Another_network_is_refused()
    {
        IDataView data = Tiny.Data(_ml, 20);
        using ImageVqVaeTransformer first = Tiny.Untrained();
        ImageVqVaeOptions options = Options(steps: 3);
        (options.WarmStart, options.VectorQuantizer.Codes) = (first, Tiny.Codes + 1);
        string message = Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data)).Message;
        Assert.Contains("ImageVqVaeTransformer does not fit the network: ", message);
        Assert.Contains("tensor 'quantizer.codebook' is F32 [1, 6, 4], expected F32 [1, 7, 4]", message);
        Assert.Contains("Set WarmStart to a transformer whose network has the settings of these options", message);
        PriorOptions prior = TinyCodes.Options(1);
        prior.WarmStart = first;
        Assert.Contains("does not fit the network", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, prior).Fit(TinyCodes.Grids(_ml, 6))).Message);
    }

    [TestMethod]
    public void Classes_must_be_those_of_the_transformer_in_their_order()
    {
        IDataView data = TinyCodes.Grids(_ml, 12);
        PriorOptions options = TinyCodes.Options(2);
        using PriorTransformer first = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
        options.WarmStart = first;
        using PriorTransformer second = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
        Assert.HasCount(12, Values.Read(second.Transform(data), "Bits"));
        IDataView turned = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(TinyCodes.Grids(12).Reverse()));
        Assert.Contains("trained with the 3 classes 'up', 'down', 'flat', but the data have the 3 classes 'flat', 'down', 'up'",
            Assert.ThrowsExactly<InvalidOperationException>(
                () => _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(turned)).Message);
        Assert.Contains("but the data have no classes", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(data)).Message);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Speech_keeps_the_codes_and_measures_its_speakers_anew(string name)
    {
        IDataView data = TinySpeech.Data(_ml), other = TinySpeech.Data(_ml, [.. TinySpeech.Rows(12).Skip(5)]);
        AudioVqVaeOptions Options(NetworkTransformer? start)
        {
            AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(name), steps: 4);
            (options.VectorQuantizer.Learning, options.VectorQuantizer.RestartEverySteps) = (CodebookLearning.Gradient, 0);
            if (start is not null)
                (options.WarmStart, options.Training.LearningRate, options.Training.Seed) = (start, 1e-30, 99);
            return options;
        }
        using AudioVqVaeTransformer first = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", Options(null)).Fit(data);
        using AudioVqVaeTransformer second = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", Options(first)).Fit(other);
        string[] expected = name == "waveform" ? ["quantizer.counts", "quantizer.steps"]
            : ["inputNormalisers", "outputStatistics", "quantizer.counts", "quantizer.steps"];
        CollectionAssert.AreEqual(expected, Compare(first, second).Changed);
    }

    [TestMethod]
    public void Series_and_baselines_start_warm_too()
    {
        SeriesVqVaeOptions series = TinySeries.Options(steps: 30);
        series.Training.ProgressEverySteps = 1;
        using SeriesVqVaeTransformer firstSeries = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", series).Fit(TinySeries.Data(_ml));
        series.WarmStart = firstSeries;
        using SeriesVqVaeTransformer secondSeries =
            _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", series).Fit(TinySeries.Data(_ml, 12));
        StartsLower(firstSeries, secondSeries, "reconstruction");

        ImageGaussianVaeOptions baseline = ImageGaussianVaeOptions.Fast();
        baseline.Codec = Tiny.Codec();
        baseline.Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
        (baseline.Training.Steps, baseline.Training.BatchSize, baseline.Training.Seed) = (30, 8, 3);
        baseline.Training.ProgressEverySteps = 1;
        using GaussianVaeTransformer firstBaseline =
            _ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", baseline).Fit(RoundedImages());
        baseline.WarmStart = firstBaseline;
        using GaussianVaeTransformer secondBaseline =
            _ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", baseline).Fit(RoundedImages());
        StartsLower(firstBaseline, secondBaseline, "reconstruction bits");
    }

    /// <summary>The first loss of a warm start is below that of the run that it started from.</summary>
    static void StartsLower(NetworkTransformer first, NetworkTransformer second, string term)
    {
        double Start(NetworkTransformer transformer) => transformer.TrainingSummary!.LearningCurve[0].Terms[term];
        Assert.IsLessThan(Start(first), Start(second));
    }

    /// <summary>The names of the tensors that differ between two transformers, and those tensors.</summary>
    static (string[] Changed, float[] Pixels, float[] PixelsAfter) Compare(NetworkTransformer first, NetworkTransformer second)
    {
        using var folder = new TemporaryFolder();
        first.SaveWeights(folder.File("first"));
        second.SaveWeights(folder.File("second"));
        using SafetensorsContent before = Safetensors.ReadFile(folder.File("first")), after = Safetensors.ReadFile(folder.File("second"));
        bool Same(string name) => before.Tensors[name].bytes.SequenceEqual(after.Tensors[name].bytes);
        static float[] PixelsOf(SafetensorsContent content) =>
            content.Tensors.TryGetValue("pixels", out torch.Tensor? pixels) ? pixels.data<float>().ToArray() : [];
        return ([.. before.Tensors.Keys.Where(name => !Same(name)).Order()], PixelsOf(before), PixelsOf(after));
    }

    IDataView RoundedImages() => _ml.Data.LoadFromEnumerable(Tiny.Rows(20).Select(row => new Tiny.Row
    {
        Pixels = [.. row.Pixels.Select(pixel => MathF.Round(pixel))], Label = row.Label, Number = row.Number,
    }));

    static ImageVqVaeOptions Options(int steps)
    {
        ImageVqVaeOptions options = Tiny.Options(steps);
        (options.ReconstructionErrorColumnName, options.EmbeddingsColumnName) = ("Error", "Embeddings");
        return options;
    }

    [TestMethod]
    public void Speech_without_speakers_keeps_its_statistics()
    {
        AudioVqVaeOptions options = TinySpeech.Options(steps: 4);
        (options.SpeakerColumnName, options.VectorQuantizer.Learning) = (null, CodebookLearning.Gradient);
        options.VectorQuantizer.RestartEverySteps = 0;
        using AudioVqVaeTransformer first = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
        (options.WarmStart, options.Training.LearningRate, options.Training.Seed) = (first, 1e-30, 99);
        TinySpeech.Row[] loud = TinySpeech.Rows(5);
        foreach (TinySpeech.Row row in loud)
            row.Waveform = [.. row.Waveform.Select(sample => 4 * sample)];
        using AudioVqVaeTransformer second =
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml, loud));
        CollectionAssert.AreEqual(new[] { "quantizer.counts", "quantizer.steps" }, Compare(first, second).Changed);
    }

    [TestMethod]
    public void Classes_without_new_rows_can_be_sampled_still()
    {
        IDataView data = TinyCodes.Grids(_ml, 12);
        PriorOptions options = TinyCodes.Options(2);
        using PriorTransformer first = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
        options.WarmStart = first;
        using PriorTransformer second = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(_ml.Data.TakeRows(data, 1));
        CollectionAssert.AreEqual(first.Conditions.ToArray(), second.Conditions.ToArray());
        Assert.HasCount(2, Values.Read(second.Sample(_ml, 2, TinyCodes.Classes[2]), "Codes"));
    }

    [TestMethod]
    public void A_speaker_without_new_rows_keeps_the_voice()
    {
        AudioVqVaeOptions options = TinySpeech.Options(steps: 4);
        using AudioVqVaeTransformer first = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
        (options.WarmStart, options.Training.LearningRate) = (first, 1e-30);
        IDataView low = TinySpeech.Data(_ml, [.. TinySpeech.Rows(12).Where(row => row.Speaker == "low")]);
        using AudioVqVaeTransformer second = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(low);
        CollectionAssert.AreEqual(TinySpeech.Speakers, second.Speakers.ToArray());
        using var folder = new TemporaryFolder();
        first.SaveWeights(folder.File("first"));
        second.SaveWeights(folder.File("second"));
        using SafetensorsContent before = Safetensors.ReadFile(folder.File("first")), after = Safetensors.ReadFile(folder.File("second"));
        foreach (string name in (string[])["inputNormalisers", "outputStatistics"])
        {
            float[][] Halves(SafetensorsContent content) =>
                [.. content.Tensors[name].data<float>().ToArray().Chunk((int)content.Tensors[name].numel() / 2)];
            CollectionAssert.AreNotEqual(Halves(before)[0], Halves(after)[0], $"{name} of the speaker with new rows");
            CollectionAssert.AreEqual(Halves(before)[1], Halves(after)[1], $"{name} of the speaker without");
        }
        IDataView codes = second.Transform(TinySpeech.Data(_ml, TinySpeech.Rows(2)));
        using AudioVqVaeDecoderTransformer decoder = second.Decoder("Again");
        Assert.IsNotEmpty((float[])Values.Read(decoder.Transform(codes), "Again")[1][0]);
    }
}

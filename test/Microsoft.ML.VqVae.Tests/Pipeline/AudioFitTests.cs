using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Training of audio codecs as an estimator: schemas, seeds, checkpoints, batches of unequal lengths, and no tensor
/// left.</summary>
[TestClass]
public class AudioFitTests
{
    readonly MLContext _ml = new(seed: 1);

    AudioVqVaeTransformer Fit(string codec, Action<AudioVqVaeOptions>? change = null, IDataView? data = null)
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(codec));
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        change?.Invoke(options);
        return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(data ?? TinySpeech.Data(_ml));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void What_is_trained_is_what_was_promised_and_lengths_are_exact(string codec)
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(codec));
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        IDataView data = TinySpeech.Data(_ml);
        AudioVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options);
        using AudioVqVaeTransformer transformer = estimator.Fit(data);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey} "
                + string.Join(',', column.Annotations.Select(annotation => annotation.Name).Order())).Order()];
        CollectionAssert.AreEqual(
            Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(transformer.GetOutputSchema(data.Schema))));
        Assert.AreEqual(TinySpeech.SamplesPerCode, transformer.SamplesPerCode);
        CollectionAssert.AreEqual(TinySpeech.Speakers, transformer.Speakers.ToArray());
        IDataView coded = transformer.Transform(TinySpeech.Data(_ml, TinySpeech.Rows(3)));
        foreach (object[] row in Values.Read(coded, "Waveform", "Codes", "Decoded", "Embeddings"))
        {
            int samples = ((float[])row[0]).Length, codes = (samples + 159) / 160;
            Assert.HasCount(codes, (uint[])row[1]);
            Assert.HasCount(samples, (float[])row[2]);
            Assert.HasCount(codes * TinySpeech.Dimensions, (float[])row[3]);
            Assert.IsTrue(((uint[])row[1]).All(key => key is >= 1 and <= TinySpeech.Codes));
            Assert.IsTrue(((float[])row[2]).All(sample => Math.Abs(sample) <= 1));
        }
    }

    List<object[]> FitAndRead(string codec, Action<AudioVqVaeOptions>? change = null)
    {
        using AudioVqVaeTransformer transformer = Fit(codec, change);
        return Values.Read(transformer.Transform(TinySpeech.Data(_ml)), "Codes", "Embeddings");
    }

    [TestMethod]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Features_in_temporary_files_train_the_same_network(string codec) =>
        Values.AreEqual(FitAndRead(codec), FitAndRead(codec, options => options.Training.DataMemoryLimit = 0));

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void The_seed_decides_everything(string codec)
    {
        List<object[]> first = FitAndRead(codec);
        Values.AreEqual(first, FitAndRead(codec));
        List<object[]> other = FitAndRead(codec, options => options.Training.Seed = 4);
        CollectionAssert.AreNotEqual((float[])first[0][1], (float[])other[0][1]);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void A_cancelled_run_goes_on_to_the_same_bits(string codec)
    {
        List<object[]> expected = FitAndRead(codec);
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => FitAndRead(codec, options =>
            {
                (options.Training.CheckpointFolder, options.Training.CancellationToken, options.Training.ProgressEverySteps) =
                    (folder, cancellation.Token, 1);
                options.Training.Progress = new Listener(report =>
                {
                    if (report.Step == 3)
                        cancellation.Cancel();
                });
            }));
            Values.AreEqual(expected, FitAndRead(codec, options => options.Training.CheckpointFolder = folder));
            InvalidOperationException refused = Assert.ThrowsExactly<InvalidOperationException>(() =>
            {
                TinySpeech.Row[] rows = TinySpeech.Rows(7);
                rows[5].Waveform[7] += 0.01f;
                Fit(codec, options => options.Training.CheckpointFolder = folder, TinySpeech.Data(_ml, rows)).Dispose();
            });
            Assert.Contains("the training data have other values", refused.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void Crops_of_an_utterance_are_not_both_trained_on_and_held_out()
    {
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            void Run(AudioVqVaeOptions options) =>
                (options.CropSeconds, options.Training.ValidationFraction, options.Training.CheckpointFolder) = (0.04, 0.3, folder);
            Fit("waveform", Run).Dispose();
            Fit("waveform", Run).Dispose();
            // As it was written while crops were held out.
            string path = Path.Combine(folder, "checkpoint.safetensors");
            using (SafetensorsContent content = Safetensors.ReadFile(path))
            {
                var metadata = new Dictionary<string, string>(content.Metadata);
                Assert.IsTrue(metadata.Remove("setting.unit of ValidationFraction"));
                Safetensors.WriteFile(path, content.Tensors, metadata);
            }
            Assert.Contains("another run: unit of ValidationFraction is rows, in the checkpoint not set. Resume with",
                Assert.ThrowsExactly<InvalidOperationException>(() => Fit("waveform", Run)).Message);
            Assert.Contains("parts of one row", Assert.ThrowsExactly<ArgumentException>(
                () => Fit("waveform", Run, TinySpeech.Data(_ml, TinySpeech.Rows(1)))).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void A_processor_that_rounds_features_otherwise_has_the_same_settings()
    {
        AudioVqVaeOptions options = TinySpeech.Options();
        IDataView data = TinySpeech.Data(_ml);
        using AudioVqVae network = options.Codec.CreateNetwork(options.Quantizer, 2, 1);
        var features = new UtteranceFeatures(network, bySpeaker: true, memoryLimit: long.MaxValue);
        using UtteranceStore store = UtteranceStore.Read(
            data, data.Schema["Waveform"], CategorySet.FindNew(data.Schema, "Speaker", "speaker"), features, options.CropCodes, seed: 1, default);
        features.Complete(isWarmStart: false, default);
        var task = new TrainingTask(network, network, store, new());
        Dictionary<string, string> Settings() =>
            new(new RunSettings(task, options.Training, new BatchPlan(store.Count, options.Training, store.RowOf), reducedPrecision: false).Values);
        Dictionary<string, string> here = Settings();
        float[] normalizer = features.NormalizerOf(features[0], view: 0);
        normalizer[0] = float.BitIncrement(normalizer[0]);
        CollectionAssert.AreEquivalent(here, Settings());
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Utterances_of_a_batch_are_computed_as_each_would_be_alone(string codec)
    {
        using AudioVqVaeTransformer transformer = Fit(codec);
        IDataView data = TinySpeech.Data(_ml, TinySpeech.Rows(3));
        Values.AreEqual(Values.Read(transformer.Transform(data)), Values.ReadByMapper(transformer, data), 1e-3);
    }

    [TestMethod]
    public void Training_goes_without_speakers_and_without_crops()
    {
        using AudioVqVaeTransformer transformer = Fit("mel", options =>
            (options.SpeakerColumnName, options.CropSeconds, options.Training.ValidationFraction) = (null, 10, 0.25));
        Assert.IsEmpty(transformer.Speakers);
        Assert.IsNotNull(transformer.TrainingSummary!.BestValidationLoss);
        using AudioVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
        IDataView view = decoder.Transform(transformer.Transform(_ml.Data.LoadFromEnumerable(TinySpeech.Rows(3))));
        foreach (object[] row in Values.Read(view, "Codes", "Again"))
            Assert.HasCount(((uint[])row[0]).Length * TinySpeech.SamplesPerCode, (float[])row[1]);
        Assert.ThrowsExactly<ArgumentException>(() => transformer.Decoder("Again", speakerColumnName: "Speaker"));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void No_tensor_is_left_behind(string codec)
    {
        FitAndRead(codec);
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(codec));
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow: by how much?
        long network = Growth(() => options.Codec.CreateNetwork(options.Quantizer, 2, 1).Dispose());
        Assert.AreEqual(network, Growth(() => FitAndRead(codec)));
        TinySpeech.Row[] bad = TinySpeech.Rows(4);
        bad[2].Waveform[0] = float.NaN;
        Assert.AreEqual(network, Growth(() => Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit(codec, data: TinySpeech.Data(_ml, bad)).Dispose())), "after a fit that failed");
    }

    [TestMethod]
    public void A_speaker_without_sound_is_not_one_of_the_voices()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(6);
        foreach (TinySpeech.Row row in rows.Where(row => row.Speaker == TinySpeech.Speakers[1]))
            row.Waveform = [];
        using AudioVqVaeTransformer transformer = Fit("mel", data: TinySpeech.Data(_ml, rows));
        CollectionAssert.AreEqual(TinySpeech.Speakers[..1], transformer.Speakers.ToArray());
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void No_temporary_file_stays_mapped_after_a_fit_that_failed()
    {
        static int Mapped() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("vqvae-", StringComparison.Ordinal)
            && line.Contains(".data", StringComparison.Ordinal));
        TinySpeech.Row[] bad = TinySpeech.Rows(4);
        bad[2].Waveform[0] = float.NaN;
        int before = Mapped();
        Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit("mel", options => options.Training.DataMemoryLimit = 0, TinySpeech.Data(_ml, bad)).Dispose());
        // Values that are no bytes, found after all images are read.
        ImageVqVaeOptions images = Tiny.Options();
        (images.ReconstructionBitsColumnName, images.ImageScale, images.Training.DataMemoryLimit) = ("Bits", 0.1f, 0);
        Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", images).Fit(Tiny.Data(_ml)).Dispose());
        // A network that does not fit, likewise.
        using ImageVqVaeTransformer other = Tiny.Untrained();
        ImageVqVaeOptions wider = Tiny.Options();
        wider.Codec.HiddenChannels = 12;
        (wider.WarmStart, wider.Training.DataMemoryLimit) = (other, 0);
        Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", wider).Fit(Tiny.Data(_ml)).Dispose());
        Assert.AreEqual(before, Mapped());
    }

    [TestMethod]
    [DataRow("mel", 1e9)]
    [DataRow("waveform", 1e6)]
    [DataRow("waveform", 1e9)]
    public void Crops_beyond_all_utterances_take_them_whole(string codec, double seconds) => Values.AreEqual(
        FitAndRead(codec, options => options.CropSeconds = 10), FitAndRead(codec, options => options.CropSeconds = seconds));
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Sound from frames by a WaveNet: schemas, files, checkpoints, tensors, errors; and frames from a codec.</summary>
[TestClass]
public sealed class VocoderTests
{
    readonly MLContext _ml = new(seed: 1);

    VocoderTransformer Fit(VocoderOptions? options = null, params TinyFrames.Row[] rows) =>
        _ml.Transforms.VqVae.Vocode("Sound", "Frames", options ?? TinyFrames.Options())
            .Fit(_ml.Data.LoadFromEnumerable(rows.Length == 0 ? TinyFrames.Rows(8) : rows));

    [TestMethod]
    public void Promised_schemas_are_real_and_all_ways_to_a_row_agree()
    {
        TinyFrames.Row[] rows = TinyFrames.Rows(8);
        (rows[3].Frames, rows[3].Waveform) = ([], []);
        IDataView view = Workout.Run(
            _ml, _ml.Transforms.VqVae.Vocode("Sound", "Frames", TinyFrames.Options()), _ml.Data.LoadFromEnumerable(rows));
        foreach (object[] row in Values.Read(view, "Frames", "Sound"))
        {
            float[] sound = (float[])row[1];
            Assert.HasCount(((float[])row[0]).Length / TinyFrames.Bands * TinyFrames.SamplesPerFrame, sound);
            Assert.IsTrue(Array.TrueForAll(sound, sample => sample is >= -1 and <= 1));
        }
    }

    [TestMethod]
    public void Sound_has_the_spectrum_that_its_frames_ask_for()
    {
        VocoderOptions options = TinyFrames.Options(steps: 60);
        (options.Training.LearningRate, options.PredictionOrder) = (1e-2, 12);
        using VocoderTransformer vocoder = Fit(options, TinyFrames.Rows(12));
        Assert.AreEqual((4000, TinyFrames.Bands, TinyFrames.SamplesPerFrame), (vocoder.SampleRate, vocoder.Bands, vocoder.SamplesPerFrame));
        float[] speech = TinySpeech.Utterance(seed: 99, samples: 4000, sampleRate: 4000, pitch: 150);
        float[] frames = TinyFrames.FramesOf(speech);
        float[] quieter = [.. frames.Select(value => value - MathF.Log(100))];
        double loud = Distance(vocoder.Vocode(frames), frames), quiet = Distance(vocoder.Vocode(quieter), quieter);
        // Noise of the same power, but with no envelope.
        var random = new Random(1);
        double level = Math.Sqrt(speech.Average(sample => sample * sample) * 3);
        double noise = Distance([.. speech.Select(_ => (float)(level * (2 * random.NextDouble() - 1)))], frames);
        Assert.IsLessThan(0.5 * noise, loud);
        Assert.IsLessThan(0.5 * noise, quiet);

        static double Distance(float[] sound, float[] frames) =>
            TinyFrames.FramesOf(sound).Zip(frames).Average(pair => Math.Abs(pair.First - pair.Second));
    }

    [TestMethod]
    public void The_loss_is_that_of_a_decoder_of_normalized_frames()
    {
        using var scope = NewDisposeScope();
        VocoderOptions options = TinyFrames.Options();
        WaveNetDecoderOptions shape = options.ToDescription(seed: 0).Network;
        using var network = new WaveNetVocoder(shape, seed: 5);
        using var decoder = new WaveNetDecoder(shape, seed: 5);
        Tensor means = randn(shape.LatentChannels), deviations = rand(shape.LatentChannels) + 0.5f;
        network.SetStatistics(means.data<float>().ToArray(), deviations.data<float>().ToArray());
        int samples = 4 * shape.SamplesPerLatent;
        Tensor frames = randn(2, shape.LatentChannels, 4), excitations = rand(2, 1, samples).mul(2).sub(1);
        Tensor lengths = tensor(new long[] { samples, samples - 7 });
        Tensor normalized = (frames - means.view(1, -1, 1)) / deviations.view(1, -1, 1);
        float expected = decoder.Loss(Audio.MuLaw.Encode(excitations).squeeze(1), normalized, null, lengths).item<float>();
        Assert.AreEqual(expected, network.Loss([frames, excitations, lengths], new TrainingMoment(0, 1)).Total.item<float>(), 1e-5);
    }

    [TestMethod]
    public void A_canceled_run_goes_on_to_the_same_bits()
    {
        (List<object[]> Sound, TrainingSummary Summary) Read(Action<TrainingOptions> change)
        {
            VocoderOptions options = TinyFrames.Options(steps: 6);
            change(options.Training);
            using VocoderTransformer vocoder = Fit(options);
            return (Values.Read(vocoder.Transform(_ml.Data.LoadFromEnumerable(TinyFrames.Rows(8))), "Sound"), vocoder.TrainingSummary!);
        }

        (List<object[]> expected, _) = Read(_ => { });
        using var folder = new Tests.Samples.TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Read(training =>
        {
            (training.CheckpointFolder, training.CancellationToken, training.ProgressEverySteps) = (folder.Path, cancellation.Token, 1);
            training.Progress = new Listener(report =>
            {
                if (report.Step == 3)
                    cancellation.Cancel();
            });
        }));
        (List<object[]> sound, TrainingSummary summary) = Read(training => training.CheckpointFolder = folder.Path);
        Values.AreEqual(expected, sound);
        // A training from the start would end with the same bits.
        Assert.AreEqual(3L, summary.ResumedFromStep);
    }

    [TestMethod]
    public void A_changed_codec_is_named_and_not_the_data()
    {
        using var folder = new Tests.Samples.TemporaryFolder();
        VocoderOptions options = TinyFrames.Options();
        options.Training.CheckpointFolder = folder.Path;
        Fit(options).Dispose();
        Fit(options).Dispose();
        double former = options.Codec.PreEmphasis;
        options.Codec.PreEmphasis = 0;
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options)).Message;
        Assert.Contains(FormattableString.Invariant($"another run: Codec.PreEmphasis is 0, in the checkpoint {former}. Resume with"), message);
    }

    [TestMethod]
    public void A_warm_start_goes_on_from_the_weights()
    {
        using VocoderTransformer first = Fit(TinyFrames.Options(steps: 60));
        VocoderOptions options = TinyFrames.Options(steps: 1);
        options.Training.ProgressEverySteps = 1;
        using VocoderTransformer cold = Fit(options);
        options.WarmStart = first;
        using VocoderTransformer warm = Fit(options);
        Assert.IsLessThan(cold.TrainingSummary!.Last.Loss, warm.TrainingSummary!.Last.Loss);
        options.Network.Channels = 5;
        Assert.Contains("WarmStart", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options)).Message);
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        void FitAndRead()
        {
            using VocoderTransformer vocoder = Fit();
            Values.Read(vocoder.Transform(_ml.Data.LoadFromEnumerable(TinyFrames.Rows(8))), "Sound");
        }

        FitAndRead();
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow: by how much?
        long network = Growth(() => new WaveNetVocoder(TinyFrames.Options().ToDescription(seed: 0).Network, 1).Dispose());
        Assert.AreEqual(network, Growth(FitAndRead));
    }

    [TestMethod]
    public void Data_that_do_not_fit_are_refused_before_training()
    {
        TinyFrames.Row[] rows = TinyFrames.Rows(4);
        rows[2].Waveform = new float[500];
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(rows: rows)).Message;
        Assert.AreEqual("Row 2 has 10 frames of 20 bands in column 'Frames' and 500 samples in column 'Waveform'; expected are 361 to 400 samples, "
            + "40 a frame. Set Codec to the options of the codec that decoded them.", message);
        rows = TinyFrames.Rows(4);
        rows[1].Frames = rows[1].Frames[..^1];
        Assert.Contains("Row 1 of column 'Frames' has 159 values; expected is a multiple of 20",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(rows: rows)).Message);
        Assert.Contains("no row with frames in column 'Frames'", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(rows: new TinyFrames.Row())).Message);
        VocoderOptions options = TinyFrames.Options();
        options.WaveformColumnName = "Missing";
        Assert.Contains("Missing", Assert.Throws<ArgumentException>(() => Fit(options)).Message);
        (options.WaveformColumnName, options.PredictionOrder, options.Temperature, options.CropFrames) = ("", 0, 0, 1);
        message = Assert.Throws<ArgumentException>(() => Fit(options)).Message;
        foreach (string name in (string[])["WaveformColumnName", "PredictionOrder", "Temperature"])
            Assert.Contains(name, message);
        (options.CropFrames, options.Codec) = (0, new MelCodecOptions { Outputs = SpeechFeatures.Mfcc });
        message = Assert.Throws<ArgumentException>(() => Fit(options)).Message;
        Assert.Contains("CropFrames", message);
        Assert.Contains("Codec must be a codec whose outputs are LogMel", message);
    }

    [TestMethod]
    public void A_codec_gives_the_frames_that_its_sound_is_made_of()
    {
        IDataView data = TinySpeech.Data(_ml);
        AudioVqVaeOptions codecOptions = TinySpeech.Options();
        codecOptions.DecodedFramesColumnName = "Frames";
        MelCodecOptions mel = (MelCodecOptions)codecOptions.Codec;
        using AudioVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codecOptions).Fit(data);
        Assert.AreEqual("Frames", codec.DecodedFramesColumnName);
        IDataView coded = _ml.Data.Cache(codec.Transform(data));
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder("Sound", null, null, "Again");
        Assert.AreEqual("Again", decoder.FramesColumnName);
        int perFrame = TinySpeech.SamplesPerCode / mel.FramesPerCode;
        foreach (object[] row in Values.Read(decoder.Transform(coded), "Waveform", "Frames", "Again"))
        {
            float[] frames = (float[])row[1];
            Assert.HasCount((((float[])row[0]).Length + perFrame - 1) / perFrame * mel.Bands, frames);
            // The last code may cover more frames than there are.
            Values.AreEqual([[frames]], [[((float[])row[2])[..frames.Length]]], 1e-4);
        }
        VocoderOptions options = TinyFrames.Options();
        IDataView heard = Workout.Run(_ml, _ml.Transforms.VqVae.Vocode("Sound", "Frames", options), coded);
        Assert.IsNotEmpty((float[])Values.Read(heard, "Sound")[0][0]);
    }

    [TestMethod]
    public void A_codec_without_frames_refuses_to_give_any()
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Waveform());
        options.DecodedFramesColumnName = "Frames";
        Assert.Contains("DecodedFramesColumnName", Assert.Throws<ArgumentException>(
            () => _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options)).Message);
        options.DecodedFramesColumnName = null;
        using AudioVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
        Assert.Contains("has no frames for the column 'Mel'",
            Assert.Throws<ArgumentException>(() => codec.Decoder("Sound", null, null, "Mel")).Message);
    }

    [TestMethod]
    public void Frames_that_are_no_logarithms_are_refused()
    {
        const string Expected = "expected are log-mel frames, natural logarithms of power from −80 to 80. Take the logarithm";
        TinyFrames.Row[] rows = TinyFrames.Rows(4);
        rows[1].Frames[3] = 1e4f;
        Assert.Contains($"Row 1 of column 'Frames' has 10000 in slot 3; {Expected}",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(rows: rows)).Message);
        using VocoderTransformer vocoder = Fit();
        rows[1].Frames[3] = -1e30f;
        Assert.Contains($"in slot 3; {Expected}", Assert.ThrowsExactly<InvalidOperationException>(() => vocoder.Vocode(rows[1].Frames)).Message);
        foreach (float limit in (float[])[80, -80])
        {
            float[] sound = vocoder.Vocode([.. rows[0].Frames.Select((value, slot) => slot % 3 == 0 ? limit : value)]);
            Assert.IsTrue(Array.TrueForAll(sound, sample => sample is >= -1 and <= 1));
        }
    }

    [TestMethod]
    public async Task Windows_of_any_length_are_checked_in_no_time()
    {
        VocoderOptions options = TinyFrames.Options();
        options.Codec.WindowSeconds = 1e6;
        string message = await Task.Run(() => Assert.Throws<ArgumentException>(options.Validate).Message).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("WindowSeconds must be", message);
        Assert.DoesNotContain("WindowLength", message);
    }

    [TestMethod]
    public void A_codec_whose_bands_fit_unwarped_alone_has_frames_for_a_vocoder()
    {
        var options = new VocoderOptions { Codec = new MelCodecOptions { SampleRate = 10_000 } };
        options.Validate();
        options.Codec.Bands = 128;
        Assert.Contains("Bands must be few enough", Assert.Throws<ArgumentException>(options.Validate).Message);
    }
}

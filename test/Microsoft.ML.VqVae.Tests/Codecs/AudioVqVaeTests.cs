using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Quantization;
using Microsoft.ML.VqVae.Tests.Training;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The two audio networks without ML.NET: what is padding does not count, and the paper's one learns speech.</summary>
[TestClass]
public sealed class AudioVqVaeTests
{
    static AudioVqVae Network(string codec, int speakers = 2)
    {
        AudioCodecOptions options = codec == "mel" ? TinySpeech.Mel() : TinySpeech.Waveform();
        if (options is MelCodecOptions mel)
            mel.MaskedSpans = 0;
        return options.CreateNetwork(
            new VectorQuantizerOptions
            {
                Codes = TinySpeech.Codes, Dimensions = TinySpeech.Dimensions, Learning = CodebookLearning.MovingAverage,
                InitializeFromData = false, RestartEverySteps = 0,
            },
            speakers, seed: 5);
    }

    /// <summary>Utterances of these lengths in codes and values beyond, and <paramref name="filling"/> after their ends.</summary>
    static AudioBatch Batch(AudioVqVae network, (int Codes, int More)[] lengths, float filling)
    {
        int perCode = network.ValuesPerCode, channels = network.Channels;
        int longest = lengths.Max(l => l.Codes + (l.More > 0 ? 1 : 0)) * perCode;
        int targetChannels = network is MelVqVae ? 20 : channels;
        Tensor Values(int height, int phase)
        {
            Tensor values = full([lengths.Length, height, longest], filling);
            for (int row = 0; row < lengths.Length; row++)
            {
                int length = lengths[row].Codes * perCode + lengths[row].More;
                float[] numbers = Enumerable.Range(0, height * length)
                    .Select(i => (float)Math.Sin(phase + 7 * length + 1.3 * i + 0.01 * i * i)).ToArray();
                values.select(0, row).narrow(1, 0, length).copy_(tensor(numbers, [height, length]));
            }
            return values;
        }
        Tensor normalisers = tensor(network.NormaliserOf(new FeatureStatistics(
            1, new float[channels], [.. Enumerable.Range(0, channels * channels).Select(i => i / channels == i % channels ? 1f : 0)])));
        return new AudioBatch(
            Values(channels, 1), tensor(lengths.Select(l => (long)l.Codes * perCode + l.More).ToArray()),
            normalisers.view(1, 1 + channels, channels).expand(lengths.Length, -1, -1),
            network is MelVqVae ? Values(targetChannels, 2) : null,
            tensor(lengths.Select(l => (long)l.Codes % 2).ToArray()));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("waveform")]
    public void Nothing_is_learnt_of_padding(string codec)
    {
        (int, int)[] lengths = [(6, 0), (3, 1), (2, 3)];
        using DisposeScope scope = NewDisposeScope();
        using AudioVqVae zeros = Network(codec), noise = Network(codec);
        StepLoss expected = zeros.Loss(Batch(zeros, lengths, 0), TestTask.At(1)), actual = noise.Loss(Batch(noise, lengths, 0.7f), TestTask.At(1));
        expected.Total.backward();
        actual.Total.backward();
        TensorAssert.Close(expected.Total, actual.Total, 1e-6, "total");
        Assert.AreEqual(6 + 4 + 3, actual.CodeCounts!.sum().item<float>(), "codes that the codebook learnt of");
        Dictionary<string, Tensor> states = noise.state_dict();
        foreach ((string? name, Tensor? state) in zeros.state_dict())
            TensorAssert.Close(state.to(ScalarType.Float32), states[name].to(ScalarType.Float32), 1e-6, name);
        foreach (((string name, TorchSharp.Modules.Parameter parameter) parameter, (string name, TorchSharp.Modules.Parameter parameter) other) in zeros.named_parameters().Zip(noise.named_parameters()))
            TensorAssert.Close(parameter.parameter.grad!, other.parameter.grad!, 1e-5, $"gradient of {parameter.name}");
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("waveform")]
    public void A_batch_is_what_its_utterances_are(string codec)
    {
        (int Codes, int More)[] lengths = [(6, 0), (3, 1), (2, 3)];
        using DisposeScope scope = NewDisposeScope();
        using AudioVqVae network = Network(codec);
        network.eval();
        AudioBatch together = Batch(network, lengths, 0.7f);
        StepLoss losses = network.Loss(together, TestTask.At(1));
        Tensor codes = network.Encode(together);
        double error = 0, commitment = 0;
        for (int row = 0; row < lengths.Length; row++)
        {
            AudioBatch alone = Batch(network, [lengths[row]], 0);
            StepLoss own = network.Loss(alone, TestTask.At(1));
            long values = alone.Lengths.item<long>(), count = (values + network.ValuesPerCode - 1) / network.ValuesPerCode;
            error += own.Terms["reconstruction"].item<float>() * values / together.Lengths.sum().item<long>();
            commitment += own.Terms["commitment"].item<float>() * count / (6 + 4 + 3);
            Tensor ownCodes = network.Encode(alone);
            TensorAssert.Same(ownCodes.select(0, 0), codes.select(0, row).narrow(0, 0, count), $"codes of utterance {row}");
        }
        Assert.AreEqual(error, losses.Terms["reconstruction"].item<float>(), 1e-5);
        Assert.AreEqual(commitment, losses.Terms["commitment"].item<float>(), 1e-5);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("waveform")]
    public void A_waveform_is_encoded_as_in_a_batch(string codec)
    {
        using DisposeScope scope = NewDisposeScope();
        using AudioVqVae network = Network(codec);
        network.eval();
        float[] speech = TinySpeech.Utterance(seed: 4, 3001, network.Options.SampleRate, pitch: 120);
        Tensor codes = network.Encode(speech, speaker: 1);
        Assert.IsGreaterThan(1, codes.unique().output.numel(), "different codes");

        AudioFeatures features = network.Analyse(speech);
        (Tensor? inputs, Tensor? lengths, Tensor? normalizers) = AudioTensors.Pack([features], network);
        Tensor speaker = tensor(new long[] { 1 });
        Tensor expected = network.Encode(new AudioBatch(
            inputs, lengths, network.NormalisersFor(normalizers, speaker), Speakers: speaker));
        TensorAssert.Same(expected.select(0, 0), codes, "codes");

        int samples = network.Options.SamplesPerCode;
        Assert.AreEqual((speech.Length + samples - 1) / samples, codes.shape[0]);
        ArgumentException empty = Assert.ThrowsExactly<ArgumentException>(() => network.Encode([]));
        StringAssert.Contains(empty.Message, "at least one sample");
        ArgumentOutOfRangeException unknown = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Encode(speech, speaker: 2));
        StringAssert.Contains(unknown.Message, "from 0 to 1");
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("waveform")]
    public void A_voice_that_the_network_does_not_have_is_refused(string codec)
    {
        using DisposeScope scope = NewDisposeScope();
        using AudioVqVae network = Network(codec), alone = Network(codec, speakers: 0);
        Tensor codes = zeros(2, 1, dtype: ScalarType.Int64);
        void Refused(AudioVqVae decoder, int speaker, string expected)
        {
            Assert.Contains(expected, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => decoder.Decode(codes, speaker, seed: 1)).Message);
            if (decoder is MelVqVae mel)
            {
                Assert.Contains(expected, Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                    () => mel.DecodeToFrames(codes.unsqueeze(0), speaker)).Message);
            }
        }
        foreach (int speaker in (int[])[-1, 2])
            Refused(network, speaker, "The speaker must be from 0 to 1.");
        foreach (int speaker in (int[])[-1, 1])
            Refused(alone, speaker, "The network knows no speakers: the speaker must be 0.");
        foreach ((AudioVqVae decoder, int speaker) in (ReadOnlySpan<(AudioVqVae, int)>)[(network, 0), (network, 1), (alone, 0)])
            Assert.HasCount(2 * network.Options.SamplesPerCode, decoder.Decode(codes, speaker, seed: 1));
    }

    [TestMethod]
    [DataRow(0, true)]
    [DataRow(1, false)]
    public void A_decoder_that_sees_one_code_is_a_table(int neighbours, bool expected)
    {
        MelCodecOptions options = TinySpeech.Mel();
        (options.DecoderBlocks, options.DecoderNeighbours) = (0, neighbours);
        using DisposeScope scope = NewDisposeScope();
        using var network = new MelVqVae(
            options, new VectorQuantizerOptions { Codes = TinySpeech.Codes, Dimensions = TinySpeech.Dimensions }, speakers: 2, seed: 5);
        Tensor Second(params long[] codes) =>
            network.DecodeToFrames(tensor(codes).view(1, -1, 1), speaker: 1).narrow(2, network.ValuesPerCode, network.ValuesPerCode);
        float difference = (Second(0, 1, 2) - Second(3, 1, 0)).abs().max().item<float>();
        Assert.AreEqual(expected, difference < 1e-6, $"the second code's frames differ by {difference}");
    }

    /// <summary>Eight layers with PyTorch's default weights leave 0.002 of it, and the codebook nothing to tell apart.</summary>
    [TestMethod]
    [DataRow(1f)]
    [DataRow(0.05f)]
    public void A_fresh_encoder_of_eight_layers_tells_moments_of_speech_apart_loud_or_soft(float loudness)
    {
        AudioVqVaeOptions paper = AudioVqVaeOptions.Phonemes640x();
        var codec = (WaveformCodecOptions)paper.Codec;
        (codec.EncoderChannels, codec.Decoder.Blocks, codec.Decoder.Channels) = (64, 1, 8);
        float[] speech = [.. TinySpeech.Utterance(seed: 4, 32_000, codec.SampleRate, pitch: 120).Select(sample => loudness * sample)];
        using DisposeScope scope = NewDisposeScope();
        using AudioVqVae network = codec.CreateNetwork(paper.Quantizer, speakers: 0, seed: 3);
        using IDisposable withoutGradients = no_grad();
        Tensor latents = network.EncodeToLatents(new AudioBatch(
            tensor(speech).view(1, 1, -1), tensor(new long[] { speech.Length }), zeros([1, 2, 1])));
        float deviation = (latents - latents.mean([2], keepdim: true)).square().mean().sqrt().item<float>();
        Console.WriteLine($"loudness {loudness}: {deviation}");
        Assert.IsGreaterThan(0.01f, deviation);
    }

    [TestMethod]
    public void A_second_of_speech_is_learnt_far_below_the_entropy_of_its_samples()
    {
        const int Rate = 8000;
        float[] waveform = TinySpeech.Utterance(seed: 4, Rate, Rate, pitch: 120);
        using DisposeScope scope = NewDisposeScope();
        using var network = new WaveformVqVae(
            new WaveformCodecOptions
            {
                SampleRate = Rate, EncoderChannels = 16, EncoderBlocks = 1,
                Decoder = new() { Blocks = 1, LayersPerBlock = 7, Channels = 16, SkipChannels = 32, ConditioningChannels = 16 },
            },
            new VectorQuantizerOptions
            {
                Codes = 32, Dimensions = 8, Learning = CodebookLearning.MovingAverage, InitializeFromData = true, UnquantizedSteps = 5,
                RestartEverySteps = 0,
            },
            speakers: 0, seed: 2);
        int[] counts = new int[256];
        foreach (float sample in waveform)
            counts[MuLaw.Encode(sample)]++;
        double entropy = counts.Where(count => count > 0).Sum(count => -count / (double)Rate * Math.Log(count / (double)Rate));
        TrainingTask task = TestTask.Of(network, 4,
            // Quarters of the second.
            examples =>
                [stack(examples.Numbers.ToArray().Select(quarter => tensor(waveform.AsSpan(quarter * 2000, 1984).ToArray()))).unsqueeze(1)],
            (batch, moment) => network.Loss(new AudioBatch(batch[0], full([4], 1984, ScalarType.Int64), zeros([4, 2, 1])), moment));
        TrainingSummary summary = TrainingLoop.Run(
            task, new TrainingOptions { LearningRate = 1e-2, BatchSize = 4, Steps = 70, ProgressEverySteps = 5, GradientClipNorm = 100 },
            CPU);
        double nats = summary.Last.Terms["reconstruction"];
        Assert.IsLessThan(0.75 * entropy, nats, $"entropy {entropy:F2} nats a sample");
        Console.WriteLine($"entropy {entropy:F2}, reached {nats:F2} after {summary.Elapsed.TotalSeconds:F1} s");
    }
}

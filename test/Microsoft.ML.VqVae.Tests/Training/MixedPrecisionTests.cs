using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Architecture;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Training in BFloat16: products lose digits and nothing else does.</summary>
[TestClass]
public sealed class MixedPrecisionTests
{
    // Without quantization, which jumps from one code to another where a digit is lost.
    static readonly VectorQuantizerOptions _quantizer = new() { Codes = 6, Dimensions = 4, UnquantizedSteps = 1 };

    static readonly PixelCnnOptions _pixelCnn = new() { Height = 4, Width = 5, Codes = 6, CodesPerPosition = 2, Layers = 3, Channels = 8 };

    static readonly ImageCodecOptions _images = new()
    {
        Height = 8, Width = 8, Channels = 1, HiddenChannels = 8, ResidualChannels = 8, ResidualBlocks = 2,
    };

    public static IEnumerable<object[]> NetworkNames => Networks.Select(name => new object[] { name });

    static string[] Networks =>
    [
        "images", "likelihood", "gaussian", "vimco", "series", "mel", "waveform", "codes", "pixelcnn", "wavenet", "transformer", "places",
        "video", "features", "vectors", "pixels",
    ];

    static (nn.Module Network, Tensor[] Batch) Create(string name) => name switch
    {
        "images" => (new ImageVqVae(_images, _quantizer, 3), [Images(4)]),
        "likelihood" => (new ImageVqVae(With(PixelLikelihood.Categorical), _quantizer, 3), [Images(4)]),
        "gaussian" => (new ImageGaussianVae(With(PixelLikelihood.DiscretizedLogistic), 3, 3), [Images(4)]),
        "vimco" => (new ImageVimco(With(PixelLikelihood.Gaussian), new VimcoOptions { Categories = 3, Dimensions = 4, Samples = 3 }, 3),
            [Images(4)]),
        "series" => (new SeriesVqVae(
            new SeriesCodecOptions { Channels = 2, Downsamplings = 2, HiddenChannels = 6, ResidualChannels = 5, ResidualBlocks = 1 },
            _quantizer, 3), [Waves(3, 2, 24), tensor(new long[] { 24, 17, 9 })]),
        "mel" => Speech(TinySpeech.Mel()),
        "waveform" => Speech(TinySpeech.Waveform()),
        "codes" => (new CodesVqVae(
            new CodesCodecOptions
            {
                EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
                Decoder = new PixelCnnOptions { Height = 4, Width = 5, Codes = 6, Layers = 2, Channels = 8, MapChannels = 4 },
            },
            _quantizer, 3), [Codes(3, 20)]),
        "pixelcnn" => (Conditioned(_pixelCnn), [Codes(3, 40), Lengths(3, 40), tensor(new long[] { 0, 1, 0 })]),
        "wavenet" => (new WaveNetPrior(
            new WaveNetPriorOptions { Codes = 6, Conditions = 2, Blocks = 2, LayersPerBlock = 3, Channels = 8, SkipChannels = 10 }, 3),
            [Codes(3, 30), Lengths(3, 30), tensor(new long[] { 0, 1, 0 })]),
        "transformer" => (Transformer(CodeGrid.Sequence(6)), [Codes(3, 30), Lengths(3, 30)]),
        "places" => (Transformer(new CodeGrid(3, 5, 2, 6)), [Codes(3, 30), Lengths(3, 30)]),
        "video" => (new VideoCodePrior(
            new VideoCodePriorOptions
            {
                Actions = 2, ContextFrames = 2, MotionKernelSize = 3, EmbeddingChannels = 4, ContextChannels = 6, ContextBlocks = 1,
                Frame = new PixelCnnOptions { Height = 4, Width = 5, Codes = 6, Layers = 2, Channels = 8 },
            },
            3), [Codes(9, 20).view(3, 3, 20), Codes(3, 3).remainder(2)]),
        "features" => (Features(new CodeGrid(4, 5, 2, 6), 0), [Codes(4, 40).view(4, 20, 2), Lengths(4, 20)]),
        "vectors" => (Features(CodeGrid.Sequence(6), 3),
            [Codes(4, 20).view(4, 20, 1), tensor(new long[] { 20, 11, 15, 6 }), Waves(4, 3, 20).transpose(1, 2)]),
        "pixels" => (new ImageFeatureNetwork(new() { Channels = 8, FeatureChannels = 12, Stages = 2 }, (1, 8, 8), new CodeGrid(2, 2, 1, 6), 3),
            [Images(8), Codes(8, 4)]),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    [TestMethod]
    [DynamicData(nameof(NetworkNames))]
    public void Gradients_are_those_of_Single_but_for_lost_digits(string name)
    {
        Compare(name);
        if (!OneDnn.HasProducts)
            return;
        // As on a processor of AMD that hides its caches.
        (bool convolutions, bool products) = (SlowOperators.Convolutions, SlowOperators.Products);
        (SlowOperators.Convolutions, SlowOperators.Products) = (true, true);
        try
        {
            Compare(name);
        }
        finally
        {
            (SlowOperators.Convolutions, SlowOperators.Products) = (convolutions, products);
        }
    }

    static void Compare(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        (float loss, Dictionary<string, float[]> gradients) = Gradients(name, reduced: false);
        (float reducedLoss, Dictionary<string, float[]> reducedGradients) = Gradients(name, reduced: true);

        // A BFloat16 has 8 digits: rounding is wrong by up to 2⁻⁸, by 2⁻⁸ / √3 in the mean. A gradient has passed some ten products forward
        // and as many backward, each with three roundings; independent of each other, they come to √60 · 2⁻⁸ / √3 = 0.017. Where that moves
        // the input of a ReLU across 0, a part of the gradient comes or goes: with an error of 0.01 standard deviations for 0.4 % of the
        // inputs, which is √0.004 = 0.06 of the gradient for each of a few layers. A wrong or a missing product is off by the size of the
        // gradient itself.
        double all = Norm(gradients.Values.SelectMany(values => values));
        Dictionary<string, double> differences = gradients.ToDictionary(
            entry => entry.Key, entry => Norm(entry.Value.Zip(reducedGradients[entry.Key], (one, other) => one - other)) / all);
        double difference = Math.Sqrt(differences.Values.Sum(value => value * value));
        Assert.IsLessThan(0.2, difference, string.Join('\n', differences));
        Assert.IsGreaterThan(1e-4, difference, "These products were not in BFloat16.");
        // Most of that norm is that of a few parameters, and no other may be lost beside them. (A gradient of less than a thousandth of all may
        // be rounding itself, such as that of a bias in front of a normalization.)
        foreach ((string parameter, float[] own) in gradients.Where(entry => Norm(entry.Value) > 1e-3 * all))
        {
            Assert.IsLessThan(0.5 * Norm(own) / all, differences[parameter], parameter);
            Assert.IsGreaterThan(0.0, Norm(reducedGradients[parameter]), parameter);
        }
        Assert.AreEqual(loss, reducedLoss, 0.01 * Math.Abs(loss));
    }

    [TestMethod]
    public void The_setting_reaches_training_and_weights_stay_in_Single()
    {
        string[] single = Train(TrainingPrecision.Single, out _);
        string[] reduced = Train(TrainingPrecision.BFloat16, out List<string> lines);
        CollectionAssert.AreNotEqual(single, reduced);
        Assert.IsTrue(lines.Any(line => line.Contains("BFloat16", StringComparison.Ordinal)));
        CollectionAssert.AreEqual(
            FastBFloat16.IsOn(CPU) ? reduced : single, Train(TrainingPrecision.Auto, out _));
    }

    [TestMethod]
    public void A_checkpoint_of_another_precision_is_refused()
    {
        using var folder = new TemporaryFolder();
        Train(TrainingPrecision.Single, out _, folder);
        using SafetensorsContent content = Safetensors.ReadFile(Path.Combine(folder.Path, Checkpoint.FileName));
        // As in checkpoints of version 0.1.
        Assert.DoesNotContain("setting.Precision", content.Metadata.Keys);
        InvalidOperationException refused = Assert.ThrowsExactly<InvalidOperationException>(
            () => Train(TrainingPrecision.BFloat16, out _, folder));
        Assert.Contains("Precision is BFloat16, in the checkpoint not set", refused.Message);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Auto_uses_BFloat16_where_the_processor_has_instructions_for_it() =>
        Assert.AreEqual(
            File.ReadAllText("/proc/cpuinfo").Contains(" avx512_bf16", StringComparison.Ordinal)
                && !NativeSettings.ConvolutionsAreBelow(ProcessorInstructions.Avx512),
            FastBFloat16.IsOn(CPU));

    [TestMethod]
    public void Only_Auto_asks_the_device()
    {
        Assert.AreEqual(FastBFloat16.IsOn(CPU), new TrainingOptions { Precision = TrainingPrecision.Auto }.UsesBFloat16(CPU));
        Assert.IsTrue(new TrainingOptions { Precision = TrainingPrecision.BFloat16 }.UsesBFloat16(CPU));
        Assert.IsFalse(new TrainingOptions { Precision = TrainingPrecision.Single }.UsesBFloat16(CPU));
    }

    [TestMethod]
    public void Products_of_networks_are_in_one_class()
    {
        // Convolutions as products; and in Single by design: distances, statistics of speech, sampling, means and similarities of features, and
        // a test of libtorch itself.
        Type[] single =
        [
            typeof(MixedPrecision), typeof(Patches), typeof(NativeSettings), typeof(NearestCodes), typeof(FeatureStatistics),
            typeof(SpeakerAdaptation), typeof(CodeMeans), typeof(MelVqVae), typeof(PixelCnnSteps), typeof(PixelCnnRowCache),
            typeof(PixelCnnColumnCache), typeof(FeaturePooling), typeof(ContrastiveObjective),
        ];
        string[] products = ["mm", "matmul", "addmm", "addmm_", "bmm", "baddbmm", "einsum", "linear", "conv1d", "conv2d", "conv3d",
            "conv_transpose1d", "conv_transpose2d", "scaled_dot_product_attention"];
        string[] wrong = [.. CompiledCalls.Of(typeof(ImageVqVae).Assembly)
            .Where(call => call.Caller.DeclaringType is { Namespace: "Microsoft.ML.VqVae.Networks" } caller
                && !single.Contains(caller.DeclaringType ?? caller))
            .Where(call => call.Called.Module == typeof(torch).Module && products.Contains(call.Called.Name))
            .Select(call => $"{call.Caller.DeclaringType}.{call.Caller.Name} calls {call.Called.Name}").Distinct()];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    /// <summary>The state of a codec after some steps, a line for each tensor.</summary>
    static string[] Train(TrainingPrecision precision, out List<string> lines, TemporaryFolder? folder = null)
    {
        using var network = new ImageVqVae(_images, new VectorQuantizerOptions { Codes = 6, Dimensions = 4 }, 3);
        TrainingTask task = TestTask.Of(
            network, 8, examples => [Images(8).index_select(0, tensor(examples.Numbers.ToArray()))],
            (batch, moment) => network.Loss(batch[0], moment));
        var report = new List<string>();
        TrainingLoop.Run(task, new() { BatchSize = 4, Steps = 6, Precision = precision, CheckpointFolder = folder?.Path }, CPU, report.Add);
        lines = report;
        return [.. network.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry =>
        {
            Assert.AreNotEqual(ScalarType.BFloat16, entry.Value.dtype);
            return $"{entry.Key} {Convert.ToHexString(TensorAssert.Bytes(entry.Value))}";
        })];
    }

    static (float Loss, Dictionary<string, float[]> Gradients) Gradients(string name, bool reduced)
    {
        (nn.Module network, Tensor[] batch) = Create(name);
        using (network)
        {
            network.train();
            StepLoss loss;
            using (reduced ? MixedPrecision.BFloat16() : null)
                loss = ((ITrainable)network).Loss(batch, TestTask.At(0));
            Assert.AreEqual(ScalarType.Float32, loss.Total.dtype);
            loss.Total.backward();
            var gradients = network.named_parameters().Where(entry => entry.parameter.grad is not null)
                .ToDictionary(entry => entry.name, entry => entry.parameter.grad!);
            Assert.IsTrue(gradients.Values.All(gradient => gradient.dtype == ScalarType.Float32));
            return (loss.Total.item<float>(), gradients.ToDictionary(entry => entry.Key, entry => TensorAssert.Floats(entry.Value)));
        }
    }

    static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));

    static ImageCodecOptions With(PixelLikelihood likelihood)
    {
        ImageCodecOptions options = _images.Copy();
        options.PixelLikelihood = likelihood;
        return options;
    }

    static PixelCnn Conditioned(PixelCnnOptions options)
    {
        PixelCnnOptions copy = options.Copy();
        (copy.Conditions, copy.Dropout) = (2, 0.2);
        return new PixelCnn(copy, 3);
    }

    static TransformerPrior Transformer(CodeGrid grid) =>
        new(new TransformerPriorOptions { Layers = 2, Channels = 12, Heads = 3, FeedForwardChannels = 20 }, grid, 0, 3);

    static MaskedCodeTransformer Features(CodeGrid grid, int inputChannels) => new(
        new MaskedCodeTransformerOptions
        {
            Layers = 2, Channels = 12, Heads = 3, FeedForwardChannels = 20, FeatureLayer = 2, BagOfCodesWeight = 1, ContrastiveWeight = 1,
            Dropout = 0.2,
        },
        grid, inputChannels, 3);

    static (nn.Module, Tensor[]) Speech(AudioCodecOptions options)
    {
        AudioVqVae network = options.CreateNetwork(_quantizer, speakers: 2, seed: 5);
        int length = 6 * network.ValuesPerCode, channels = network.Channels;
        Tensor normalisers = tensor(network.NormaliserOf(new FeatureStatistics(
            1, new float[channels], [.. Enumerable.Range(0, channels * channels).Select(i => i / channels == i % channels ? 1f : 0)])));
        Tensor[] batch =
        [
            Waves(3, channels, length), tensor(new long[] { length, length - 1, length / 2 }),
            normalisers.view(1, 1 + channels, channels).expand(3, -1, -1),
        ];
        Tensor[] targets = network is MelVqVae ? [Waves(3, 20, length)] : [];
        return (network, [.. batch, .. targets, tensor(new long[] { 0, 1, 0 })]);
    }

    static Tensor Images(int count) => tensor(
        [.. Enumerable.Range(0, count * 64).Select(i => (float)(37 * i * i % 256) / 128 - 1)]).view(count, 1, 8, 8);

    static Tensor Waves(int rows, int channels, int length) => tensor(
        [.. Enumerable.Range(0, rows * channels * length).Select(i => 0.8f * MathF.Sin(1.3f * i + 0.001f * i * i))],
        [rows, channels, length]);

    static Tensor Codes(int rows, int length)
    {
        using var generator = new Generator(4);
        return randint(6, [rows, length], dtype: ScalarType.Int64, generator: generator);
    }

    static Tensor Lengths(int rows, long length) => full([rows], length, dtype: ScalarType.Int64);
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;
using TemporaryFolder = Microsoft.ML.VqVae.Tests.Training.TemporaryFolder;

namespace Microsoft.ML.VqVae.Tests.Distributed;

/// <summary>Several ranks end with the weights of one process that trains on the same batches.</summary>
[TestClass]
public sealed class GroupTrainingTests
{
    const int Steps = 50;

    // Of a batch of 9 rows, two ranks have 4 and 5, three have 3 each.
    const int Batch = 9;

    int _threads;

    // The ranks are threads of one process.
    [TestInitialize]
    public void OneThreadForEachRank()
    {
        _threads = get_num_threads();
        set_num_threads(1);
    }

    [TestCleanup]
    public void ThreadsAsBefore() => set_num_threads(_threads);

    [TestMethod]
    [DataRow("image, moving average", 2)]
    [DataRow("image, moving average", 3)]
    [DataRow("image, gradient", 2)]
    [DataRow("image, two codebooks", 2)]
    [DataRow("image, residual with dropout", 2)]
    [DataRow("image, finite scalar", 2)]
    [DataRow("speech, mel", 3)]
    [DataRow("speech, waveform", 2)]
    [DataRow("vocoder", 2)]
    [DataRow("series", 2)]
    [DataRow("series, residual with dropout", 2)]
    [DataRow("codes", 2)]
    [DataRow("prior, PixelCNN with dropout", 2)]
    [DataRow("prior, WaveNet", 3)]
    [DataRow("prior, transformer with dropout", 2)]
    [DataRow("features", 2)]
    [DataRow("video", 2)]
    [DataRow("Gaussian VAE", 2)]
    [DataRow("VIMCO", 2)]
    public void Ranks_end_with_the_weights_of_one_process(string kind, int ranks)
    {
        using var folder = new TemporaryFolder();
        string Weights(int? rank) => Path.Combine(folder.Path, $"{rank}.safetensors");
        Fit(kind, _ => { }, Weights(null));
        Exception?[] exceptions = InMemoryGroup.Run(ranks, group => Fit(kind, training => training.Group = group, Weights(group.Rank)));
        Assert.IsTrue(Array.TrueForAll(exceptions, e => e is null), string.Join('\n', exceptions.OfType<Exception>()));
        for (int rank = 0; rank < ranks; rank++)
            AreSame(Weights(null), Weights(rank), rank);
    }

    static void AreSame(string expected, string found, int rank)
    {
        using SafetensorsContent one = Safetensors.ReadFile(expected), other = Safetensors.ReadFile(found);
        CollectionAssert.AreEquivalent(one.Tensors.Keys.ToArray(), other.Tensors.Keys.ToArray());
        var far = new List<string>();
        foreach ((string name, Tensor tensor) in one.Tensors.Where(tensor => tensor.Value.numel() > 0))
        {
            using Tensor left = Compared(name, tensor), right = Compared(name, other.Tensors[name]);
            double scale = Math.Max(1, left.abs().max().item<double>()), difference = (left - right).abs().max().item<double>();
            if (!(difference <= 1e-5 * scale))
                far.Add($"{name}: {difference:G3} of {scale:G3}");
        }
        Assert.IsEmpty(far, $"rank {rank}: {string.Join(", ", far)}");
    }

    // The loss does not depend on the bias of the keys of an attention: its gradient is rounding alone, which Adam scales to steps of the
    // learning rate.
    static Tensor Compared(string name, Tensor tensor)
    {
        Tensor values = tensor.to(ScalarType.Float64).nan_to_num(0, 0, 0);
        if (name.EndsWith("attention.bias", StringComparison.Ordinal))
            values.narrow(0, values.shape[0] / 3, values.shape[0] / 3).zero_();
        return values;
    }

    static void Fit(string kind, Action<TrainingOptions> change, string weights)
    {
        var ml = new MLContext(seed: 1);
        using NetworkTransformer transformer = kind.Split(',')[0] switch
        {
            "image" => Image(ml, kind, change),
            "speech" => Speech(ml, kind, change),
            "vocoder" => Vocoder(ml, change),
            "series" => Series(ml, kind, change),
            "codes" => Codes(ml, change),
            "prior" => Prior(ml, kind, change),
            "features" => Features(ml, change),
            "video" => Video(ml, change),
            _ => Baseline(ml, kind, change),
        };
        transformer.SaveWeights(weights);
    }

    static TrainingOptions Training(Action<TrainingOptions> change)
    {
        // Rounding depends on the number of rows and of threads, and Adam makes steps of the learning rate of gradients that are nothing else.
        // With seed 3, the input of a ReLU of "image, gradient" is 0 up to rounding after step 40: on some processors, one of the runs has a gradient
        // there.
        var training = new TrainingOptions { Steps = Steps, BatchSize = Batch, LearningRate = 1e-4, Seed = 4, GradientClipNorm = 1 };
        change(training);
        return training;
    }

    static VectorQuantizerOptions Quantizer(CodebookLearning learning = CodebookLearning.MovingAverage, int perPosition = 1) => new()
    {
        Codes = 6, Dimensions = 4, CodesPerPosition = perPosition, SeparateCodebooks = perPosition > 1, Learning = learning,
        InitializeFromData = true, UnquantizedSteps = 3, KMeansIterations = 2, RestartEverySteps = 4, RestartBelow = 0.5,
    };

    static ImageVqVaeTransformer Image(MLContext ml, string kind, Action<TrainingOptions> change)
    {
        ImageVqVaeOptions options = Tiny.Options();
        options.Codec.FlipHorizontally = true;
        options.Quantizer = kind switch
        {
            "image, gradient" => Quantizer(CodebookLearning.Gradient),
            "image, two codebooks" => Quantizer(perPosition: 2),
            "image, residual with dropout" => new ResidualVectorQuantizerOptions { Stage = Quantizer(), CodesPerPosition = 3, Dropout = 0.7 },
            "image, finite scalar" => new FiniteScalarQuantizerOptions { Levels = [5, 4] },
            _ => Quantizer(),
        };
        options.Training = Training(change);
        return ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(ml));
    }

    static AudioVqVaeTransformer Speech(MLContext ml, string kind, Action<TrainingOptions> change)
    {
        MelCodecOptions mel = TinySpeech.Mel();
        (mel.MaskedSpans, mel.MaskedFrames) = (2, 3);
        AudioVqVaeOptions options = TinySpeech.Options(kind == "speech, mel" ? mel : TinySpeech.Waveform());
        options.Quantizer = Quantizer();
        options.Training = Training(change);
        return ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(ml));
    }

    static VocoderTransformer Vocoder(MLContext ml, Action<TrainingOptions> change)
    {
        VocoderOptions options = TinyFrames.Options();
        options.Training = Training(change);
        return ml.Transforms.VqVae.Vocode("Sound", "Frames", options).Fit(ml.Data.LoadFromEnumerable(TinyFrames.Rows(20)));
    }

    static SeriesVqVaeTransformer Series(MLContext ml, string kind, Action<TrainingOptions> change)
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        // Series of unequal lengths.
        options.Quantizer = kind == "series, residual with dropout"
            ? new ResidualVectorQuantizerOptions { Stage = Quantizer(), CodesPerPosition = 3, Dropout = 0.7 } : Quantizer();
        options.Training = Training(change);
        return ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(TinySeries.Data(ml, 20));
    }

    static CodesVqVaeTransformer Codes(MLContext ml, Action<TrainingOptions> change) => ml.Transforms.VqVae.EncodeCodes(
        "Latents", "Codes", new CodesVqVaeOptions
        {
            Codec = new()
            {
                EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
                Decoder = new() { Layers = 2, Channels = 8, MapChannels = 4, Dropout = 0.2 },
            },
            Quantizer = Quantizer(perPosition: 2), Training = Training(change),
        }).Fit(TinyCodes.Grids(ml, 30));

    static PriorTransformer Prior(MLContext ml, string kind, Action<TrainingOptions> change)
    {
        PriorOptions options = TinyCodes.Options();
        options.PixelCnn.Dropout = 0.2;
        if (kind == "prior, transformer with dropout")
            options.CustomNetwork = new TransformerPriorOptions { Layers = 2, Channels = 8, Heads = 2, Dropout = 0.2 };
        options.Training = Training(change);
        return ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options)
            .Fit(kind == "prior, WaveNet" ? TinyCodes.Lines(ml, 30) : TinyCodes.Grids(ml, 30));
    }

    static FeatureTransformer Features(MLContext ml, Action<TrainingOptions> change) => ml.Transforms.VqVae.Featurize(
        "Features", "Codes", new FeatureOptions
        {
            Network = new()
            {
                Layers = 2, FeatureLayer = 1, Channels = 8, Heads = 2, FeedForwardChannels = 8, Dropout = 0.2, BagOfCodesWeight = 1,
            },
            Training = Training(change),
        }).Fit(TinyCodes.Grids(ml, 30));

    sealed class Frame
    {
        [VectorType(3, 3, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string Action { get; set; } = "";

        public string Episode { get; set; } = "";
    }

    static VideoPriorTransformer Video(MLContext ml, Action<TrainingOptions> change)
    {
        IDataView frames = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 32).Select(number => new Frame
        {
            Codes = [.. Enumerable.Range(0, 9).Select(i => (uint)((number + i * (number % 2 + 1)) % 5 + 1))],
            Action = $"{number % 2}", Episode = $"{number / 8}",
        }).ToArray());
        frames = ml.Transforms.Conversion.MapValueToKey("Action").Append(ml.Transforms.Conversion.MapValueToKey("Episode"))
            .Fit(frames).Transform(frames);
        var options = new VideoPriorOptions
        {
            Network = new()
            {
                Frame = new() { Layers = 2, Channels = 6 }, ContextFrames = 2, EmbeddingChannels = 4, ContextChannels = 6,
                MotionKernelSize = 3, ContextBlocks = 1, ContextNoise = 0.2,
            },
            Training = Training(change),
        };
        return ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(frames);
    }

    static ImageBaselineTransformer Baseline(MLContext ml, string kind, Action<TrainingOptions> change)
    {
        T With<T>(T options)
            where T : ImageBaselineOptions
        {
            options.Codec = Tiny.Codec();
            (options.Codec.Height, options.Codec.Width, options.Codec.Channels) = (0, 0, 0);
            options.Codec.FlipHorizontally = true;
            options.Training = Training(change);
            return options;
        }
        return kind == "VIMCO"
            ? ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", With(new ImageVimcoOptions
            {
                Latents = new() { Categories = 5, Dimensions = 4, Samples = 3, EvaluationSamples = 4 },
            })).Fit(Tiny.Data(ml))
            : ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", With(new ImageGaussianVaeOptions { LatentChannels = 3 }))
                .Fit(Tiny.Data(ml));
    }
}

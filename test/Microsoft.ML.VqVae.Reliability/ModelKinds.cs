using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>A model of every kind, with networks of some thousand weights that were trained for some steps.</summary>
internal static class ModelKinds
{
    public static IEnumerable<FileKind> All =>
    [
        Model("image-encoder", ml => Image(ml, Quantizer(1)), ml => SampleData.Pixels(ml)),
        Model("image-residual", ml => Image(ml, new ResidualVectorQuantizerOptions { Stage = Quantizer(1), CodesPerPosition = 2 }),
            ml => SampleData.Pixels(ml)),
        Model("image-finite-scalar", ml => Image(ml, new FiniteScalarQuantizerOptions { Levels = [3, 2] }), ml => SampleData.Pixels(ml)),
        Model("image-clips", ml => Image(ml, Quantizer(2), 2, 3, SampleData.Side, SampleData.Side),
            ml => SampleData.Pixels(ml, 2, 2, 3, SampleData.Side, SampleData.Side)),
        Model("image-decoder", ml => Of(Image(ml, Quantizer(1)), encoder => encoder.Decoder("Image")), SampleData.ImageCodes),
        Model("gaussian-vae", GaussianVae, ml => SampleData.Pixels(ml)),
        Model("vimco", Vimco, ml => SampleData.Pixels(ml)),
        Model("audio-encoder-mel", ml => Audio(ml, Mel()), ml => SampleData.Speech(ml)),
        Model("audio-decoder-mel", ml => Of(Audio(ml, Mel()), encoder => encoder.Decoder("Voice")), ml => SampleData.Lines(ml)),
        Model("audio-encoder-waveform", ml => Audio(ml, Waveform()), ml => SampleData.Speech(ml, 2)),
        Model("audio-decoder-waveform", ml => Of(Audio(ml, Waveform()), encoder => encoder.Decoder("Voice")),
            ml => SampleData.Lines(ml, 2)),
        Model("vocoder", ml => ml.Transforms.VqVae.Vocode("Sound", "Frames", new VocoderOptions
        {
            Codec = Mel(), PredictionOrder = 4, CropFrames = 4, PredictionBatchSize = 2, Training = Training(),
            Network = new() { Blocks = 1, LayersPerBlock = 3, Channels = 4, SkipChannels = 6, ConditioningChannels = 5 },
        }).Fit(SampleData.Spectrograms(ml)), SampleData.Spectrograms),
        Model("codes-encoder", Codes, ml => SampleData.Grids(ml)),
        Model("codes-decoder", ml => Of(Codes(ml), encoder => encoder.Decoder("Decoded", temperature: 0.8, topK: 4, seed: 5)),
            SampleData.Latents),
        Model("codes-likelihood", ml => Of(Codes(ml), encoder => encoder.Likelihood("CodeBits")), SampleData.Latents),
        Model("series-encoder", Series, ml => SampleData.Series(ml)),
        Model("series-decoder", ml => Of(Series(ml), encoder => encoder.Decoder("Decoded")), ml => SampleData.Lines(ml)),
        Model("prior-pixelcnn", ml => Prior(ml, SampleData.Grids(ml, 12), PriorNetwork.PixelCnn), ml => SampleData.Grids(ml),
            (ml, model) => ((PriorTransformer)model).Sample(ml, 2, "up")),
        Model("prior-wavenet", ml => Prior(ml, SampleData.Lines(ml, 12), PriorNetwork.WaveNet), ml => SampleData.Lines(ml),
            (ml, model) => ((PriorTransformer)model).Sample(ml, 2, "up")),
        Model("prior-transformer", ml => Prior(ml, SampleData.Grids(ml, 12), PriorNetwork.Custom), ml => SampleData.Grids(ml),
            (ml, model) => ((PriorTransformer)model).Sample(ml, 2, "up")),
        Model("video-prior", Video, ml => SampleData.Frames(ml),
            (ml, model) => ((VideoPriorTransformer)model).Rollout(ml, SampleData.Frames(ml), ["left", "right"])),
        new ModelKind("audio-loader",
            (ml, folder) => ml.Transforms.VqVae.LoadAudio("Waveform", "File", SampleData.SampleRate, "From", "Count")
                .Fit(SampleData.AudioParts(ml, folder)),
            SampleData.AudioParts),
        Model("expand-frames", ml => ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new()
        {
            SamplesPerCode = 10, SampleRate = 100, Context = 2, LabelColumnName = "Phone", TimeColumnName = "Time",
        }).Fit(SampleData.LabeledCodes(ml)), SampleData.LabeledCodes),
        Model("nearest-rows", ml => ml.Transforms.VqVae.NearestRows("Similar", "Codes", neighbors: 2).Fit(SampleData.Grids(ml, 12)),
            ml => SampleData.Grids(ml)),
        Model("code-label-map", ml => ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(SampleData.CodeAndLabel(ml)),
            SampleData.CodeAndLabel),
    ];

    static ModelKind Model(
        string name, Func<MLContext, ITransformer> fit, Func<MLContext, IDataView> data,
        Func<MLContext, ITransformer, IDataView>? sample = null) => new(name, (ml, _) => fit(ml), (ml, _) => data(ml), sample);

    static ITransformer Of<T>(T encoder, Func<T, ITransformer> make)
        where T : IDisposable
    {
        using (encoder)
            return make(encoder);
    }

    internal static TrainingOptions Training(int steps = 5) => new() { Steps = steps, BatchSize = 4, LearningRate = 1e-2, Seed = 3 };

    internal static ImageCodecOptions Codec() => new() { HiddenChannels = 8, ResidualChannels = 4, ResidualBlocks = 1, Downsamplings = 1 };

    internal static VectorQuantizerOptions Quantizer(int codesPerPosition) => new()
    {
        Codes = 5, Dimensions = 4, CodesPerPosition = codesPerPosition, Learning = CodebookLearning.MovingAverage,
        InitializeFromData = true, UnquantizedSteps = 1,
    };

    internal static ImageVqVaeTransformer Image(MLContext ml, QuantizerOptions quantizer, params int[] shape)
    {
        var options = new ImageVqVaeOptions
        {
            Codec = Codec(), Quantizer = quantizer, Training = Training(), ReconstructionColumnName = "Decoded",
            EmbeddingsColumnName = "Embeddings", ReconstructionErrorColumnName = "Error", ReconstructionBitsColumnName = "Bits",
            PredictionBatchSize = 3,
        };
        return ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(SampleData.Pixels(ml, 12, shape));
    }

    static GaussianVaeTransformer GaussianVae(MLContext ml)
    {
        var options = new ImageGaussianVaeOptions
        {
            LatentChannels = 3, Training = Training(), ReconstructionColumnName = "Decoded", BoundBitsColumnName = "Bound",
            PredictionBatchSize = 3,
        };
        options.Codec = Codec();
        return ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", options).Fit(SampleData.Pixels(ml, 12));
    }

    static VimcoTransformer Vimco(MLContext ml)
    {
        var options = new ImageVimcoOptions
        {
            Latents = new() { Categories = 5, Dimensions = 4, Samples = 3, EvaluationSamples = 4 }, Training = Training(),
            BoundBitsColumnName = "Bound", PredictionBatchSize = 3,
        };
        options.Codec = Codec();
        return ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", options).Fit(SampleData.Pixels(ml, 12));
    }

    static MelCodecOptions Mel() => new()
    {
        SampleRate = SampleData.SampleRate, Bands = 20, Coefficients = 8, Normalisation = FeatureNormalisation.Speaker, EncoderChannels = 8,
        DecoderChannels = 8, DecoderBlocks = 1, GriffinLimIterations = 2,
    };

    static WaveformCodecOptions Waveform() => new()
    {
        SampleRate = SampleData.SampleRate, Strides = [4, 4, 5], EncoderChannels = 6, EncoderBlocks = 1,
        Decoder = new() { Blocks = 1, LayersPerBlock = 3, Channels = 4, SkipChannels = 6, ConditioningChannels = 5 },
    };

    static AudioVqVaeTransformer Audio(MLContext ml, AudioCodecOptions codec) => ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform",
        new AudioVqVaeOptions
        {
            Codec = codec, Quantizer = Quantizer(1), Training = Training(), SpeakerColumnName = "Speaker",
            ReconstructionColumnName = "Decoded", CropSeconds = 0.16, PredictionBatchSize = 2,
        }).Fit(SampleData.Speech(ml, 6));

    static CodesVqVaeTransformer Codes(MLContext ml) => ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", new CodesVqVaeOptions
    {
        Codec = new()
        {
            EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
            Decoder = new() { Layers = 2, Channels = 8, MapChannels = 4 },
        },
        Quantizer = Quantizer(2), Training = Training(), BitsColumnName = "Bits", PredictionBatchSize = 3,
    }).Fit(SampleData.Grids(ml, 12));

    static SeriesVqVaeTransformer Series(MLContext ml)
    {
        var options = new SeriesVqVaeOptions
        {
            Codec = new() { Channels = 2, Downsamplings = 2, HiddenChannels = 8, ResidualChannels = 4, ResidualBlocks = 1 },
            Quantizer = Quantizer(1), Training = Training(), ReconstructionColumnName = "Decoded", EmbeddingsColumnName = "Embeddings",
            CropLength = 20, PredictionBatchSize = 3,
        };
        return ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(SampleData.Series(ml, 12));
    }

    internal static PriorTransformer Prior(MLContext ml, IDataView data, PriorNetwork network)
    {
        var options = new PriorOptions
        {
            Network = network, PixelCnn = new() { Layers = 2, Channels = 8 },
            WaveNet = new() { Blocks = 1, LayersPerBlock = 3, Channels = 8, SkipChannels = 8 },
            CustomNetwork = network == PriorNetwork.Custom ? new TransformerPriorOptions { Layers = 1, Channels = 8, Heads = 2 } : null,
            Training = Training(), PerCodeColumnName = "PerCode", PredictionBatchSize = 3,
        };
        return ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
    }

    static VideoPriorTransformer Video(MLContext ml) => ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode",
        new VideoPriorOptions
        {
            Network = new()
            {
                Frame = new() { Layers = 2, Channels = 6 }, ContextFrames = 2, EmbeddingChannels = 4, ContextChannels = 6,
                MotionKernelSize = 3, ContextBlocks = 1,
            },
            Training = Training(), PredictionBatchSize = 3,
        }).Fit(SampleData.Frames(ml, 6, 5));
}

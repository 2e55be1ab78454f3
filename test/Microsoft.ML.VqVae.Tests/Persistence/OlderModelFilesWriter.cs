using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Reliability;
using Microsoft.ML.VqVae.Training;
using static Microsoft.ML.VqVae.Tests.Persistence.OlderModelFilesData;
using static Microsoft.ML.VqVae.Tests.Persistence.OlderModelFilesOptions;
using static Microsoft.ML.VqVae.Tests.Persistence.OlderModelFilesRows;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Writes the files that are missing in test/golden/models, with the public API of the library alone. Those that are there stay:
/// an older version wrote them. README.md beside the files says when to run it.</summary>
[TestClass]
public sealed class OlderModelFilesWriter
{
    readonly MLContext _ml = new(seed: 1);

    readonly OlderModelFilesData _data;

    public OlderModelFilesWriter() => _data = new OlderModelFilesData(_ml);

    static string Target { get; } = Path.Combine(Repository.Root, "test", "golden", "models");

    [TestMethod]
    [Ignore("Writes the model files of test/golden/models; run by hand at a release.")]
    public void Write_the_files()
    {
        Directory.CreateDirectory(Path.Combine(Target, "weights"));
        WriteImageCodecs();
        WriteBaselines();
        WriteAudioCodecs();
        WriteFrames();
        WriteCodesCodec();
        WritePriors();
        WriteVideoPrior();
        WriteCheckpoint();
    }

    void WriteImageCodecs()
    {
        IDataView grey = _data.Pixels(40, Plane);
        RecordedTable greyRows = Record(_data.Pixels(5, Plane), "Pixels");
        ImageVqVaeTransformer Gradient(int seed)
        {
            ImageVqVaeOptions options = ImageOptions(CodebookLearning.Gradient, 1);
            options.Training.Seed = seed;
            return Fit(_ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options), grey);
        }

        using (ImageVqVaeTransformer encoder = Gradient(3))
        {
            Write("image-encoder-gradient", "Image VQ-VAE whose codebook learns by gradients, one code per position, with all columns.",
                encoder, greyRows);
            RecordedTable codes = Record(encoder.Transform(_data.Pixels(5, Plane)), "Codes");
            using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Image");
            Write("image-decoder", "Its decoder.", decoder, codes);
        }
        using (ImageVqVaeTransformer other = Gradient(4))
            WriteWeights("image-encoder-gradient", "Image VQ-VAE trained with another seed.", other, greyRows);

        ImageVqVaeOptions several = ImageOptions(CodebookLearning.MovingAverage, 3);
        several.Codec.Downsamplings = 1;
        (several.VectorQuantizer.RestartEverySteps, several.Layout) = (5, PixelLayout.Interleaved);
        IDataView interleaved = _data.Pixels(40, Side, Side, 3);
        using (ImageVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", several), interleaved))
        {
            Write("image-encoder-moving-average",
                "Image VQ-VAE whose codebook is a moving average, three codes per position, interleaved colors.",
                encoder, Record(_data.Pixels(3, Side, Side, 3), "Pixels"));
        }

        ImageVqVaeOptions categorical = ImageOptions(CodebookLearning.MovingAverage, 1);
        (categorical.Codec.PixelLikelihood, categorical.Codec.OuterChannels) = (PixelLikelihood.Categorical, 2);
        using (ImageVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", categorical), grey))
            Write("image-encoder-categorical", "Image VQ-VAE with categorical pixels.", encoder, greyRows);

        ImageVqVaeOptions separate = ImageOptions(CodebookLearning.MovingAverage, 2);
        separate.Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
        separate.Codec.FlipHorizontally = true;
        (separate.VectorQuantizer.SeparateCodebooks, separate.ReconstructionAsImage) = (true, true);
        using (ImageVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeImages("Codes", "Image", separate), _data.Images(40)))
        {
            Write("image-encoder-images",
                "Image VQ-VAE of MLImage columns, two codes per position with a codebook each, reconstruction as MLImage.",
                encoder, Record(_data.Images(3), "Image"));
            using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Decoded", asImage: true);
            RecordedTable codes = Record(encoder.Transform(_data.Images(3)), "Codes");
            Write("image-decoder-images", "Its decoder, which makes MLImage.", decoder, codes);
        }

        ImageVqVaeOptions clips = ImageOptions(CodebookLearning.MovingAverage, 1);
        clips.Codec.PixelLikelihood = PixelLikelihood.Gaussian;
        IDataView twoFrames = _data.Pixels(12, 2, 3, Side, Side);
        using (ImageVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", clips), twoFrames))
        {
            Write("image-encoder-clips", "Video VQ-VAE of clips of two frames.", encoder,
                Record(_data.Pixels(2, 2, 3, Side, Side), "Pixels"));
        }
    }

    void WriteBaselines()
    {
        RecordedTable rows = Record(_data.Pixels(4, Plane), "Pixels");
        var gaussian = new ImageGaussianVaeOptions { LatentChannels = 3 };
        Prepare(gaussian);
        IDataView data = _data.Pixels(40, Plane);
        using (GaussianVaeTransformer model = Fit(_ml.Transforms.VqVae.EncodeGaussianVae("Latents", "Pixels", gaussian), data))
            Write("gaussian-vae", "Gaussian VAE with all columns.", model, rows);
        foreach (VimcoLatents latents in Enum.GetValues<VimcoLatents>())
        {
            var vimco = new ImageVimcoOptions
            {
                Latents = new()
                {
                    Latents = latents, Categories = 5, Dimensions = 4, LatentsPerPosition = 2, Samples = 3, EvaluationSamples = 4,
                },
            };
            Prepare(vimco);
            using VimcoTransformer model = Fit(_ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", vimco), data);
            Write($"vimco-{latents}".ToLowerInvariant(), $"VIMCO model of {latents} latents with all columns.", model, rows);
        }

        static void Prepare(ImageBaselineOptions options)
        {
            options.Codec = Codec();
            options.Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
            options.Training = TrainingOf(30);
            (options.ReconstructionColumnName, options.BoundBitsColumnName, options.ReconstructionBitsColumnName) =
                ("Decoded", "Bound", "Bits");
            options.PredictionBatchSize = 3;
        }
    }

    void WriteAudioCodecs()
    {
        var mel = new MelCodecOptions
        {
            Bands = 20, Coefficients = 8, Normalisation = FeatureNormalisation.Speaker, EncoderChannels = 8, DecoderChannels = 8,
            DecoderBlocks = 1, VocalTractWarp = 0.1, GriffinLimIterations = 1,
        };
        WriteAudioCodec("mel", "speech codec of log-mel spectrograms with speakers, normalized per speaker", mel);
        WriteAudioCodec("mel-adapted", "speech codec of log-mel spectrograms with speakers, adapted to the training data",
            new MelCodecOptions
            {
                Bands = 20, Coefficients = 8, Normalisation = FeatureNormalisation.Adapted, Decorrelation = 0.5, EncoderChannels = 8,
                DecoderChannels = 8, DecoderBlocks = 1, SpeakerWithCodes = true, VocalTractWarp = 0, GriffinLimIterations = 2,
            });
        WriteAudioCodec("mel-no-speakers", "speech codec of log-mel spectrograms without speakers, normalized per utterance",
            new MelCodecOptions
            {
                Inputs = SpeechFeatures.LogMel, Bands = 20, EncoderChannels = 8, EncoderDilations = [1, 2], DecoderChannels = 8,
                DecoderBlocks = 1, Normalisation = FeatureNormalisation.Utterance, VocalTractWarp = 0, GriffinLimIterations = 2,
            }, speakers: false);
        WriteAudioCodec("cepstral", "speech codec that predicts cepstral coefficients, which has codes only",
            new MelCodecOptions
            {
                Outputs = SpeechFeatures.Mfcc, Bands = 20, Coefficients = 8, EncoderChannels = 8, DecoderChannels = 8, DecoderBlocks = 1,
                TargetFrames = 6, Normalisation = FeatureNormalisation.Utterance, VocalTractWarp = 0,
            }, decodes: false);
        WriteAudioCodec("waveform", "codec of waveforms with speakers", new WaveformCodecOptions
        {
            Strides = [2, 4, 4, 5], EncoderChannels = 6, EncoderBlocks = 1,
            Decoder = new() { Blocks = 1, LayersPerBlock = 3, Channels = 4, SkipChannels = 6, ConditioningChannels = 5 },
        });
    }

    void WriteAudioCodec(string name, string about, AudioCodecOptions codec, bool speakers = true, bool decodes = true)
    {
        codec.SampleRate = SampleRate;
        var options = new AudioVqVaeOptions
        {
            Codec = codec,
            Quantizer = Quantizer(CodebookLearning.MovingAverage, 1),
            Training = TrainingOf(20),
            SpeakerColumnName = speakers ? "Speaker" : null,
            ReconstructionColumnName = decodes ? "Decoded" : null,
            EmbeddingsColumnName = "Embeddings",
            CropSeconds = 0.16,
            PredictionBatchSize = 2,
        };
        options.Training.BatchSize = 4;
        string[] inputs = speakers ? ["Waveform", "Speaker"] : ["Waveform"];
        using AudioVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options), _data.Speech(8));
        Write($"audio-encoder-{name}", $"Encoder of a {about}.", encoder, Record(_data.Speech(3), inputs));
        if (!decodes)
            return;
        using AudioVqVaeDecoderTransformer decoder = encoder.Decoder("Voice");
        string[] decoded = speakers ? ["Codes", "Speaker"] : ["Codes"];
        Write($"audio-decoder-{name}", $"Decoder of a {about}.", decoder, Record(encoder.Transform(_data.Speech(3)), decoded));
    }

    void WriteFrames()
    {
        File.WriteAllBytes(Path.Combine(Target, "tone.wav"), SampleData.Wave());
        // The writer reads the file where the tests do.
        Directory.CreateDirectory(OlderModelFilesTests.Folder);
        File.WriteAllBytes(Path.Combine(OlderModelFilesTests.Folder, "tone.wav"), SampleData.Wave());
        IDataView parts = _ml.Data.LoadFromEnumerable(new AudioPart[]
        {
            new() { File = "{folder}/tone.wav", From = 0, Count = 200 }, new() { File = "{folder}/tone.wav", From = 57, Count = 100 },
            new() { File = "" },
        });
        Write("audio-loader", "LoadAudio at half the sample rate of the file, with columns of starts and lengths.",
            Fit(_ml.Transforms.VqVae.LoadAudio("Waveform", "File", SampleRate, "From", "Count"), parts),
            Record(parts, "File", "From", "Count"));

        RecordedTable frames = Record(_ml.Data.LoadFromEnumerable(new LabeledCodes[]
        {
            new() { Codes = [1, 2, 3, 4], Labels = ["A", "B", "C"], LabelStarts = [0, 0.15f, 0.3f], LabelEnds = [0.15f, 0.2f, 0.35f] },
            new() { Codes = [5], Labels = ["D"], LabelStarts = [0], LabelEnds = [0.1f] },
            new(),
        }), "Codes", "Labels", "LabelStarts", "LabelEnds");
        IDataView labeled = frames.ToView(_ml, Target);
        Write("expand-frames", "ExpandFrames with labels, times and windows of five codes.",
            Fit(_ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new()
            {
                SamplesPerCode = 10, SampleRate = 100, Context = 2, LabelColumnName = "Phone", TimeColumnName = "Time",
            }), labeled), frames);

        IDataView text = _data.WithKeys(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(i => new LabeledCode
        {
            Code = (uint)(i * i % 5), Text = ((string[])["a", "b", "c"])[i * i % 7 % 3],
        })), "Label", "Text");
        Write("code-label-map", "CodeLabelMap of labels that are texts.",
            Fit(_ml.MulticlassClassification.Trainers.CodeLabelMap(), text), Record(text, "Code", "Label"));
        IDataView numbers = _data.WithKeys(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(i => new LabeledCode
        {
            Code = (uint)(i % 4), Number = i * i % 7 * 10,
        })), "Label", "Number");
        Write("code-label-map-numbers", "CodeLabelMap of labels that are whole numbers.",
            Fit(_ml.MulticlassClassification.Trainers.CodeLabelMap(), numbers), Record(numbers, "Code", "Label"));
    }

    void WriteCodesCodec()
    {
        IDataView data = _data.Grids(40);
        using CodesVqVaeTransformer encoder = Fit(_ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", new CodesVqVaeOptions
        {
            Codec = new()
            {
                EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
                Decoder = new() { Layers = 2, Channels = 8, MapChannels = 4, Dropout = 0 },
            },
            Quantizer = new VectorQuantizerOptions()
            {
                Codes = 4, Dimensions = 4, CodesPerPosition = 3, SeparateCodebooks = true, Learning = CodebookLearning.MovingAverage,
                InitializeFromData = true, UnquantizedSteps = 5, RestartEverySteps = 0,
            },
            Training = TrainingOf(30),
            BitsColumnName = "Bits",
            PredictionBatchSize = 4,
        }), data);
        Write("codes-encoder", "VQ-VAE of codes, three latents each.", encoder, Record(_data.Grids(6), "Codes"));
        RecordedTable coded = Record(encoder.Transform(_data.Grids(6)), "Codes", "Latents");
        using (CodesVqVaeDecoderTransformer decoder = encoder.Decoder("Decoded", temperature: 0.8, topK: 4, seed: 5))
            Write("codes-decoder", "Its decoder, with a temperature, the four likeliest codes and a seed.", decoder, coded);
        using CodesLikelihoodTransformer likelihood = encoder.Likelihood("CodeBits");
        Write("codes-likelihood", "Its likelihood of codes given latents.", likelihood, coded);
    }

    void WritePriors()
    {
        string[] classes = ["down", "up", "flat", "up"];
        RecordedSamples conditioned = new(7, 4, classes), free = new(7, 3, null);
        using (PriorTransformer prior = Prior(_data.Grids(40), "Label", 3))
        {
            Write("prior-pixelcnn-condition", "PixelCNN with a condition that is text.", prior,
                Record(_data.Grids(5), "Codes", "Label"), conditioned);
        }
        using (PriorTransformer prior = Prior(_data.Grids(40), null, 3))
            Write("prior-pixelcnn", "PixelCNN without conditions.", prior, Record(_data.Grids(5), "Codes"), free);
        using (PriorTransformer prior = Prior(_data.Grids(40), "Number", 3))
        {
            Write("prior-pixelcnn-numbers", "PixelCNN with a condition that is a whole number.", prior,
                Record(_data.Grids(4), "Codes", "Number"), new(7, 2, ["20", "0"]));
        }
        using (PriorTransformer prior = Prior(_data.Lines(40), null, 3))
            Write("prior-wavenet", "WaveNet over rows of any length, without conditions.", prior, Record(_data.Lines(5), "Codes"), free);
        using (PriorTransformer prior = Prior(_data.Lines(40), "Label", 3))
        {
            Write("prior-wavenet-condition", "WaveNet over rows of any length, with a condition.", prior,
                Record(_data.Lines(5), "Codes", "Label"), conditioned);
        }
        using (PriorTransformer other = Prior(_data.Grids(40), "Label", 4))
        {
            WriteWeights("prior-pixelcnn-condition", "PixelCNN with a condition, trained with another seed.", other,
                Record(_data.Grids(5), "Codes", "Label"), conditioned);
        }
    }

    PriorTransformer Prior(IDataView data, string? condition, int seed)
    {
        var options = new PriorOptions
        {
            PixelCnn = new() { Layers = 2, Channels = 8 },
            WaveNet = new() { Blocks = 1, LayersPerBlock = 3, Channels = 8, SkipChannels = 8 },
            Training = TrainingOf(20),
            PerCodeColumnName = "PerCode",
            PredictionBatchSize = 3,
        };
        options.Training.Seed = seed;
        return Fit(_ml.Transforms.VqVae.Prior("Bits", "Codes", condition, options), data);
    }

    void WriteVideoPrior()
    {
        using VideoPriorTransformer prior = Fit(_ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", new VideoPriorOptions
        {
            Network = new()
            {
                Frame = new() { Layers = 2, Channels = 6 }, ContextFrames = 2, EmbeddingChannels = 4, ContextChannels = 6,
                MotionKernelSize = 3, ContextBlocks = 1, ContextNoise = 0,
            },
            Training = TrainingOf(20),
            PredictionBatchSize = 4,
        }), _data.Frames(9, 8));
        Write("video-prior", "Video prior with two frames of context.", prior, Record(_data.Frames(4, 3), "Codes", "Action", "Episode"),
            new RecordedSamples(7, 2, ["left", "left", "right"]));
    }

    void WriteCheckpoint()
    {
        string folder = Path.Combine(Target, "checkpoint");
        if (Directory.Exists(folder))
            return;
        Directory.CreateDirectory(folder);
        RecordedTable rows = Record(_data.Pixels(20, Plane), "Pixels");
        IDataView data = rows.ToView(_ml, Target);
        using var cancellation = new CancellationTokenSource();
        ImageVqVaeOptions options = OlderModelFilesTests.CheckpointedRun(folder);
        options.Training.CancellationToken = cancellation.Token;
        options.Training.ProgressEverySteps = 1;
        options.Training.Progress = new Cancellation(cancellation);
        Assert.Throws<OperationCanceledException>(
            () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data));

        // The run that nothing interrupts says how it ends.
        DirectoryInfo other = Directory.CreateTempSubdirectory("vqvae-test-");
        using (ImageVqVaeTransformer model = Fit(
            _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", OlderModelFilesTests.CheckpointedRun(other.FullName)), data))
        {
            WriteRecord(Path.Combine(folder, "run.json"),
                RecordedModel.Of(model, "Image VQ-VAE trained on the inputs, without an interruption.", rows));
        }
        other.Delete(recursive: true);
    }

    sealed class Cancellation(CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == OlderModelFilesTests.CheckpointedStep)
                source.Cancel();
        }
    }

    void Write(string name, string about, ITransformer model, RecordedTable inputs, RecordedSamples? samples = null)
    {
        string path = Path.Combine(Target, name);
        if (File.Exists(path + ".zip"))
            return;
        WriteRecord(path + ".json", RecordedModel.Of(model, about, inputs, samples));
        // ML.NET cannot write a schema that has images alone.
        DataViewSchema? schema = inputs.Columns.All(column => column.Item == "Image") ? null : inputs.ToView(_ml, Target).Schema;
        _ml.Model.Save(model, schema, path + ".zip");
    }

    static void WriteWeights(
        string name, string about, NetworkTransformer model, RecordedTable inputs, RecordedSamples? samples = null)
    {
        string path = Path.Combine(Target, "weights", name);
        if (File.Exists(path + ".safetensors"))
            return;
        WriteRecord(path + ".json", RecordedModel.Of(model, about, inputs, samples));
        model.SaveWeights(path + ".safetensors");
    }

    static void WriteRecord(string path, RecordedModel recorded) =>
        File.WriteAllText(path, JsonSerializer.Serialize(recorded, RecordedTable.Format) + "\n", new UTF8Encoding(false));

    static RecordedTable Record(IDataView view, params string[] names) => RecordedTable.Of(view, names.Contains);

    static T Fit<T>(IEstimator<T> estimator, IDataView data) where T : class, ITransformer => estimator.Fit(data);
}

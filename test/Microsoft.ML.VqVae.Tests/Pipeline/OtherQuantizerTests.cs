using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Reliability;
using Microsoft.ML.VqVae.Tests.Quantization;
using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Quantizers other than the vector quantizer, one that only this test project knows among them, in the estimators: schema, values,
/// decoder, files, checkpoints, and a prior over their codes.</summary>
[TestClass]
public sealed class OtherQuantizerTests : IDisposable
{
    const string FiniteScalar = "finite scalar", Residual = "residual", Sign = "sign";

    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static QuantizerOptions Quantizer(string name, int codesPerPosition = 2) => name switch
    {
        FiniteScalar => new FiniteScalarQuantizerOptions { Levels = [4, 3], CodesPerPosition = codesPerPosition },
        Residual => new ResidualVectorQuantizerOptions
        {
            Stage = new VectorQuantizerOptions
            {
                Codes = 12, Dimensions = 4, Learning = CodebookLearning.MovingAverage, InitializeFromData = true, UnquantizedSteps = 2,
                RestartEverySteps = 2,
            },
            CodesPerPosition = codesPerPosition,
            Dropout = 0.5,
        },
        _ => new SignQuantizerOptions { Bits = 3, CodesPerPosition = codesPerPosition, Scaling = SignScaling.Half },
    };

    static ImageVqVaeOptions Options(string quantizer, int steps = 6)
    {
        ImageVqVaeOptions options = Tiny.Options(steps);
        options.Quantizer = Quantizer(quantizer);
        // A few steps at a low learning rate leave many codes in use.
        options.Training.Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100);
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.ReconstructionErrorColumnName) =
            ("Decoded", "Embeddings", "Error");
        return options;
    }

    ImageVqVaeTransformer Fit(string quantizer, IDataView data, Action<ImageVqVaeOptions>? change = null)
    {
        ImageVqVaeOptions options = Options(quantizer);
        change?.Invoke(options);
        return _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
    }

    static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];

    [TestMethod]
    [DataRow(FiniteScalar, 12, 4)]
    [DataRow(Residual, 12, 4)]
    [DataRow(Sign, 8, 6)]
    public void Images_are_encoded_decoded_saved_and_loaded(string quantizer, int codes, int channels)
    {
        IDataView data = Tiny.Data(_ml, 30);
        ImageVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(quantizer));
        using ImageVqVaeTransformer encoder = estimator.Fit(data);
        Assert.AreEqual((4, 4, 2), encoder.CodeGrid);
        Assert.AreEqual(codes, encoder.Codes);
        DataViewSchema schema = encoder.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(schema)));
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), codes), 4, 4, 2), schema["Codes"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 4, 4, channels), schema["Embeddings"].Type);

        IDataView encoded = encoder.Transform(data);
        List<object[]> expected = Values.Read(encoded, "Codes", "Embeddings", "Decoded", "Error");
        Assert.IsTrue(expected.SelectMany(row => (uint[])row[0]).All(key => key >= 1 && key <= codes));
        Assert.IsGreaterThan(3, expected.SelectMany(row => (uint[])row[0]).Distinct().Count());
        Values.AreEqual(expected, Values.ReadByMapper(encoder, data, "Codes", "Embeddings", "Decoded", "Error"), 1e-3);

        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        List<object[]> decoded = Values.Read(decoder.Transform(encoded), "Again");
        Values.AreEqual([.. expected.Select(row => (object[])[row[2]])], decoded, 1e-3);

        var chain = new TransformerChain<ITransformer>(encoder, decoder);
        _ml.Model.Save(chain, data.Schema, _folder.File("model.zip"));
        ITransformer loaded = new MLContext().Model.Load(_folder.File("model.zip"), out _);
        using IDisposable? owner = loaded as IDisposable;
        Values.AreEqual(Values.Read(chain.Transform(data)), Values.Read(loaded.Transform(data)));
        using ImageVqVaeDecoderTransformer other = ((ImageVqVaeTransformer)((IEnumerable<ITransformer>)loaded).First()).Decoder("Again");
        Values.AreEqual(decoded, Values.Read(other.Transform(encoded), "Again"));
    }

    [TestMethod]
    [DataRow(FiniteScalar)]
    [DataRow(Residual)]
    [DataRow(Sign)]
    public void Training_lowers_the_error(string quantizer)
    {
        IDataView data = Tiny.Data(_ml, 30);
        double Error(int steps)
        {
            using ImageVqVaeTransformer transformer = Fit(quantizer, data, options => options.Training.Steps = steps);
            return Values.Read(transformer.Transform(data), "Error").Average(row => (float)row[0]);
        }
        Assert.IsLessThan(0.5 * Error(4), Error(150));
    }

    [TestMethod]
    public void Dropout_makes_the_first_codes_alone_decode_better()
    {
        IDataView data = Tiny.Data(_ml, 30);
        using Tensor images = tensor(Tiny.Rows(30).SelectMany(row => row.Pixels).ToArray(), [30, 1, Tiny.Side, Tiny.Side]);
        var quantizer = (ResidualVectorQuantizerOptions)Quantizer(Residual, codesPerPosition: 4);
        (quantizer.Stage.Codes, quantizer.Dropout) = (3, 0);
        double without = ErrorOfFirstStage();
        quantizer.Dropout = 1;
        Assert.IsLessThan(0.75 * without, ErrorOfFirstStage());

        double ErrorOfFirstStage()
        {
            using ImageVqVaeTransformer transformer = Fit(Residual, data, options =>
                (options.Quantizer, options.Training.Steps, options.Training.LearningRate) = (quantizer, 400, 5e-3));
            using IDisposable withoutGradients = no_grad();
            using DisposeScope scope = NewDisposeScope();
            ImageVqVae network = transformer.Network;
            Tensor codebook = network.state_dict()["quantizer.stages.0.codebook"];
            Tensor codes = network.Encode(images).select(3, 0);
            Tensor first = codebook[0].index_select(0, codes.reshape(-1)).view(30, 4, 4, -1).permute(0, 3, 1, 2);
            return (network.Decode(first) - images).square().mean().item<float>();
        }
    }

    [TestMethod]
    [DataRow(FiniteScalar)]
    [DataRow(Residual)]
    [DataRow(Sign)]
    public void An_interrupted_run_ends_with_the_same_values(string quantizer)
    {
        IDataView data = Tiny.Data(_ml, 30);
        List<object[]> FitAndRead(Action<TrainingOptions>? change = null)
        {
            using ImageVqVaeTransformer transformer = Fit(quantizer, data, options => change?.Invoke(options.Training));
            return Values.Read(transformer.Transform(data), "Codes", "Error");
        }
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => FitAndRead(training =>
        {
            (training.CheckpointFolder, training.CancellationToken, training.ProgressEverySteps) = (_folder.Path, cancellation.Token, 1);
            training.Progress = new StopAt(4, cancellation);
        }));
        Values.AreEqual(FitAndRead(), FitAndRead(training => training.CheckpointFolder = _folder.Path));
        // A checkpoint of another quantizer is another run.
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => Fit(quantizer, data, options =>
        {
            options.Quantizer = Quantizer(quantizer, codesPerPosition: 3);
            options.Training.CheckpointFolder = _folder.Path;
        }));
        StringAssert.Contains(refused.Message, "CodesPerPosition");
    }

    sealed class StopAt(long step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
                stop.Cancel();
        }
    }

    [TestMethod]
    public void A_finite_scalar_quantizer_encodes_speech()
    {
        AudioVqVaeOptions options = TinySpeech.Options();
        options.Quantizer = Quantizer(FiniteScalar, codesPerPosition: 1);
        (options.ReconstructionColumnName, options.EmbeddingsColumnName) = ("Decoded", "Embeddings");
        IDataView data = TinySpeech.Data(_ml);
        AudioVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options);
        using AudioVqVaeTransformer encoder = estimator.Fit(data);
        DataViewSchema schema = encoder.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(schema)));
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 12), ((VectorDataViewType)schema["Codes"].Type).ItemType);
        List<object[]> expected = Values.Read(encoder.Transform(data), "Waveform", "Codes", "Embeddings", "Decoded");
        foreach (object[] row in expected)
        {
            int samples = ((float[])row[0]).Length, codes = (samples + 159) / 160;
            Assert.HasCount(codes, (uint[])row[1]);
            Assert.IsTrue(((uint[])row[1]).All(key => key is >= 1 and <= 12));
            // The vectors are those of the codes, by the formula of the quantizer.
            float[] vectors = [.. ((uint[])row[1]).SelectMany(key => (float[])[((int)(key - 1) % 4 - 2) / 2f, (int)(key - 1) / 4 - 1])];
            CollectionAssert.AreEqual(vectors, (float[])row[2]);
            Assert.HasCount(samples, (float[])row[3]);
        }
        Assert.IsGreaterThan(1, expected.SelectMany(row => (uint[])row[1]).Distinct().Count());
        _ml.Model.Save(encoder, data.Schema, _folder.File("speech.zip"));
        using var loaded = (AudioVqVaeTransformer)new MLContext().Model.Load(_folder.File("speech.zip"), out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(data), "Waveform", "Codes", "Embeddings", "Decoded"));
    }

    sealed class Grid
    {
        [VectorType(4, 3, 1), KeyType(6)]
        public uint[] Codes { get; set; } = [];
    }

    [TestMethod]
    [DataRow(FiniteScalar, 12)]
    [DataRow(Residual, 12)]
    [DataRow(Sign, 8)]
    public void Codes_of_codes_may_have_another_quantizer_too(string quantizer, int codes)
    {
        var random = new Random(1);
        IDataView data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(row => new Grid
        {
            Codes = [.. Enumerable.Range(0, 12).Select(_ => (uint)random.Next(1, 7))],
        }).ToArray());
        var options = new CodesVqVaeOptions
        {
            Codec = new CodesCodecOptions
            {
                EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
                Decoder = new PixelCnnOptions { Layers = 2, Channels = 8, MapChannels = 4 },
            },
            Quantizer = Quantizer(quantizer, codesPerPosition: 3),
            Training = new TrainingOptions { Steps = 8, BatchSize = 8, LearningRate = 1e-2, Seed = 4 },
            BitsColumnName = "Bits",
        };
        using CodesVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(data);
        Assert.AreEqual((3, codes), (encoder.Latents, encoder.Codes));
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), codes), 3),
            encoder.GetOutputSchema(data.Schema)["Latents"].Type);
        List<object[]> expected = Values.Read(encoder.Transform(data), "Latents", "Bits");
        Assert.IsTrue(expected.SelectMany(row => (uint[])row[0]).All(key => key >= 1 && key <= codes));
        using CodesVqVaeDecoderTransformer decoder = encoder.Decoder("Again", seed: 3);
        Assert.IsTrue(Values.Read(decoder.Transform(encoder.Transform(data)), "Again")
            .SelectMany(row => (uint[])row[0]).All(key => key is >= 1 and <= 6));
        _ml.Model.Save(encoder, data.Schema, _folder.File("codes.zip"));
        using var loaded = (CodesVqVaeTransformer)new MLContext().Model.Load(_folder.File("codes.zip"), out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(data), "Latents", "Bits"));
    }

    [TestMethod]
    public void A_prior_learns_residual_codes_and_its_samples_are_decoded()
    {
        IDataView data = Tiny.Data(_ml, 30);
        using ImageVqVaeTransformer encoder = Fit(Residual, data);
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Image");
        IDataView encoded = encoder.Transform(data);
        PriorOptions options = TinyCodes.Options();
        options.PerCodeColumnName = "PerCode";
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(encoded);
        Assert.AreEqual((PriorNetwork.PixelCnn, 12, 32), (prior.Network, prior.Codes, prior.CodesPerRow!.Value));
        foreach (object[] row in Values.Read(prior.Transform(encoded), "Bits", "PerCode"))
            Assert.AreEqual((float)row[0], ((float[])row[1]).Sum(), 1e-2);
        IDataView sampled = prior.Sample(_ml, 3);
        Assert.AreEqual(encoded.Schema["Codes"].Type, sampled.Schema["Codes"].Type);
        List<object[]> images = Values.Read(decoder.Transform(sampled), "Codes", "Image");
        Assert.HasCount(3, images);
        Assert.IsTrue(images.All(row => ((uint[])row[0]).Length == 32 && ((float[])row[1]).Length == Tiny.Side * Tiny.Side));
    }

    [TestMethod]
    public void Wrong_options_of_any_quantizer_are_told_with_those_of_the_estimator()
    {
        string Refused(QuantizerOptions quantizer)
        {
            ImageVqVaeOptions options = Options(FiniteScalar);
            (options.Quantizer, options.PredictionBatchSize) = (quantizer, 0);
            return Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options)).Message;
        }
        foreach ((QuantizerOptions wrong, string part) in ((QuantizerOptions, string)[])
        [
            (new FiniteScalarQuantizerOptions { Levels = [1] }, "Levels must be one number or more, each 2 or more, but is [1]"),
            (new ResidualVectorQuantizerOptions { Dropout = -1 }, "Dropout must be from 0 to 1, but is -1"),
            (new SignQuantizerOptions { Bits = 0 }, "Bits must be from 1 to 20, but is 0"),
        ])
        {
            string message = Refused(wrong);
            StringAssert.Contains(message, part);
            StringAssert.Contains(message, "PredictionBatchSize must be 1 or more, but is 0");
        }
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Options(Sign).VectorQuantizer).Message, "SignQuantizerOptions");
    }

    [TestMethod]
    public void A_model_file_names_the_type_of_its_quantizer_and_a_missing_one_is_an_error()
    {
        IDataView data = Tiny.Data(_ml, 10);
        using ImageVqVaeTransformer encoder = Fit(Sign, data);
        using var stream = new MemoryStream();
        _ml.Model.Save(encoder, data.Schema, stream);
        const string Type = "Microsoft.ML.VqVae.Tests.Quantization.SignQuantizerOptions", Assembly = "Microsoft.ML.VqVae.Tests";
        string description = ModelArchive.ReadDescription(stream.ToArray());
        Exception type = Load("SignQuantizerOptions", "GoneQuantizerOptions");
        StringAssert.Contains(type.ToString(), $"The model needs the type '{Type.Replace("Sign", "Gone", StringComparison.Ordinal)}' of the "
            + $"assembly '{Assembly}', which cannot be loaded. Reference the assembly in the application that loads the model.");
        Exception assembly = Load($", {Assembly}", ", Somebodys.PlugIn.Missing");
        StringAssert.Contains(assembly.ToString(), $"The model needs the type '{Type}' of the assembly 'Somebodys.PlugIn.Missing'");

        Exception Load(string name, string other)
        {
            Assert.Contains(name, description);
            byte[] edited = ModelArchive.ReplaceDescription(
                stream.ToArray(), description.Replace(name, other, StringComparison.Ordinal));
            return Assert.Throws<Exception>(() => _ml.Model.Load(new MemoryStream(edited), out _));
        }
    }
}

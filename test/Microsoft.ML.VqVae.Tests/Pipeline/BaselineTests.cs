using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The models that the paper compares with, as components: what holds for EncodeImages holds for them.</summary>
[TestClass]
public class BaselineTests
{
    static readonly string[] Columns = ["Latents", "Decoded", "Bound", "Bits"];

    readonly MLContext _ml = new(seed: 1);

    static IEstimator<ImageBaselineTransformer> Estimator(MLContext ml, string kind, Action<ImageBaselineOptions>? change = null)
    {
        ImageBaselineOptions Prepare(ImageBaselineOptions options)
        {
            options.Codec = Tiny.Codec();
            (options.Codec.Height, options.Codec.Width, options.Codec.Channels) = (0, 0, 0);
            options.Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
            options.Codec.FlipHorizontally = true;
            options.Training = Tiny.Options().Training;
            (options.ReconstructionColumnName, options.BoundBitsColumnName, options.ReconstructionBitsColumnName) =
                ("Decoded", "Bound", "Bits");
            options.PredictionBatchSize = 7;
            change?.Invoke(options);
            return options;
        }

        return kind == "Gaussian VAE"
            ? ml.Transforms.VqVae.EncodeGaussianVae(
                "Latents", "Pixels", (ImageGaussianVaeOptions)Prepare(new ImageGaussianVaeOptions { LatentChannels = 3 }))
            : ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", (ImageVimcoOptions)Prepare(new ImageVimcoOptions
            {
                Latents = new VimcoOptions
                {
                    Latents = kind == "bits" ? VimcoLatents.Bernoulli : VimcoLatents.Categorical,
                    Categories = 5, Dimensions = 4, LatentsPerPosition = 2, Samples = 3, EvaluationSamples = 4,
                },
            }));
    }

    static List<object[]> FitAndRead(MLContext ml, string kind, Action<ImageBaselineOptions>? change = null)
    {
        IDataView data = Tiny.Data(ml, 30);
        using ImageBaselineTransformer transformer = Estimator(ml, kind, change).Fit(data);
        return Values.Read(transformer.Transform(data), Columns);
    }

    [TestMethod]
    [DataRow("Gaussian VAE")]
    [DataRow("categories")]
    [DataRow("bits")]
    public void What_is_trained_is_what_was_promised_and_what_is_saved_and_loaded(string kind)
    {
        IDataView data = Tiny.Data(_ml, 30);
        IEstimator<ImageBaselineTransformer> estimator = Estimator(_ml, kind);
        using ImageBaselineTransformer transformer = estimator.Fit(data);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(schema)));
        DataViewType expected = kind == "Gaussian VAE"
            ? new VectorDataViewType(NumberDataViewType.Single, 4, 4, 3)
            : new VectorDataViewType(new KeyDataViewType(typeof(uint), kind == "bits" ? 2 : 5), 4, 4, 2);
        Assert.AreEqual(expected, schema["Latents"].Type);

        List<object[]> rows = Values.Read(transformer.Transform(data), Columns);
        Values.AreEqual(rows, Values.ReadByMapper(transformer, data, Columns), 1e-2);
        // 64 values, which by chance would cost 8 bits each; five steps bring little more than that, and the latents come on top.
        foreach (object[] row in rows)
        {
            Assert.IsInRange(6 * 64f, 10 * 64f, (float)row[2]);
            Assert.IsInRange(6 * 64f, 10 * 64f, (float)row[3]);
        }

        string path = Path.GetTempFileName();
        try
        {
            _ml.Model.Save(transformer, data.Schema, path);
            ITransformer loaded = new MLContext().Model.Load(path, out _);
            Assert.AreEqual(transformer.GetType(), loaded.GetType());
            Values.AreEqual(rows, Values.Read(loaded.Transform(data), Columns));
            ((IDisposable)loaded).Dispose();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    [DataRow("Gaussian VAE")]
    [DataRow("categories")]
    public void A_cancelled_run_goes_on_from_its_checkpoint_as_if_nothing_had_been(string kind)
    {
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => FitAndRead(_ml, kind, options =>
            {
                (options.Training.CheckpointFolder, options.Training.CancellationToken, options.Training.ProgressEverySteps) =
                    (folder, cancellation.Token, 1);
                options.Training.Progress = new Listener(report =>
                {
                    CollectionAssert.IsSubsetOf(new[] { "reconstruction bits", "latent bits" }, report.Terms.Keys.ToArray());
                    if (report.Step == 3)
                        cancellation.Cancel();
                });
            }));
            List<object[]> resumed = FitAndRead(_ml, kind, options => options.Training.CheckpointFolder = folder);
            Values.AreEqual(FitAndRead(_ml, kind), resumed);
            Exception refused = Assert.Throws<InvalidOperationException>(() => FitAndRead(_ml, kind, options =>
            {
                options.Training.CheckpointFolder = folder;
                if (options is ImageVimcoOptions vimco)
                    vimco.Latents.Samples = 7;
                else
                    options.Codec.PixelLikelihood = PixelLikelihood.Gaussian;
            }));
            Assert.Contains(kind == "categories" ? "Samples" : "PixelLikelihood", refused.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow("Gaussian VAE")]
    [DataRow("categories")]
    public void No_tensor_is_left_behind(string kind)
    {
        FitAndRead(_ml, kind);
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow.
        long network = Growth(() =>
        {
            ImageCodecOptions codec = Tiny.Codec();
            codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
            if (kind == "Gaussian VAE")
                new ImageGaussianVae(codec, 3, 1).Dispose();
            else
                new ImageVimco(codec, new VimcoOptions { Categories = 5, Dimensions = 4, LatentsPerPosition = 2 }, 1).Dispose();
        });
        Assert.AreEqual(network, Growth(() => FitAndRead(_ml, kind)));
    }

    [TestMethod]
    [DataRow(PixelLikelihood.Gaussian)]
    [DataRow(PixelLikelihood.DiscretizedLogistic)]
    [DataRow(PixelLikelihood.Categorical)]
    public void A_codec_learns_by_any_likelihood_and_tells_its_bits(PixelLikelihood likelihood)
    {
        ImageVqVaeOptions options = Tiny.Options(steps: 30);
        options.Codec.PixelLikelihood = likelihood;
        options.Training.LearningRate = 1e-2;
        (options.ReconstructionColumnName, options.ReconstructionBitsColumnName) = ("Decoded", "Bits");
        var reports = new List<TrainingProgress>();
        options.Training.Progress = new Listener(reports.Add);
        IDataView data = Tiny.Data(_ml, 30);
        using ImageVqVaeTransformer transformer = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        Assert.IsLessThan(reports[0].Terms["reconstruction bits"], reports[^1].Terms["reconstruction bits"]);
        VqVaeMetrics metrics = VqVaeMetrics.Evaluate(
            transformer.Transform(data), "Codes", "Pixels", "Decoded", reconstructionBitsColumnName: "Bits");
        Assert.AreEqual(reports[^1].Terms["reconstruction bits"], metrics.ReconstructionBitsPerDimension!.Value, 0.5);
        Assert.AreEqual(16 * Math.Log2(Tiny.Codes) / 64 + metrics.ReconstructionBitsPerDimension.Value,
            metrics.TotalBitsPerDimension!.Value, 1e-9);
    }

    [TestMethod]
    public void Values_that_are_no_bytes_are_refused_where_bits_are_to_be_counted()
    {
        IDataView scaled = _ml.Data.LoadFromEnumerable(Tiny.Rows(20).Select(row => new Tiny.Row
        {
            Pixels = [.. row.Pixels.Select(value => value / 255)],
        }).ToArray());
        ImageVqVaeOptions options = Tiny.Options(steps: 3);
        _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(scaled).Dispose();
        options.ReconstructionBitsColumnName = "Bits";
        foreach (IEstimator<ITransformer> estimator in new IEstimator<ITransformer>[]
            { _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options), Estimator(_ml, "categories"), Estimator(_ml, "Gaussian VAE") })
        {
            string message = Assert.ThrowsExactly<InvalidOperationException>(() => estimator.Fit(scaled)).Message;
            StringAssert.Contains(message, "'Pixels'");
            StringAssert.Contains(message, "ImageScale");
        }
        options.ImageScale = 1f / 255;
        _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(scaled).Dispose();
    }

    [TestMethod]
    public void Wrong_options_and_names_are_refused_before_work_starts()
    {
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Estimator(_ml, "categories", options =>
        {
            ((ImageVimcoOptions)options).Latents.Samples = 1;
            options.Codec.PixelLikelihood = (PixelLikelihood)9;
            options.BoundBitsColumnName = "";
        })).Message;
        foreach (string part in new[] { "EncodeVimco", "Samples", "PixelLikelihood", "BoundBitsColumnName" })
            StringAssert.Contains(message, part);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.EncodeGaussianVae("Latents", latentChannels: 0));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => _ml.Transforms.VqVae.EncodeVimco("Latents", "Pixels", boundBitsColumnName: "Latents")).Message, "'Latents'");
    }
}

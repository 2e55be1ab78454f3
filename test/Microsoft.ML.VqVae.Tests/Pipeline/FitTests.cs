using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Training as an estimator: seeds, progress, log, cancellation, checkpoints, devices, and no tensor left behind.</summary>
[TestClass]
public class FitTests
{
    static List<object[]> FitAndRead(MLContext ml, Action<ImageVqVaeOptions>? change = null)
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.ReconstructionErrorColumnName) =
            ("Decoded", "Embeddings", "Error");
        change?.Invoke(options);
        IDataView data = Tiny.Data(ml, 30);
        using ImageVqVaeTransformer transformer = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        return Values.Read(transformer.Transform(data), "Codes", "Decoded", "Embeddings", "Error");
    }

    [TestMethod]
    public void What_is_trained_is_what_was_promised_and_the_mapper_agrees()
    {
        var ml = new MLContext(seed: 1);
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.ReconstructionErrorColumnName) =
            ("Decoded", "Embeddings", "Error");
        IDataView data = Tiny.Data(ml, 30);
        ImageVqVaeEstimator estimator = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options);
        using ImageVqVaeTransformer transformer = estimator.Fit(data);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(
            Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))), Describe(Tiny.Shape(transformer.GetOutputSchema(data.Schema))));
        Values.AreEqual(Values.Read(transformer.Transform(data)), Values.ReadByMapper(transformer, data), 1e-3);
        Assert.AreEqual((4, 4, 1), transformer.CodeGrid);
        Assert.AreEqual(5, transformer.TrainingSummary!.Steps);
    }

    [TestMethod]
    public void The_seed_of_the_options_or_else_of_the_context_decides_everything()
    {
        List<object[]> first = FitAndRead(new MLContext(seed: 1));
        Values.AreEqual(first, FitAndRead(new MLContext(seed: 2)));
        List<object[]> ofContext = FitAndRead(new MLContext(seed: 3), options => options.Training.Seed = null);
        Values.AreEqual(first, ofContext);
        List<object[]> other = FitAndRead(new MLContext(seed: 4), options => options.Training.Seed = null);
        Assert.AreNotEqual((float)first[0][3], (float)other[0][3]);
        List<object[]> unseeded = FitAndRead(new MLContext(), options => options.Training.Seed = null);
        Assert.AreNotEqual((float)FitAndRead(new MLContext(), options => options.Training.Seed = null)[0][3], (float)unseeded[0][3]);
    }

    [TestMethod]
    public void Images_in_temporary_files_train_the_same_network() => Values.AreEqual(
        FitAndRead(new MLContext(seed: 1)), FitAndRead(new MLContext(seed: 1), options => options.Training.DataMemoryLimit = 0));

    [TestMethod]
    public void Training_reports_to_the_caller_and_to_the_log()
    {
        var ml = new MLContext(seed: 1);
        var lines = new ConcurrentQueue<string>();
        ml.Log += (_, message) => lines.Enqueue(message.Message);
        var reports = new List<TrainingProgress>();
        FitAndRead(ml, options =>
        {
            options.Training.ProgressEverySteps = 2;
            options.Training.Progress = new Listener(reports.Add);
        });
        CollectionAssert.AreEqual(new long[] { 2, 4, 5 }, reports.Select(report => report.Step).ToArray());
        Assert.Contains("reconstruction", reports[0].Terms.Keys);
        Assert.IsTrue(lines.Any(line => line.Contains("Training a VQ-VAE of 6 codes on 30 images of 8×8 pixels", StringComparison.Ordinal)),
            string.Join('\n', lines));
        Assert.IsTrue(lines.Any(line => line.Contains("perplexity", StringComparison.OrdinalIgnoreCase)), string.Join('\n', lines));
    }

    [TestMethod]
    public void A_cancelled_run_stops_and_goes_on_from_its_checkpoint()
    {
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => FitAndRead(new MLContext(seed: 1), options =>
            {
                (options.Training.CheckpointFolder, options.Training.CancellationToken, options.Training.ProgressEverySteps) =
                    (folder, cancellation.Token, 1);
                options.Training.Progress = new Listener(report =>
                {
                    if (report.Step == 3)
                        cancellation.Cancel();
                });
            }));
            List<object[]> resumed = FitAndRead(new MLContext(seed: 1), options => options.Training.CheckpointFolder = folder);
            Values.AreEqual(FitAndRead(new MLContext(seed: 1)), resumed);
            Exception refused = Assert.Throws<InvalidOperationException>(() => FitAndRead(new MLContext(seed: 1), options =>
            {
                options.Training.CheckpointFolder = folder;
                options.VectorQuantizer.CommitmentCost = 0.5;
            }));
            Assert.Contains("CommitmentCost", refused.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void A_cancelled_run_returns_the_model_so_far_if_asked_to()
    {
        var ml = new MLContext(seed: 1);
        using var cancellation = new CancellationTokenSource();
        ImageVqVaeOptions options = Tiny.Options(50);
        (options.Training.ReturnModelWhenCanceled, options.Training.CancellationToken, options.Training.ProgressEverySteps) =
            (true, cancellation.Token, 1);
        options.Training.Progress = new Listener(report =>
        {
            if (report.Step == 4)
                cancellation.Cancel();
        });
        IDataView data = Tiny.Data(ml, 30);
        using ImageVqVaeTransformer transformer = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        Assert.AreEqual((true, 4L, 50L),
            (transformer.TrainingSummary!.Canceled, transformer.TrainingSummary.Steps, transformer.TrainingSummary.TotalSteps));
        Assert.HasCount(30, Values.Read(transformer.Transform(data), "Codes"));
        Assert.Throws<OperationCanceledException>(
            () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data), "canceled before there is a model");
    }

    [TestMethod]
    public void A_longer_plan_goes_on_from_the_checkpoint_of_a_shorter_one()
    {
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            var ml = new MLContext(seed: 1);
            var warnings = new ConcurrentQueue<string>();
            ml.Log += (_, message) => warnings.Enqueue($"{message.Kind}: {message.Message}");
            FitAndRead(ml, options => (options.Training.Steps, options.Training.CheckpointFolder) = (4, folder));
            FitAndRead(ml, options => (options.Training.Steps, options.Training.CheckpointFolder) = (8, folder));
            Assert.IsTrue(warnings.Any(line => line.StartsWith("Warning: ", StringComparison.Ordinal)
                && line.Contains("planned for 4 steps and is now 8 steps long", StringComparison.Ordinal)), string.Join('\n', warnings));
            Exception refused = Assert.Throws<InvalidOperationException>(() => FitAndRead(ml, options =>
                (options.Training.Steps, options.Training.CheckpointFolder, options.Training.Seed) = (8, folder, 4)));
            Assert.Contains("another run: Seed is 4, in the checkpoint 3. Resume", refused.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void A_checkpoint_folder_that_cannot_be_written_is_an_error_before_the_rows_are_read()
    {
        string file = Path.GetTempFileName();
        try
        {
            var ml = new MLContext(seed: 1);
            IDataView data = ml.Data.LoadFromEnumerable(Unreadable());
            ImageVqVaeOptions options = Tiny.Options();
            options.Training.CheckpointFolder = Path.Combine(file, "run");
            Assert.Contains("cannot be written", Assert.ThrowsExactly<IOException>(
                () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data)).Message);
        }
        finally
        {
            File.Delete(file);
        }

        static IEnumerable<Tiny.Row> Unreadable()
        {
            Assert.Fail("a row was read");
            yield break;
        }
    }

    [TestMethod]
    public void A_GPU_that_is_not_there_is_an_error_unless_the_CPU_will_do()
    {
        var ml = new MLContext(seed: 1) { GpuDeviceId = 99, FallbackToCpu = false };
        Assert.Contains("GpuDeviceId is 99", Assert.ThrowsExactly<InvalidOperationException>(() => FitAndRead(ml)).Message);
        ml.FallbackToCpu = true;
        var warnings = new ConcurrentQueue<string>();
        ml.Log += (_, message) => warnings.Enqueue(message.Message);
        Values.AreEqual(FitAndRead(new MLContext(seed: 1)), FitAndRead(ml));
        Assert.IsTrue(warnings.Any(line => line.Contains("GpuDeviceId is 99", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        var ml = new MLContext(seed: 1);
        FitAndRead(ml);
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow: by how much?
        ImageVqVaeOptions options = Tiny.Options();
        long network = Growth(() => new ImageVqVae(Tiny.Codec(), options.Quantizer, 1).Dispose());
        Assert.AreEqual(network, Growth(() => FitAndRead(ml)), "after fit, transform and dispose");
        Assert.AreEqual(network, Growth(() =>
        {
            using var cancelled = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => FitAndRead(ml, options =>
            {
                options.Training.CancellationToken = cancelled.Token;
                options.Training.ProgressEverySteps = 1;
                options.Training.Progress = new Listener(_ => cancelled.Cancel());
            }));
        }), "after a cancelled fit");
    }

    [TestMethod]
    public void Reading_leaves_no_tensor_and_the_last_holder_frees_the_network()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = Tiny.Data(ml, 20);
        Tiny.Row[] bad = Tiny.Rows(20);
        bad[9].Pixels[0] = float.NaN;
        Tiny.Untrained().Dispose();
        long network = Growth(() => Tiny.Untrained().Dispose());
        Assert.AreEqual(network, Growth(() =>
        {
            ImageVqVaeTransformer transformer = Tiny.Untrained();
            Assert.AreEqual(0, Growth(() =>
            {
                Values.Read(transformer.Transform(data));
                Values.ReadByMapper(transformer, data);
                IDataView view = transformer.Transform(data);
                using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
                Assert.IsTrue(cursor.MoveNext());
                Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(transformer.Transform(ml.Data.LoadFromEnumerable(bad))));
                transformer.Decoder("Again").Dispose();
            }));
            ImageVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
            Assert.AreEqual(0, Growth(transformer.Dispose), "The decoder still holds the network.");
            decoder.Dispose();
        }), "after the last holder let go");
    }
}

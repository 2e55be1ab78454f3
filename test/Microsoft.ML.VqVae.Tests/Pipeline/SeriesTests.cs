using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Time series as ML.NET components: what is promised is what comes, for rows of any length and of a known one; files, seeds,
/// checkpoints and tensors.</summary>
[TestClass]
public sealed class SeriesTests
{
    readonly MLContext _ml = new(seed: 1);

    SeriesVqVaeTransformer Fit(bool isFixed = false, Action<SeriesVqVaeOptions>? change = null, IDataView? data = null)
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        change?.Invoke(options);
        return _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(data ?? TinySeries.Data(_ml, isFixed: isFixed));
    }

    [TestMethod]
    [DataRow(false, 1)]
    [DataRow(false, 2)]
    [DataRow(true, 1)]
    [DataRow(true, 2)]
    public void Promised_schemas_are_real_and_all_ways_to_a_row_agree(bool isFixed, int codesPerPosition)
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        options.VectorQuantizer.CodesPerPosition = codesPerPosition;
        // Rows of a batch agree within rounding only, see below.
        options.PredictionBatchSize = 1;
        IDataView data = TinySeries.Data(_ml, isFixed: isFixed);
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options), data);
        foreach (object[] row in Values.Read(view, "Window", "Codes", "Decoded", "Embeddings", "Error"))
        {
            int steps = ((float[])row[0]).Length / TinySeries.Channels, positions = (steps + 3) / TinySeries.StepsPerCode;
            Assert.HasCount(positions * codesPerPosition, (uint[])row[1]);
            Assert.IsTrue(((uint[])row[1]).All(key => key is >= 1 and <= TinySeries.Codes));
            Assert.HasCount(steps * TinySeries.Channels, (float[])row[2]);
            Assert.HasCount(positions * codesPerPosition * TinySeries.Dimensions, (float[])row[3]);
        }
        var codes = (VectorDataViewType)view.Schema["Codes"].Type;
        var key = new KeyDataViewType(typeof(uint), TinySeries.Codes);
        Assert.AreEqual((isFixed, codesPerPosition) switch
        {
            (false, _) => new VectorDataViewType(key),
            (true, 1) => new VectorDataViewType(key, 16),
            _ => new VectorDataViewType(key, 16, codesPerPosition),
        }, codes);
        Assert.AreEqual(isFixed, view.Schema["Codes"].HasSlotNames());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Rows_of_a_batch_are_computed_as_each_would_be_alone(bool isFixed)
    {
        using SeriesVqVaeTransformer transformer = Fit(isFixed);
        IDataView data = TinySeries.Data(_ml, isFixed: isFixed);
        Values.AreEqual(Values.Read(transformer.Transform(data)), Values.ReadByMapper(transformer, data), 1e-3);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Codes_are_decoded_to_the_reconstruction_by_a_decoder_that_is_saved_on_its_own(bool isFixed)
    {
        SeriesVqVaeTransformer transformer = Fit(isFixed);
        IDataView data = TinySeries.Data(_ml, isFixed: isFixed);
        using SeriesVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
        IDataView coded = _ml.Data.Cache(transformer.Transform(data), "Codes", "Decoded");
        List<object[]> expected = Values.Read(coded, "Decoded", "Codes");
        transformer.Dispose();
        List<object[]> again = Values.Read(decoder.Transform(coded), "Again");
        for (int row = 0; row < expected.Count; row++)
        {
            float[] wanted = (float[])expected[row][0], decoded = (float[])again[row][0];
            int positions = ((uint[])expected[row][1]).Length;
            Assert.HasCount(isFixed ? wanted.Length : positions * TinySeries.StepsPerCode * TinySeries.Channels, decoded);
            for (int slot = 0; slot < wanted.Length; slot++)
                Assert.AreEqual(wanted[slot], decoded[slot], 1e-3, $"row {row}, slot {slot}");
        }
        Values.AreEqual(again, Values.ReadByMapper(decoder, coded, "Again"), 1e-3);
        using var file = new MemoryStream();
        _ml.Model.Save(decoder, coded.Schema, file);
        file.Position = 0;
        using var loaded = (SeriesVqVaeDecoderTransformer)_ml.Model.Load(file, out _);
        IDataView reloaded = loaded.Transform(coded);
        Assert.AreEqual(decoder.GetOutputSchema(coded.Schema)["Again"].Type, reloaded.Schema["Again"].Type);
        Values.AreEqual(again, Values.Read(reloaded, "Again"));
    }

    [TestMethod]
    public void Empty_rows_have_no_codes_and_one_step_has_one()
    {
        TinySeries.Row[] rows = TinySeries.Rows(4);
        rows[0].Window = [];
        rows[2].Window = [0.5f, 310];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        using SeriesVqVaeTransformer transformer = Fit(data: data);
        using SeriesVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
        List<object[]> read = Values.Read(decoder.Transform(transformer.Transform(data)), "Codes", "Decoded", "Embeddings", "Error", "Again");
        Assert.IsEmpty((uint[])read[0][0]);
        Assert.IsEmpty((float[])read[0][1]);
        Assert.IsEmpty((float[])read[0][2]);
        Assert.IsTrue(float.IsNaN((float)read[0][3]));
        Assert.IsEmpty((float[])read[0][4]);
        Assert.HasCount(1, (uint[])read[2][0]);
        Assert.HasCount(2, (float[])read[2][1]);
        Assert.IsTrue(float.IsFinite((float)read[2][3]));
        // All rows of a batch empty.
        IDataView empty = _ml.Data.LoadFromEnumerable([new TinySeries.Row(), new TinySeries.Row()]);
        foreach (object[] row in Values.Read(decoder.Transform(transformer.Transform(empty)), "Codes", "Decoded", "Again"))
        {
            Assert.IsEmpty((uint[])row[0]);
            Assert.IsEmpty((float[])row[1]);
            Assert.IsEmpty((float[])row[2]);
        }
    }

    List<object[]> FitAndRead(Action<SeriesVqVaeOptions>? change = null)
    {
        using SeriesVqVaeTransformer transformer = Fit(change: change);
        return Values.Read(transformer.Transform(TinySeries.Data(_ml)), "Codes", "Decoded", "Error", "Embeddings");
    }

    [TestMethod]
    public void The_seed_decides_everything()
    {
        List<object[]> first = FitAndRead();
        Values.AreEqual(first, FitAndRead());
        CollectionAssert.AreNotEqual((float[])first[0][1], (float[])FitAndRead(options => options.Training.Seed = 4)[0][1]);
    }

    [TestMethod]
    public void A_canceled_run_goes_on_to_the_same_bits()
    {
        List<object[]> expected = FitAndRead();
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => FitAndRead(options =>
        {
            (options.Training.CheckpointFolder, options.Training.CancellationToken, options.Training.ProgressEverySteps) =
                (folder.Path, cancellation.Token, 1);
            options.Training.Progress = new Listener(report =>
            {
                if (report.Step == 3)
                    cancellation.Cancel();
            });
        }));
        Values.AreEqual(expected, FitAndRead(options => options.Training.CheckpointFolder = folder.Path));
        TinySeries.Row[] rows = TinySeries.Rows(9);
        rows[5].Window[7] += 0.01f;
        Assert.Contains("the training data have other values", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(
            change: options => options.Training.CheckpointFolder = folder.Path, data: _ml.Data.LoadFromEnumerable(rows)).Dispose()).Message);
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        FitAndRead();
        SeriesVqVaeOptions options = TinySeries.Options();
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow: by how much?
        long network = Growth(() => new SeriesVqVae(options.Codec, options.Quantizer, 1).Dispose());
        Assert.AreEqual(network, Growth(() => FitAndRead()));
        TinySeries.Row[] bad = TinySeries.Rows(4);
        bad[2].Window[0] = float.NaN;
        // The data are read before there is a network.
        Assert.AreEqual(0, Growth(() => Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit(data: _ml.Data.LoadFromEnumerable(bad)).Dispose())), "after a fit that failed");
    }

    [TestMethod]
    public void A_quantizer_of_another_kind_is_taken()
    {
        using SeriesVqVaeTransformer transformer = Fit(change: options => options.Quantizer = new FiniteScalarQuantizerOptions());
        Assert.AreEqual(new FiniteScalarQuantizerOptions().CodebookSize, transformer.Codes);
        Assert.IsNotEmpty((uint[])Values.Read(transformer.Transform(TinySeries.Data(_ml)), "Codes")[0][0]);
    }

    [TestMethod]
    public void Codes_of_any_length_become_rows()
    {
        using SeriesVqVaeTransformer transformer = Fit();
        IDataView coded = transformer.Transform(TinySeries.Data(_ml));
        IDataView frames = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new ExpandFramesOptions
        {
            SamplesPerCode = transformer.StepsPerCode, SampleRate = 1, Context = 1, TimeColumnName = "Time",
        }).Fit(coded).Transform(coded);
        IDataView features = _ml.Transforms.Conversion.MapKeyToVector("Features", "Window").Fit(frames).Transform(frames);
        List<object[]> rows = Values.Read(features, "Code", "Features", "Time");
        Assert.HasCount(Values.Read(coded, "Codes").Sum(row => ((uint[])row[0]).Length), rows);
        Assert.HasCount(3 * TinySeries.Codes, (float[])rows[0][1]);
        Assert.AreEqual(2f, rows[0][2], "the center of the first code, in time steps");
    }

    [TestMethod]
    public void A_crop_length_beyond_all_rows_takes_them_whole()
    {
        List<object[]> Read(int cropLength)
        {
            using SeriesVqVaeTransformer transformer = Fit(change: options => options.CropLength = cropLength);
            return Values.Read(transformer.Transform(TinySeries.Data(_ml)), "Codes", "Embeddings");
        }
        Values.AreEqual(Read(200), Read(int.MaxValue));
    }
}

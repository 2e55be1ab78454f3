using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>A prior among ML.NET's own components: its columns, its values one by one and in batches, files and engines.</summary>
[TestClass]
public class PriorTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Scored
    {
        public float Bits { get; set; }

        public float[] PerCode { get; set; } = [];
    }

    IDataView Data(bool grid, int count = 20) => grid ? TinyCodes.Grids(_ml, count) : TinyCodes.Lines(_ml, count);

    PriorTransformer Untrained(bool grid, bool conditioned = true) =>
        grid ? TinyCodes.UntrainedGrid(_ml, conditioned) : TinyCodes.UntrainedLine(_ml, conditioned);

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_estimators_promise_is_what_the_transformer_makes(bool grid)
    {
        IDataView data = Data(grid);
        PriorOptions options = TinyCodes.Options();
        options.PerCodeColumnName = "PerCode";
        SchemaShape promised = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).GetOutputSchema(Tiny.Shape(data.Schema));
        using PriorTransformer transformer = Untrained(grid);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(promised), Describe(Tiny.Shape(schema)));
        Assert.AreEqual(NumberDataViewType.Single, schema["Bits"].Type);
        Assert.AreEqual(
            grid ? new VectorDataViewType(NumberDataViewType.Single, 3, 4, 1) : new VectorDataViewType(NumberDataViewType.Single),
            schema["PerCode"].Type);
        Assert.AreEqual(schema.ToString(), ((ITransformer)transformer).GetRowToRowMapper(data.Schema).OutputSchema.ToString());
    }

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(false, false)]
    public void Rows_cost_the_same_in_batches_and_one_by_one(bool grid, bool conditioned)
    {
        IDataView data = Data(grid);
        using PriorTransformer transformer = Untrained(grid, conditioned);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Codes", "Bits", "PerCode");
        Values.AreEqual(rows, Values.ReadByMapper(transformer, data, "Codes", "Bits", "PerCode"), 1e-4);
        foreach (object[] row in rows)
        {
            float[] perCode = (float[])row[2];
            Assert.HasCount(((uint[])row[0]).Length, perCode);
            Assert.AreEqual(perCode.Sum(), (float)row[1], 1e-4);
            Assert.IsTrue(perCode.All(bits => bits > 0));
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Long_rows_are_taken_a_few_at_a_time(bool grid)
    {
        IDataView data = Data(grid);
        using PriorTransformer whole = Untrained(grid);
        // Room for the logits of two grids, or of one or two lines.
        using PriorTransformer parts =
            grid ? TinyCodes.UntrainedGrid(_ml, mostLogits: 2 * 12 * 5) : TinyCodes.UntrainedLine(_ml, mostLogits: 80);
        Values.AreEqual(Values.Read(whole.Transform(data), "Bits", "PerCode"), Values.Read(parts.Transform(data), "Bits", "PerCode"), 1e-4);
    }

    [TestMethod]
    public void Bits_are_those_of_the_network()
    {
        IDataView data = TinyCodes.Grids(_ml, 3);
        using PriorTransformer transformer = TinyCodes.UntrainedGrid(_ml);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Bits");
        PriorDescription description = PriorDescription.Resolve(data.Schema["Codes"], CodeFormat.Of(data.Schema["Codes"]),
            CategorySet.Of(data.Schema["Label"], "condition"), TinyCodes.Options());
        using CodePrior network = description.CreateNetwork(seed: 0);
        string weights = Path.GetTempFileName();
        try
        {
            transformer.SaveWeights(weights);
            using (SafetensorsContent content = VqVae.Persistence.Safetensors.ReadFile(weights))
                content.CopyTo(network.state_dict());
            using DisposeScope scope = NewDisposeScope();
            network.eval();
            long[] codes = [.. TinyCodes.Grids(2).SelectMany(row => row.Codes).Select(key => key - 1L)];
            Tensor bits = network.Bits(tensor(codes).view(2, 12), tensor(new long[] { 0, 1 })).sum(1);
            for (int row = 0; row < 2; row++)
                Assert.AreEqual(bits[row].item<float>(), (float)rows[row][0], 1e-4);
        }
        finally
        {
            File.Delete(weights);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_finds_what_is_regular_and_what_the_class_tells(bool grid)
    {
        IDataView data = Data(grid, 60);
        PriorOptions options = TinyCodes.Options(steps: 150);
        options.PerCodeColumnName = "PerCode";
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
        Assert.AreEqual(150, prior.TrainingSummary!.Steps);
        Assert.Contains("bits per code", prior.TrainingSummary.Last.Terms.Keys);
        Assert.AreEqual(grid ? PriorNetwork.PixelCnn : PriorNetwork.WaveNet, prior.Network);
        CollectionAssert.AreEqual(TinyCodes.Classes, prior.Conditions.ToArray());
        // The first code is any of five; given it and the class, all others are certain.
        foreach (object[] row in Values.Read(prior.Transform(data), "PerCode"))
        {
            float[] perCode = (float[])row[0];
            Assert.IsGreaterThan(1f, perCode[0]);
            Assert.IsLessThan(0.5f, perCode[1..].Average());
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_loaded_prior_in_a_chain_is_the_one_that_was_saved(bool grid)
    {
        string path = Path.GetTempFileName();
        try
        {
            IDataView data = Data(grid);
            using PriorTransformer prior = Untrained(grid);
            var chain = new TransformerChain<ITransformer>(prior, _ml.Transforms.CopyColumns("Anomaly", "Bits").Fit(prior.Transform(data)));
            _ml.Model.Save(chain, data.Schema, path);
            ITransformer loaded = new MLContext().Model.Load(path, out _);
            using IDisposable? owner = loaded as IDisposable;
            IDataView expected = chain.Transform(data), actual = loaded.Transform(data);
            Assert.AreEqual(expected.Schema.ToString(), actual.Schema.ToString());
            Values.AreEqual(Values.Read(expected, "Bits", "PerCode", "Anomaly"), Values.Read(actual, "Bits", "PerCode", "Anomaly"));

            var again = (PriorTransformer)((IEnumerable<ITransformer>)loaded).First();
            Assert.AreEqual(prior.CodesPerRow, again.CodesPerRow);
            Assert.IsNull(again.TrainingSummary);
            CollectionAssert.AreEqual(prior.Conditions.ToArray(), again.Conditions.ToArray());
            IDataView made = prior.Sample(_ml, 3, "down"), madeAgain = again.Sample(_ml, 3, "down");
            Values.AreEqual(Values.Read(made, "Codes", "Label"), Values.Read(madeAgain, "Codes", "Label"));
            Assert.AreEqual($"{made.Schema}", $"{madeAgain.Schema}");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void A_prediction_engine_scores_a_row()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(TinyCodes.Lines(9));
        EstimatorChain<PriorTransformer> pipeline = _ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(_ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", With(TinyCodes.Options(), "PerCode")));
        using TransformerChain<PriorTransformer> model = pipeline.Fit(data);
        List<object[]> expected = Values.Read(model.Transform(data), "Bits", "PerCode");
        using PredictionEngine<TinyCodes.Line, Scored> engine = _ml.Model.CreatePredictionEngine<TinyCodes.Line, Scored>(model);
        Scored[] scored = [.. TinyCodes.Lines(9).Select(row => engine.Predict(row))];
        Values.AreEqual(expected, [.. scored.Select(row => (object[])[row.Bits, row.PerCode])], 1e-4);
    }

    static PriorOptions With(PriorOptions options, string perCode)
    {
        options.PerCodeColumnName = perCode;
        return options;
    }

    [TestMethod]
    public void Conditions_are_matched_by_what_their_keys_stand_for()
    {
        // The same rows backwards: another order of classes, and so other keys.
        TinyCodes.Grid[] rows = TinyCodes.Grids(9);
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows));
        IDataView backwards = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows.Reverse()));
        Assert.AreNotEqual((uint)Values.Read(data, "Label")[0][0], (uint)Values.Read(backwards, "Label")[^1][0]);
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        List<object[]> bits = Values.Read(prior.Transform(data), "Bits");
        Values.AreEqual(bits, [.. Values.Read(prior.Transform(backwards), "Bits").AsEnumerable().Reverse()], 1e-4);
    }

    [TestMethod]
    public void The_seed_decides_the_training()
    {
        List<object[]> Bits(MLContext ml, int? seed)
        {
            PriorOptions options = TinyCodes.Options();
            options.Training.Seed = seed;
            IDataView data = TinyCodes.Grids(ml, 12);
            using PriorTransformer prior = ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
            return Values.Read(prior.Transform(data), "Bits");
        }
        List<object[]> first = Bits(new MLContext(seed: 1), 3);
        Values.AreEqual(first, Bits(new MLContext(seed: 2), 3));
        Values.AreEqual(first, Bits(new MLContext(seed: 3), null));
        Assert.AreNotEqual((float)first[0][0], (float)Bits(new MLContext(seed: 4), null)[0][0]);
    }

    [TestMethod]
    public void A_line_is_a_grid_where_the_options_say_so()
    {
        var schema = SchemaDefinition.Create(typeof(TinyCodes.Grid));
        schema["Codes"].ColumnType = new VectorDataViewType(new KeyDataViewType(typeof(uint), TinyCodes.Codes), 12);
        IDataView flat = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(TinyCodes.Grids(12), schema));
        PriorOptions options = TinyCodes.Options(1);
        using PriorTransformer line = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(flat);
        Assert.AreEqual(PriorNetwork.WaveNet, line.Network);
        Assert.AreEqual(12, line.CodesPerRow);
        (options.PixelCnn.Height, options.PixelCnn.Width) = (3, 4);
        using PriorTransformer grid = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(flat);
        Assert.AreEqual(PriorNetwork.PixelCnn, grid.Network);
        options.Network = PriorNetwork.WaveNet;
        using PriorTransformer raster = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(TinyCodes.Grids(_ml, 12));
        Assert.AreEqual(PriorNetwork.WaveNet, raster.Network);
        Assert.AreEqual(12, raster.CodesPerRow);
        foreach ((PriorTransformer prior, IDataView rows) in ((PriorTransformer, IDataView)[])
            [(line, flat), (grid, flat), (raster, TinyCodes.Grids(_ml, 12))])
        {
            using var file = new MemoryStream();
            _ml.Model.Save(prior, rows.Schema, file);
            file.Position = 0;
            using var loaded = (PriorTransformer)_ml.Model.Load(file, out _);
            Assert.AreEqual(prior.CodesPerRow, loaded.CodesPerRow);
            Values.AreEqual(Values.Read(prior.Transform(rows), "Bits"), Values.Read(loaded.Transform(rows), "Bits"));
        }
    }

    [TestMethod]
    public void The_presets_are_valid_and_the_flat_arguments_start_from_the_fast_one()
    {
        new PriorOptions().Validate();
        PriorOptions.Fast().Validate();
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", steps: 1, seed: 4).Fit(TinyCodes.Grids(_ml, 6));
        Assert.AreEqual(1, prior.TrainingSummary!.Steps);
        Assert.IsEmpty(prior.Conditions);
        Assert.IsNull(prior.ConditionColumnName);
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        void Work(bool grid)
        {
            IDataView rows = Data(grid, 12);
            using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options()).Fit(rows);
            Assert.AreEqual(0, Growth(() => Values.Read(prior.Transform(rows), "Bits")), "after reading");
            Assert.AreEqual(0, Growth(() => Values.ReadByMapper(prior, rows, "Bits")), "after reading row by row");
            Assert.AreEqual(0, Growth(() => prior.Sample(_ml, 5, "up")), "after sampling");
            Assert.AreEqual(0, Growth(() => prior.Complete(_ml, rows)), "after completion");
        }
        foreach (bool grid in (bool[])[true, false])
        {
            // The first time something may stay that is made once.
            Work(grid);
            DataViewSchema.Column codes = Data(grid).Schema["Codes"];
            PriorDescription description = PriorDescription.Resolve(
                codes, CodeFormat.Of(codes), CategorySet.Of(Data(grid).Schema["Label"], "condition"), TinyCodes.Options());
            // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow.
            long network = Growth(() => description.CreateNetwork(seed: 1).Dispose());
            Assert.AreEqual(network, Growth(() => Work(grid)), "after fit, transform, sample and dispose");
        }
    }

    [TestMethod]
    public void Series_of_known_size_with_several_codes_per_position_are_a_line_with_a_table_for_each_place()
    {
        SeriesVqVaeOptions codec = TinySeries.Options();
        codec.Quantizer.CodesPerPosition = 2;
        using SeriesVqVaeTransformer encoder =
            _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", codec).Fit(TinySeries.Data(_ml, isFixed: true));
        IDataView codes = encoder.Transform(TinySeries.Data(_ml, isFixed: true));
        PriorOptions options = TinyCodes.Options();
        (options.PixelCnn.Height, options.PixelCnn.Width, options.PixelCnn.CodesPerPosition) = (16, 1, 2);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codes);
        Assert.AreEqual(PriorNetwork.PixelCnn, prior.Network);
        Assert.AreEqual(2 * TinySeries.Codes, RowsOfTable(prior));
        using var stream = new MemoryStream();
        _ml.Model.Save(prior, codes.Schema, stream);
        stream.Position = 0;
        using var loaded = (PriorTransformer)_ml.Model.Load(stream, out _);
        Values.AreEqual(Values.Read(prior.Transform(codes), "Bits"), Values.Read(loaded.Transform(codes), "Bits"));
        using SeriesVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView samples = prior.Sample(_ml, 2, options: new SamplingOptions { Seed = 1 });
        Values.AreEqual(Values.Read(samples, "Codes"),
            Values.Read(prior.Sample(_ml, 2, options: new SamplingOptions { Seed = 1, Cached = false }), "Codes"));
        Assert.HasCount(2, Values.Read(decoder.Transform(samples), "Again"));

        // By default a picture of 16×2 codes, as before.
        using PriorTransformer picture = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options()).Fit(codes);
        Assert.AreEqual(TinySeries.Codes, RowsOfTable(picture));
    }

    static long RowsOfTable(PriorTransformer prior)
    {
        using var folder = new Tests.Samples.TemporaryFolder();
        prior.SaveWeights(folder.File("weights"));
        using SafetensorsContent weights = Safetensors.ReadFile(folder.File("weights"));
        return weights.Tensors["codes"].shape[0];
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>ML.NET's own parts on the columns that the transformer adds: what they copy, join, choose, compute, keep and judge.</summary>
[TestClass]
public sealed class StockPartsTests : IDisposable
{
    const string CountContract = "VqVaeTests.CodesInUse";

    readonly MLContext _ml = new(seed: 1);
    readonly ImageVqVaeTransformer _encoder = Tiny.Untrained();

    public void Dispose() => _encoder.Dispose();

    IDataView Encoded(int count = 12) => _encoder.Transform(Tiny.Data(_ml, count));

    [TestMethod]
    public void Embeddings_and_error_become_one_vector()
    {
        ColumnConcatenatingTransformer transformer = _ml.Transforms.Concatenate("Features", "Embeddings", "Error").Fit(Encoded());
        IDataView joined = transformer.Transform(Encoded());
        foreach (object[] row in Values.Read(joined, "Embeddings", "Error", "Features"))
            CollectionAssert.AreEqual((float[])[.. (float[])row[0], (float)row[1]], (float[])row[2]);
        var type = (VectorDataViewType)joined.Schema["Features"].Type;
        Assert.AreEqual(Tiny.Dimensions * 16 + 1, type.Size);
        VBuffer<ReadOnlyMemory<char>> names = default;
        joined.Schema["Features"].GetSlotNames(ref names);
        Assert.AreEqual("Error", names.GetItemOrDefault(type.Size - 1).ToString());
    }

    [TestMethod]
    public void A_copy_of_the_codes_decodes_as_they_do()
    {
        IDataView copied = _ml.Transforms.CopyColumns("Kept", "Codes").Fit(Encoded()).Transform(Encoded());
        Assert.AreEqual(copied.Schema["Codes"].Type, copied.Schema["Kept"].Type);
        Assert.IsNotNull(copied.Schema["Kept"].Annotations.Schema.GetColumnOrNull("KeyValues"));
        Values.AreEqual(Values.Read(copied, "Codes"), Values.Read(copied, "Kept"));
        using ImageVqVaeDecoderTransformer decoder = _encoder.Decoder("Again", "Kept");
        Values.AreEqual(Values.Read(copied, "Decoded"), Values.Read(decoder.Transform(copied), "Again"), 1e-3);
    }

    [TestMethod]
    public void Chosen_columns_stay_in_their_order()
    {
        IDataView encoded = Encoded();
        IDataView selected = _ml.Transforms.SelectColumns("Error", "Codes").Fit(encoded).Transform(encoded);
        CollectionAssert.AreEqual((string[])["Error", "Codes"], (string[])[.. selected.Schema.Select(column => column.Name)]);
        Values.AreEqual(Values.Read(encoded, "Error", "Codes"), Values.Read(selected));
    }

    [TestMethod]
    public void The_network_s_input_may_be_dropped_behind_it()
    {
        IDataView data = Tiny.Data(_ml, 12);
        using var chain = new TransformerChain<ITransformer>(
            _encoder, _ml.Transforms.DropColumns("Pixels", "Decoded", "Embeddings").Fit(_encoder.Transform(data)));
        IDataView rest = chain.Transform(data);
        string[] names = [.. rest.Schema.Select(column => column.Name)];
        CollectionAssert.AreEqual((string[])["Label", "Number", "Codes", "Error"], names);
        Values.AreEqual(Values.Read(Encoded(), "Codes", "Error", "Label"), Values.Read(rest, "Codes", "Error", "Label"));
        Values.AreEqual(Values.Read(rest), Values.ReadByMapper(chain, data), 1e-3);
    }

    sealed class CodesOfRow
    {
        [VectorType(16), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class CodesInUse
    {
        public int Distinct { get; set; }
    }

    [CustomMappingFactoryAttribute(CountContract)]
    sealed class CodesInUseFactory : CustomMappingFactory<CodesOfRow, CodesInUse>
    {
        public override Action<CodesOfRow, CodesInUse> GetMapping() => Count;

        public static void Count(CodesOfRow row, CodesInUse count) => count.Distinct = row.Codes.Distinct().Count();
    }

    [TestMethod]
    public void The_caller_s_own_code_reads_the_codes_and_is_saved_with_the_chain()
    {
        IDataView data = Tiny.Data(_ml, 12);
        var counting = _ml.Transforms.CustomMapping<CodesOfRow, CodesInUse>(CodesInUseFactory.Count, CountContract)
            .Fit(_encoder.Transform(data));
        var chain = new TransformerChain<ITransformer>(_encoder, counting);
        List<object[]> counts = Values.Read(chain.Transform(data), "Codes", "Distinct");
        foreach (object[] row in counts)
            Assert.AreEqual(((uint[])row[0]).Distinct().Count(), row[1]);
        Assert.IsTrue(counts.Any(row => (int)row[1] > 1), "Every picture has one code only.");

        using var file = new MemoryStream();
        _ml.Model.Save(chain, data.Schema, file);
        file.Position = 0;
        var other = new MLContext();
        other.ComponentCatalog.RegisterAssembly(typeof(CodesInUseFactory).Assembly);
        ITransformer loaded = other.Model.Load(file, out _);
        Values.AreEqual(counts, Values.Read(loaded.Transform(data), "Codes", "Distinct"));
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void A_cache_asks_for_each_row_once()
    {
        int read = 0;
        IDataView data = _ml.Data.LoadFromEnumerable(Tiny.Rows(12).Select(row =>
        {
            Interlocked.Increment(ref read);
            return row;
        }));
        IDataView cached = _ml.Data.Cache(_encoder.Transform(data), "Codes", "Error");
        List<object[]> first = Values.Read(cached, "Codes", "Error");
        int readForTheFirst = read;
        Values.AreEqual(first, Values.Read(cached, "Codes", "Error"));
        Assert.AreEqual(readForTheFirst, read);
        Values.AreEqual(Values.Read(Encoded(), "Codes", "Error"), first);
    }

    [TestMethod]
    public void Codes_of_a_held_out_fold_are_classified()
    {
        IDataView data = _ml.Transforms.Conversion.MapValueToKey("Label").Fit(Tiny.Data(_ml)).Transform(Encoded(60));
        var pipeline = _ml.Transforms.Conversion.MapKeyToVector("Features", "Codes")
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        var folds = _ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 3);
        Assert.HasCount(3, folds);
        // Each row is held out once, and three patterns are told apart better than by chance.
        List<int> numbers = [.. folds.SelectMany(fold => Values.Read(fold.ScoredHoldOutSet, "Number")).Select(row => (int)row[0]).Order()];
        CollectionAssert.AreEqual(Enumerable.Range(0, 60).ToList(), numbers);
        Assert.IsGreaterThan(0.6, folds.Average(fold => fold.Metrics.MicroAccuracy));
        Assert.IsGreaterThan(0.6, folds.Average(fold => fold.Metrics.MacroAccuracy));
        Assert.IsLessThan(Math.Log(3), folds.Average(fold => fold.Metrics.LogLoss));
    }
}

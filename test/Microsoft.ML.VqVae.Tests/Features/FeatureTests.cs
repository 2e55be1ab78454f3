using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Features among ML.NET's own components: their columns, their values one by one and in batches, files.</summary>
[TestClass]
public class FeatureTests
{
    readonly MLContext _ml = new(seed: 1);

    FeatureTransformer Fit(bool grid, FeatureOptions? options = null) =>
        _ml.Transforms.VqVae.Featurize("Features", "Codes", options ?? TinyFeatures.Options()).Fit(TinyFeatures.Data(_ml, grid));

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_estimators_promise_is_what_the_transformer_makes(bool grid)
    {
        IDataView data = TinyFeatures.Data(_ml, grid);
        SchemaShape promised =
            _ml.Transforms.VqVae.Featurize("Features", "Codes", TinyFeatures.Options()).GetOutputSchema(Tiny.Shape(data.Schema));
        using FeatureTransformer transformer = Fit(grid);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(promised), Describe(Tiny.Shape(schema)));
        int size = ((grid ? 4 : 2) + 1) * TinyFeatures.Channels;
        Assert.AreEqual(size, transformer.Size);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, size), schema["Features"].Type);
        Assert.AreEqual(grid ? new VectorDataViewType(NumberDataViewType.Single, 3, 4, TinyFeatures.Channels)
            : new VectorDataViewType(NumberDataViewType.Single), schema["Positions"].Type);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Rows_have_the_same_features_in_batches_and_one_by_one(bool grid)
    {
        IDataView data = TinyFeatures.Data(_ml, grid);
        using FeatureTransformer transformer = Fit(grid);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Codes", "Features", "Positions");
        Values.AreEqual(rows, Values.ReadByMapper(transformer, data, "Codes", "Features", "Positions"), 1e-4);
        foreach (object[] row in rows)
        {
            int count = ((uint[])row[0]).Length;
            float[] features = (float[])row[1], positions = (float[])row[2];
            Assert.HasCount(count * TinyFeatures.Channels, positions);
            for (int channel = 0; channel < TinyFeatures.Channels; channel++)
            {
                float[] ofChannel = [.. Enumerable.Range(0, count).Select(position => positions[position * TinyFeatures.Channels + channel])];
                float[] firstPart = grid
                    ? [ofChannel[0], ofChannel[1], ofChannel[4], ofChannel[5]] : ofChannel[..((count + 1) / 2)];
                Assert.AreEqual(firstPart.Average(), features[channel], 1e-4);
                Assert.AreEqual(ofChannel.Max(), features[^TinyFeatures.Channels..][channel], 1e-4);
            }
        }
    }
}

using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>Training examples of series: crops that hold whole codes.</summary>
[TestClass]
public sealed class SeriesStoreTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow(3, 256, 256, DisplayName = "as asked for")]
    [DataRow(3, 20, 32, DisplayName = "four codes")]
    [DataRow(8, 256, 1024, DisplayName = "as long as a code")]
    [DataRow(9, 256, 2048, DisplayName = "a part of a code")]
    [DataRow(12, 256, 4100, DisplayName = "rows of less than four codes")]
    public void Crops_hold_a_few_codes_where_rows_do(int downsamplings, int cropLength, int expected)
    {
        IDataView data = _ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, 3).Select(_ => new TinySeries.Row { Window = [.. Enumerable.Range(0, 4100).Select(step => (float)step)] }));
        var codec = new SeriesCodecOptions { Downsamplings = downsamplings };
        SeriesStore store = SeriesStore.Read(data, data.Schema["Window"], codec, cropLength, seed: 1, CancellationToken.None);
        Assert.AreEqual(3 * ((4100 + store.CropLength - 1) / store.CropLength), store.Count);
        using DisposeScope scope = NewDisposeScope();
        Tensor[] batch = store.ReadBatch(new BatchExamples(new[] { 0, 1, 2 }, null));
        CollectionAssert.AreEqual(new long[] { expected, expected, expected }, batch[1].data<long>().ToArray());
    }
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Evaluation;

/// <summary>Bits over whole views against values worked out by hand; no network is involved.</summary>
[TestClass]
public class PriorMetricsTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Row
    {
        [KeyType(8)]
        public uint[] Codes { get; set; } = [];

        public float Bits { get; set; }

        public string Name { get; set; } = "";
    }

    [TestMethod]
    public void Rows_count_by_their_length()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Row { Codes = [1], Bits = 3 }, new Row { Codes = [1, 2, 8], Bits = 1 }]);
        PriorMetrics metrics = PriorMetrics.Evaluate(data, "Codes", "Bits");
        Assert.AreEqual(1, metrics.BitsPerCode, 1e-12);
        Assert.AreEqual(2, metrics.BitsPerRow, 1e-12);
        Assert.AreEqual(3, metrics.UniformBitsPerCode, 1e-12);
        Assert.AreEqual((2, 4, 8), (metrics.RowCount, metrics.CodeCount, metrics.CodebookSize));
    }

    [TestMethod]
    public void What_cannot_be_measured_is_refused()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Row { Codes = [1], Bits = 3 }]);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => PriorMetrics.Evaluate(data, "Name", "Bits")).Message, "codes column 'Name'");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => PriorMetrics.Evaluate(data, "Code", "Bits")).Message, "codes column 'Code'");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => PriorMetrics.Evaluate(data, "Codes", "Codes")).Message, "expected is Single");
        Assert.ThrowsExactly<InvalidOperationException>(
            () => PriorMetrics.Evaluate(_ml.Data.LoadFromEnumerable(Array.Empty<Row>()), "Codes", "Bits"));
    }
}

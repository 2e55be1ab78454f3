using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>What is stored for training is what the rows hold.</summary>
[TestClass]
public class ImageStoreTests
{
    static ImageStore Store(IDataView data) =>
        ImageStore.Read(data, data.Schema["Pixels"], new ImageFormat(Tiny.Side, Tiny.Side, 1, false, false), new TrainingOptions());

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Any_rows_come_back_in_the_order_asked_for(bool countIsKnown)
    {
        Tiny.Row[] rows = Tiny.Rows(30);
        using ImageStore store = Store(countIsKnown ? new MLContext().Data.LoadFromEnumerable(rows) : OrderedView.Shuffling(30));
        Assert.AreEqual(30, store.Count);
        using Tensor batch = store.ReadBatch(new BatchExamples((int[])[7, 29, 0, 7], Step: null))[0];
        CollectionAssert.AreEqual(new long[] { 4, 1, 8, 8 }, batch.shape);
        CollectionAssert.AreEqual(
            (float[])[.. rows[7].Pixels, .. rows[29].Pixels, .. rows[0].Pixels, .. rows[7].Pixels],
            MemoryMarshal.Cast<byte, float>(batch.bytes).ToArray());
    }

    [TestMethod]
    [DataRow(0f, 1f)]
    [DataRow(127.5f, 1 / 127.5f)]
    public void Bytes_are_kept_as_bytes_and_come_back_bit_by_bit(float offset, float scale)
    {
        Tiny.Row[] rows = [.. Enumerable.Range(0, 6).Select(row => new Tiny.Row
        {
            Pixels = [.. Enumerable.Range(0, Tiny.Side * Tiny.Side).Select(i => ((37 * i + 91 * row) % 256 - offset) * scale)],
        })];
        var format = new ImageFormat(Tiny.Side, Tiny.Side, 1, false, false, offset, scale);
        foreach (long limit in (long[])[long.MaxValue, 0])
        {
            IDataView data = new MLContext().Data.LoadFromEnumerable(rows);
            using ImageStore store = ImageStore.Read(data, data.Schema["Pixels"], format, new TrainingOptions { DataMemoryLimit = limit });
            Assert.IsTrue(store.IsOfBytes);
            AssertRows(store);
        }
        // A value that is no byte, and −0, which compares equal to one.
        foreach (float other in (float[])[0.3f * scale, -0f])
        {
            rows[3].Pixels[5] = other;
            IDataView data = new MLContext().Data.LoadFromEnumerable(rows);
            using ImageStore store = ImageStore.Read(data, data.Schema["Pixels"], format, new TrainingOptions());
            Assert.IsFalse(store.IsOfBytes);
            AssertRows(store);
        }

        void AssertRows(ImageStore store)
        {
            using Tensor batch = store.ReadBatch(new BatchExamples(Enumerable.Range(0, rows.Length).ToArray(), Step: null))[0];
            CollectionAssert.AreEqual(
                MemoryMarshal.AsBytes<float>(rows.SelectMany(row => row.Pixels).ToArray()).ToArray(), batch.bytes.ToArray());
        }
    }

    [TestMethod]
    public void Statistics_are_those_of_all_values()
    {
        Tiny.Row[] rows = Tiny.Rows(30);
        foreach (Tiny.Row row in rows)
            row.Pixels = [.. row.Pixels.Select(value => value + 10000)];
        using ImageStore store = Store(new MLContext().Data.LoadFromEnumerable(rows));
        double[] values = [.. rows.SelectMany(row => row.Pixels).Select(value => (double)value)];
        double mean = values.Average();
        Assert.AreEqual(mean, store.Mean, 1e-9);
        Assert.AreEqual(Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), store.Deviation, 1e-9);
        Assert.AreEqual((values.Min(), values.Max()), (store.Minimum, store.Maximum));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(15)]
    [DataRow(16)]
    [DataRow(18)]
    public void Values_that_are_no_numbers_are_found_wherever_they_are(int index)
    {
        float[] values = [.. Enumerable.Range(0, 19).Select(i => i % 2 == 0 ? float.MaxValue : -float.Epsilon)];
        Assert.AreEqual(-1, Finite.IndexOfOther(values));
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            values[index] = bad;
            Assert.AreEqual(index, Finite.IndexOfOther(values));
        }
    }
}

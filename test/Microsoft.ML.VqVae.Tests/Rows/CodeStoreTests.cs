using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>Stored codes come back as they were, filled up to the longest row of a batch.</summary>
[TestClass]
public class CodeStoreTests
{
    const int Many = 70_000;

    readonly MLContext _ml = new(seed: 1);

    sealed class Few
    {
        [KeyType(9)]
        public uint[] Codes { get; set; } = [];

        // ML.NET counts a single key of an object from 0.
        [KeyType(3)]
        public uint Condition { get; set; }
    }

    sealed class Wide
    {
        [KeyType(Many)]
        public uint[] Codes { get; set; } = [];
    }

    static CodeStore Read(
        IDataView data, int codes, int? length = null, bool missingAllowed = false, CategoryColumn? condition = null) =>
        CodeStore.Read(data, new CodeRequirements(data.Schema["Codes"], codes, length, missingAllowed), condition, "test", default);

    static long[] Values(Tensor tensor) => tensor.data<long>().ToArray();

    [TestMethod]
    public void Rows_are_filled_up_to_the_longest_of_the_batch()
    {
        using DisposeScope scope = NewDisposeScope();
        IDataView data = _ml.Data.LoadFromEnumerable(
            [new Few { Codes = [1, 9, 3], Condition = 2 }, new Few { Codes = [2] }, new Few { Codes = [4, 5], Condition = 1 }]);
        var classes = new CategorySet(Names: null, Rows: new int[13]);
        CodeStore store = Read(
            data, 9, condition: new CategoryColumn(data.Schema["Condition"], "condition", classes, [10, 11, 12]));
        Assert.AreEqual((3, 6), (store.Count, store.TotalCodes));
        CollectionAssert.AreEqual(new[] { 12, 10, 11 }, store.Conditions.ToArray());
        Tensor[] batch = store.ReadBatch((int[])[2, 0]);
        CollectionAssert.AreEqual(new long[] { 3, 4, 0, 0, 8, 2 }, Values(batch[0]));
        CollectionAssert.AreEqual(new long[] { 2, 3 }, Values(batch[1]));
        CollectionAssert.AreEqual(new long[] { 11, 12 }, Values(batch[2]));
        CollectionAssert.AreEqual(new long[] { 1, -1, 3, 4 }, Values(store.ReadBatch((int[])[1, 2], length: 2, filling: -1)[0]));
        Assert.HasCount(2, Read(data, 9).ReadBatch((int[])[0]));
    }

    [TestMethod]
    public void Missing_codes_are_kept_as_such_where_they_may_be()
    {
        using DisposeScope scope = NewDisposeScope();
        IDataView data = _ml.Data.LoadFromEnumerable([new Few { Codes = [0, 9, 0] }]);
        CodeStore store = Read(data, 9, length: 3, missingAllowed: true);
        CollectionAssert.AreEqual(new long[] { -1, 8, -1 }, Values(store.ReadBatch((int[])[0])[0]));
        Assert.Contains("slot 0", Assert.ThrowsExactly<InvalidOperationException>(() => Read(data, 9, length: 3)).Message);
    }

    [TestMethod]
    public void Codebooks_beyond_sixteen_bits_lose_nothing()
    {
        using DisposeScope scope = NewDisposeScope();
        IDataView data = _ml.Data.LoadFromEnumerable([new Wide { Codes = [1, Many, 65_536, 65_537, 0] }]);
        CodeStore store = Read(data, Many, missingAllowed: true);
        CollectionAssert.AreEqual(new long[] { 0, Many - 1, 65_535, 65_536, -1 }, Values(store.ReadBatch((int[])[0])[0]));
    }
}

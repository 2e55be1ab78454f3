using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes of a column as arrays of integers.</summary>
[TestClass]
public sealed class CodeColumnsTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Codes_of_a_column_are_those_of_Encode_in_every_integer_type()
    {
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(Tiny.Data(_ml));
        Tiny.Row[] rows = Tiny.Rows(70);                                    // more than a batch of the cursor
        IDataView encoded = codec.Transform(_ml.Data.LoadFromEnumerable(rows));
        int[][] codes = [.. encoded.GetCodes("Codes")];
        Assert.HasCount(rows.Length, codes);
        for (int row = 0; row < rows.Length; row++)
            CollectionAssert.AreEqual(codec.Encode(rows[row].Pixels), codes[row]);
        Assert.IsGreaterThan(1, codes.SelectMany(row => row).Distinct().Count());
        Same(encoded.GetCodes<byte>("Codes"));
        Same(encoded.GetCodes<ushort>("Codes"));
        Same(encoded.GetCodes<uint>("Codes"));
        Same(encoded.GetCodes<long>("Codes"));

        void Same<T>(IEnumerable<T[]> found) where T : System.Numerics.INumber<T>
        {
            int[][] numbers = [.. found.Select(row => Array.ConvertAll(row, int.CreateChecked))];
            Assert.HasCount(codes.Length, numbers);
            for (int row = 0; row < codes.Length; row++)
                CollectionAssert.AreEqual(codes[row], numbers[row]);
        }
    }

    [TestMethod]
    public void Codes_that_were_read_from_text_are_those_that_were_written()
    {
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(20)).Fit(Tiny.Data(_ml));
        IDataView encoded = codec.Transform(Tiny.Data(_ml));
        var words = _ml.Transforms.Conversion.MapKeyToValue("Words", "Codes").Fit(encoded).Transform(encoded);
        IDataView read = _ml.Transforms.Conversion.MapValueToKey("Read", "Words").Fit(words).Transform(words);
        int[][] expected = [.. encoded.GetCodes("Codes")], found = [.. read.GetCodes("Read")];
        for (int row = 0; row < expected.Length; row++)
            CollectionAssert.AreEqual(expected[row], found[row]);
    }

    [TestMethod]
    public void A_type_that_is_too_small_a_missing_code_and_another_column_are_errors()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Row { Codes = [300, 1] }, new Row { Codes = [2, 0] }]);
        ArgumentException small = Assert.ThrowsExactly<ArgumentException>(() => data.GetCodes<byte>("Codes"));
        Assert.AreEqual("The codes of column 'Codes' are from 0 to 299; Byte holds numbers up to 255. Read them as UInt16 or Int32.",
            small.Message);
        using IEnumerator<ushort[]> rows = data.GetCodes<ushort>("Codes").GetEnumerator();
        Assert.IsTrue(rows.MoveNext());
        CollectionAssert.AreEqual(new ushort[] { 299, 0 }, rows.Current);
        InvalidOperationException missing = Assert.ThrowsExactly<InvalidOperationException>(() => rows.MoveNext());
        Assert.Contains("Row 1 of codes column 'Codes' has no code in slot 1", missing.Message);
        Assert.Contains("'Numbers'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetCodes("Numbers")).Message);
        Assert.Contains("'Nothing'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetCodes("Nothing")).Message);
    }

    /// <summary>The rules of ML.NET that the documentation speaks of: a getter has the type of its column, and a key has the type that it was
    /// declared with.</summary>
    [TestMethod]
    public void MLNET_itself_gives_keys_as_UInt32_and_converts_them_to_smaller_ones()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Row { Codes = [200, 1] }]);
        using (DataViewRowCursor cursor = data.GetRowCursor(data.Schema))
            Assert.Throws<Exception>(() => cursor.GetGetter<VBuffer<int>>(data.Schema["Codes"]));
        Assert.Throws<Exception>(() => _ml.Data.CreateEnumerable<Signed>(data, reuseRowObject: false).ToArray());
        Assert.AreEqual(200u, _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Single().Codes[0]);
        IDataView converted = _ml.Transforms.Conversion.ConvertType("Small", "Codes", DataKind.UInt16).Fit(data).Transform(data);
        Assert.AreEqual(typeof(ushort), ((VectorDataViewType)converted.Schema["Small"].Type).ItemType.RawType);
    }

    sealed class Row
    {
        [VectorType(2), KeyType(300)]
        public uint[] Codes { get; set; } = [];

        [VectorType(2)]
        public float[] Numbers { get; set; } = [0, 0];
    }

    sealed class Signed
    {
        public int[] Codes { get; set; } = [];
    }
}

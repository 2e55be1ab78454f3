using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Nearest training rows by codes and by numbers, against a search by sorting all of them.</summary>
[TestClass]
public sealed class NearestRowsTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Coded
    {
        [VectorType(6), KeyType(4)]
        public uint[] Codes { get; set; } = [];

        [VectorType(3)]
        public float[] Numbers { get; set; } = [];
    }

    static Coded[] Rows(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new Coded
        {
            // ML.NET takes the keys of a vector in an object as they are: from 1, 0 for a missing one.
            Codes = [.. Enumerable.Range(0, 6).Select(_ => (uint)random.Next(0, 5))],
            Numbers = [.. Enumerable.Range(0, 3).Select(_ => random.NextSingle())],
        })];
    }

    [TestMethod]
    [DataRow("Codes")]
    [DataRow("Numbers")]
    public void The_nearest_rows_are_those_of_a_sorted_list(string column)
    {
        Coded[] kept = Rows(50, 1), asked = Rows(20, 2);
        NearestRowsTransformer search = _ml.Transforms.VqVae.NearestRows("Near", column, neighbors: 4, distancesColumnName: "Far")
            .Fit(_ml.Data.LoadFromEnumerable(kept));
        Assert.AreEqual((50, 4), (search.RowCount, search.Neighbors));
        List<object[]> found = Read(search.Transform(_ml.Data.LoadFromEnumerable(asked)));
        for (int i = 0; i < asked.Length; i++)
        {
            double DistanceTo(Coded other) => column == "Codes"
                ? asked[i].Codes.Zip(other.Codes).Count(pair => pair.First != pair.Second)
                : Math.Sqrt(asked[i].Numbers.Zip(other.Numbers).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
            (long Row, double Distance)[] expected =
                [.. kept.Select((row, number) => ((long)number, DistanceTo(row))).OrderBy(pair => pair.Item2).Take(4)];
            CollectionAssert.AreEqual(expected.Select(pair => pair.Row).ToArray(), (long[])found[i][0], $"row {i}");
            for (int k = 0; k < 4; k++)
                Assert.AreEqual(expected[k].Distance, ((float[])found[i][1])[k], 1e-6, $"row {i}, neighbor {k}");
        }
    }

    [TestMethod]
    [DataRow(1e19f)]
    [DataRow(1e-24f)]
    public void Numbers_whose_squares_have_no_value_in_Single_are_compared(float unit)
    {
        IDataView rows = _ml.Data.LoadFromEnumerable(((float[])[3, 2, 2.5f]).Select(size => new Coded { Numbers = [size * unit, 0, 0] }));
        NearestRowsTransformer search = _ml.Transforms.VqVae.NearestRows("Near", "Numbers", neighbors: 3, "Far").Fit(rows);
        List<object[]> found = Read(search.Transform(_ml.Data.LoadFromEnumerable([new Coded { Numbers = new float[3] }])));
        CollectionAssert.AreEqual((long[])[1, 2, 0], (long[])found[0][0]);
        Assert.AreEqual(2 * unit, ((float[])found[0][1])[0], 1e-6 * unit);
    }

    [TestMethod]
    [DataRow("Codes")]
    [DataRow("Numbers")]
    public void What_is_promised_comes_from_the_trained_and_from_the_loaded_model(string column)
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Rows(12, 3));
        NearestRowsEstimator estimator = _ml.Transforms.VqVae.NearestRows("Near", column, distancesColumnName: "Far");
        NearestRowsTransformer search = estimator.Fit(data);
        DataViewSchema schema = search.GetOutputSchema(data.Schema);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Int64, 5), schema["Near"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 5), schema["Far"].Type);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(shapeColumn => $"{shapeColumn.Name} {shapeColumn.Kind} {shapeColumn.ItemType} {shapeColumn.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(Tiny.Shape(schema)), Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))));

        using var file = new MemoryStream();
        _ml.Model.Save(search, data.Schema, file);
        file.Position = 0;
        var loaded = (NearestRowsTransformer)new MLContext().Model.Load(file, out _);
        Assert.AreEqual((column, "Near", "Far"), (loaded.InputColumnName, loaded.OutputColumnName, loaded.DistancesColumnName));
        List<object[]> expected = Read(search.Transform(data));
        // Every row is its own nearest one.
        for (int row = 0; row < expected.Count; row++)
            Assert.AreEqual((row, 0f), (((long[])expected[row][0])[0], ((float[])expected[row][1])[0]));
        Values.AreEqual(expected, Read(loaded.Transform(data)));
    }

    [TestMethod]
    public void Codes_of_a_codec_find_images_of_the_same_pattern()
    {
        IDataView data = Tiny.Data(_ml, 30);
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(steps: 40)).Fit(data);
        IDataView codes = codec.Transform(data);
        List<object[]> found = Read(
            _ml.Transforms.VqVae.NearestRows("Near", "Codes", neighbors: 3, distancesColumnName: "Far").Fit(codes).Transform(codes));
        int same = Enumerable.Range(0, 30).Sum(row => ((long[])found[row][0]).Skip(1).Count(near => near % 3 == row % 3));
        Assert.IsGreaterThan(40, same, $"{same} of 60 neighbors show the same of three patterns; 19 by chance.");
    }

    [TestMethod]
    public void Codes_with_other_key_numbers_are_matched_by_their_values()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        IDataView codes = _ml.Data.Cache(codec.Transform(Tiny.Data(_ml, 20)));
        // As codes that were written as text and read again: their keys are numbered by their first rows.
        IDataView told = _ml.Transforms.Conversion.MapKeyToValue("Text", "Codes")
            .Append(_ml.Transforms.Conversion.MapValueToKey("Codes", "Text")).Fit(codes).Transform(codes);
        Assert.IsFalse(Values.Read(codes, "Codes").Zip(Values.Read(told, "Codes"))
            .All(pair => ((uint[])pair.First[0]).SequenceEqual((uint[])pair.Second[0])), "The keys have the same numbers.");
        NearestRowsTransformer search = _ml.Transforms.VqVae.NearestRows("Near", "Codes", 3, "Far").Fit(codes);
        Values.AreEqual(Read(search.Transform(codes)), Read(search.Transform(told)));
        using var file = new MemoryStream();
        _ml.Model.Save(search, codes.Schema, file);
        file.Position = 0;
        Values.AreEqual(Read(search.Transform(codes)), Read(new MLContext().Model.Load(file, out _).Transform(told)));
    }

    [TestMethod]
    public void Other_columns_and_too_few_rows_are_refused()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Rows(4, 1));
        Assert.Contains("4 rows", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.NearestRows("Near", "Codes").Fit(data)).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.NearestRows("Near", "Codes", neighbors: 0));
        Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.NearestRows("Near", "Codes", 1, "Near"));
        NearestRowsTransformer search = _ml.Transforms.VqVae.NearestRows("Near", "Numbers", 2).Fit(data);
        IDataView tiny = Tiny.Data(_ml, 3);
        Assert.Contains("'Numbers'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => search.Transform(tiny)).Message);
        Assert.Contains("key type or of Single", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.NearestRows("Near", "Label").Fit(tiny)).Message);
        Coded[] missing = Rows(2, 5);
        missing[1].Numbers[2] = float.NaN;
        IDataView unknown = _ml.Data.LoadFromEnumerable(missing);
        Assert.Contains("Row 1 of column 'Numbers' has NaN in slot 2", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.NearestRows("Near", "Numbers", 1).Fit(unknown)).Message);
    }

    static List<object[]> Read(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Near"], view.Schema["Far"]]);
        ValueGetter<VBuffer<long>> near = cursor.GetGetter<VBuffer<long>>(view.Schema["Near"]);
        ValueGetter<VBuffer<float>> far = cursor.GetGetter<VBuffer<float>>(view.Schema["Far"]);
        List<object[]> rows = [];
        VBuffer<long> numbers = default;
        VBuffer<float> distances = default;
        while (cursor.MoveNext())
        {
            near(ref numbers);
            far(ref distances);
            rows.Add([numbers.DenseValues().ToArray(), distances.DenseValues().ToArray()]);
        }
        return rows;
    }
}

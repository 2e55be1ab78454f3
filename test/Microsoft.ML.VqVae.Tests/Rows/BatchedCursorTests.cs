using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>Batches are an implementation's business: whoever reads rows sees rows, in order, aligned, and computed no more than
/// needed.</summary>
[TestClass]
public class BatchedCursorTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Batched_rows_are_those_of_one_row_at_a_time()
    {
        IDataView data = Tiny.Data(_ml, 20);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        List<object[]> batched = Values.Read(transformer.Transform(data));
        Values.AreEqual(Values.ReadByMapper(transformer, data), batched, 1e-3);
        using ImageVqVaeTransformer single = Tiny.Untrained(batchSize: 1);
        Values.AreEqual(Values.Read(single.Transform(data)), batched, 1e-3);
        int different = batched.SelectMany(row => (uint[])row[3]).Distinct().Count();
        Assert.IsGreaterThan(3, different, "A test of codes that are all alike would show nothing.");
    }

    [TestMethod]
    public void The_network_runs_once_a_batch_and_no_further_than_asked()
    {
        IDataView data = Tiny.Data(_ml, 20);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var runs = new NetworkRuns(transformer.Network);
        IDataView view = transformer.Transform(data);

        Values.Read(view, "Label", "Pixels");
        Assert.AreEqual((0, 0), runs.Count);
        Values.Read(view, "Codes", "Label");
        Assert.AreEqual((3, 0), runs.Count);
        Values.Read(view, "Codes", "Embeddings");
        Assert.AreEqual((6, 0), runs.Count);
        Values.Read(view, "Error", "Decoded", "Codes");
        Assert.AreEqual((9, 3), runs.Count);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        while (cursor.MoveNext()) { }
        Assert.AreEqual((9, 3), runs.Count, "Nobody asked for a value.");
    }

    [TestMethod]
    public void A_getter_made_in_the_middle_of_a_batch_gives_its_rows()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(Tiny.Data(_ml, 10));
        List<object[]> expected = Values.Read(view, "Error");
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<uint>> codes = cursor.GetGetter<VBuffer<uint>>(view.Schema["Codes"]);
        VBuffer<uint> keys = default;
        float value = 0;
        for (int row = 0; row < 3; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            codes(ref keys);
        }
        cursor.GetGetter<float>(view.Schema["Error"])(ref value);
        Assert.AreEqual(expected[2][0], value);
    }

    [TestMethod]
    public void A_row_mapper_computes_a_row_once_however_many_columns_are_read()
    {
        IDataView data = Tiny.Data(_ml, 4);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var runs = new NetworkRuns(transformer.Network);
        Values.ReadByMapper(transformer, data, "Codes", "Decoded", "Embeddings", "Error");
        Assert.AreEqual((4, 4), runs.Count);
        Values.ReadByMapper(transformer, data, "Label", "Codes");
        Assert.AreEqual((8, 4), runs.Count);
        Values.ReadByMapper(transformer, data, "Label");
        Assert.AreEqual((8, 4), runs.Count);
    }

    [TestMethod]
    public void A_row_mapper_depends_on_the_input_only_for_the_columns_that_need_it()
    {
        IDataView data = Tiny.Data(_ml, 4);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IRowToRowMapper mapper = ((ITransformer)transformer).GetRowToRowMapper(data.Schema);
        string[] Dependencies(params string[] names) =>
            [.. mapper.GetDependencies(names.Select(name => mapper.OutputSchema[name])).Select(column => column.Name)];
        CollectionAssert.AreEqual(new[] { "Label" }, Dependencies("Label"));
        CollectionAssert.AreEqual(new[] { "Pixels" }, Dependencies("Codes"));
        CollectionAssert.AreEqual(new[] { "Pixels", "Number" }, Dependencies("Number", "Error"));
    }

    [TestMethod]
    public void Passed_through_columns_stay_with_their_row()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var expected = Values.Read(transformer.Transform(Tiny.Data(_ml, 40)), "Number", "Codes")
            .ToDictionary(row => (int)row[0], row => (uint[])row[1]);
        void Check(IDataView view, IEnumerable<int> numbers)
        {
            List<object[]> rows = Values.Read(view, "Number", "Codes");
            CollectionAssert.AreEqual(numbers.ToArray(), rows.Select(row => (int)row[0]).ToArray());
            foreach (object[] row in rows)
                CollectionAssert.AreEqual(expected[(int)row[0]], (uint[])row[1]);
        }

        int[] some = [3, 5, 6, 20, 21, 22, 23, 24, 25, 39], none = [];
        Check(transformer.Transform(new OrderedView(Tiny.Rows(40), _ => some)), some);
        Check(transformer.Transform(new OrderedView(Tiny.Rows(40), _ => none)), none);
        Check(_ml.Data.Cache(transformer.Transform(Tiny.Data(_ml, 40))), Enumerable.Range(0, 40));

        DataOperationsCatalog.TrainTestData upstream = _ml.Data.TrainTestSplit(Tiny.Data(_ml, 40), 0.4, seed: 2);
        DataOperationsCatalog.TrainTestData downstream = _ml.Data.TrainTestSplit(transformer.Transform(Tiny.Data(_ml, 40)), 0.4, seed: 2);
        (IDataView, IDataView)[] pairs = [(upstream.TrainSet, downstream.TrainSet), (upstream.TestSet, downstream.TestSet)];
        foreach ((IDataView before, IDataView after) in pairs)
        {
            int[] numbers = [.. Values.Read(before, "Number").Select(row => (int)row[0])];
            Assert.IsTrue(numbers.Length is > 0 and < 40);
            Check(transformer.Transform(before), numbers);
            Check(after, Values.Read(after, "Number").Select(row => (int)row[0]));
        }
    }

    [TestMethod]
    public void A_shuffled_cursor_keeps_rows_together_and_repeats_with_its_seed()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView codes = transformer.Transform(OrderedView.Shuffling(40));
        Assert.IsTrue(codes.CanShuffle);
        var expected = Values.Read(codes, "Number", "Codes").ToDictionary(row => (int)row[0], row => (uint[])row[1]);
        DataViewSchema.Column[] columns = [codes.Schema["Number"], codes.Schema["Codes"]];
        int[][] orders = new int[2][];
        for (int run = 0; run < 2; run++)
        {
            using DataViewRowCursor cursor = codes.GetRowCursor(columns, new Random(8));
            List<object[]> rows = Values.Read(cursor, columns);
            orders[run] = [.. rows.Select(row => (int)row[0])];
            foreach (object[] row in rows)
                CollectionAssert.AreEqual(expected[(int)row[0]], (uint[])row[1]);
        }
        CollectionAssert.AreEqual(orders[0], orders[1]);
        CollectionAssert.AreNotEqual(Enumerable.Range(0, 40).ToArray(), orders[0]);
        CollectionAssert.AreEqual(Enumerable.Range(0, 40).ToArray(), orders[0].Order().ToArray());
    }

    [TestMethod]
    public void Positions_and_identifiers_are_those_of_the_rows()
    {
        IDataView data = Tiny.Data(_ml, 17);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(data);
        foreach (string[] names in (string[][])[["Codes"], ["Codes", "Label"], ["Label"]])
        {
            using DataViewRowCursor source = data.GetRowCursor([]);
            using DataViewRowCursor cursor = view.GetRowCursor(names.Select(name => view.Schema[name]));
            ValueGetter<DataViewRowId> sourceId = source.GetIdGetter(), id = cursor.GetIdGetter();
            Assert.AreEqual(-1, cursor.Position);
            for (int row = 0; row < 17; row++)
            {
                Assert.IsTrue(source.MoveNext());
                Assert.IsTrue(cursor.MoveNext());
                DataViewRowId expected = default, actual = default;
                sourceId(ref expected);
                id(ref actual);
                Assert.AreEqual(expected, actual);
                Assert.AreEqual(row, cursor.Position);
                Assert.AreEqual(source.Batch, cursor.Batch);
            }
            Assert.IsFalse(cursor.MoveNext());
            Assert.IsFalse(cursor.MoveNext());
            Assert.AreEqual(-1, cursor.Position);
        }
        Assert.AreEqual(data.GetRowCount(), view.GetRowCount());
    }

    [TestMethod]
    public void A_cursor_set_serves_every_row_once()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(OrderedView.Shuffling(40));
        foreach (string[] names in (string[][])[["Number", "Codes"], ["Number"]])
        {
            DataViewSchema.Column[] columns = [.. names.Select(name => view.Schema[name])];
            var numbers = new List<int>();
            foreach (DataViewRowCursor cursor in view.GetRowCursorSet(columns, 3))
            {
                using (cursor)
                    numbers.AddRange(Values.Read(cursor, columns).Select(row => (int)row[0]));
            }
            CollectionAssert.AreEqual(Enumerable.Range(0, 40).ToArray(), numbers.Order().ToArray());
        }
    }

    [TestMethod]
    public void Only_columns_that_were_asked_for_are_active()
    {
        IDataView data = Tiny.Data(_ml, 3);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(data);
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Codes"]]);
        Assert.IsTrue(cursor.IsColumnActive(view.Schema["Codes"]));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Decoded"]));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Label"]));
        Assert.Contains("'Decoded'",
            Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Decoded"])).Message);
        Assert.Contains("Codes",
            Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Codes"])).Message);
        ValueGetter<VBuffer<uint>> getter = cursor.GetGetter<VBuffer<uint>>(view.Schema["Codes"]);
        VBuffer<uint> codes = default;
        Assert.ThrowsExactly<InvalidOperationException>(() => getter(ref codes));
    }

    [TestMethod]
    public void Good_rows_before_a_bad_one_are_served()
    {
        Tiny.Row[] rows = Tiny.Rows(20);
        rows[11].Pixels[5] = float.NaN;
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(_ml.Data.LoadFromEnumerable(rows));
        using (DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Codes"]]))
        {
            for (int row = 0; row < 11; row++)
                Assert.IsTrue(cursor.MoveNext());
        }
        InvalidOperationException exception = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Codes"));
        Assert.Contains("Row 11 of column 'Pixels' has NaN in slot 5", exception.Message);
        Assert.HasCount(20, Values.Read(view, "Label"));
    }

    [TestMethod]
    public void A_source_whose_order_changes_is_found_out()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView view = transformer.Transform(Restless(40));
        InvalidOperationException exception = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Codes", "Number"));
        Assert.Contains("disagree at row", exception.Message);
    }

    static OrderedView Restless(int count)
    {
        int seed = 0;
        return new OrderedView(Tiny.Rows(count), _ =>
        {
            int[] order = [.. Enumerable.Range(0, count)];
            new Random(seed++).Shuffle(order);
            return order;
        });
    }
}

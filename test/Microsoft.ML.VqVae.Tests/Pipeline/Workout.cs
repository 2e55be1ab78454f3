using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>What must hold for every component, whatever it does: promised schemas are real ones, all ways to a row give the same row, and
/// a model file gives back what was saved.</summary>
internal static class Workout
{
    /// <summary>Fits, checks, and gives what the transformer makes of the data.</summary>
    public static IDataView Run(MLContext ml, IEstimator<ITransformer> estimator, IDataView data)
    {
        SchemaShape promised = estimator.GetOutputSchema(Tiny.Shape(data.Schema));
        ITransformer transformer = estimator.Fit(data);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(Describe(promised), Describe(Tiny.Shape(schema)));
        IDataView view = transformer.Transform(data);
        Same(schema, view.Schema);
        List<object[]> values = Values.Read(view);
        SameByOneColumn(view, values);
        SameInSets(view, values);
        SameByMapper(transformer, data, schema, values);
        SameWhenLoaded(ml, transformer, data, schema, values);
        return view;
    }

    static void SameByOneColumn(IDataView view, List<object[]> values)
    {
        string[] names = [.. view.Schema.Where(column => !column.IsHidden).Select(column => column.Name)];
        for (int i = 0; i < names.Length; i++)
            Values.AreEqual([.. values.Select(row => new[] { row[i] })], Values.Read(view, names[i]));
        using DataViewRowCursor nothing = view.GetRowCursor([]);
        var ids = new HashSet<DataViewRowId>();
        ValueGetter<DataViewRowId> getId = nothing.GetIdGetter();
        DataViewRowId id = default;
        long rows = 0;
        for (; nothing.MoveNext(); rows++)
        {
            Assert.AreEqual(rows, nothing.Position);
            Assert.IsFalse(nothing.IsColumnActive(view.Schema[0]));
            getId(ref id);
            Assert.IsTrue(ids.Add(id), $"The identifier {id} of row {rows} occurs twice.");
        }
        Assert.AreEqual(values.Count, rows);
        if (view.GetRowCount() is long count)
            Assert.AreEqual(values.Count, count);
    }

    static void SameInSets(IDataView view, List<object[]> values)
    {
        DataViewSchema.Column[] columns = [.. view.Schema.Where(column => !column.IsHidden)];
        var rows = new List<object[]>();
        foreach (DataViewRowCursor cursor in view.GetRowCursorSet(columns, 2))
        {
            using (cursor)
                rows.AddRange(Values.Read(cursor, columns));
        }
        Assert.HasCount(values.Count, rows);
        if (view.GetRowCursorSet(columns, 1) is [DataViewRowCursor alone])
        {
            using (alone)
                Values.AreEqual(values, Values.Read(alone, columns));
        }
    }

    static void SameByMapper(ITransformer transformer, IDataView data, DataViewSchema schema, List<object[]> values)
    {
        if (!transformer.IsRowToRowMapper)
        {
            Assert.ThrowsExactly<InvalidOperationException>(() => transformer.GetRowToRowMapper(data.Schema));
            return;
        }
        Same(schema, transformer.GetRowToRowMapper(data.Schema).OutputSchema);
        Values.AreEqual(values, Values.ReadByMapper(transformer, data));
    }

    static void SameWhenLoaded(MLContext ml, ITransformer transformer, IDataView data, DataViewSchema schema, List<object[]> values)
    {
        using var folder = new TemporaryFolder();
        ml.Model.Save(transformer, data.Schema, folder.File("model.zip"));
        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out _);
        IDataView view = loaded.Transform(data);
        Same(schema, view.Schema);
        Values.AreEqual(values, Values.Read(view));
    }

    static void Same(DataViewSchema expected, DataViewSchema actual)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.AreEqual(expected[i].Name, actual[i].Name);
            Assert.AreEqual(expected[i].Type, actual[i].Type);
            CollectionAssert.AreEqual(
                expected[i].Annotations.Schema.Select(annotation => $"{annotation}").ToArray(),
                actual[i].Annotations.Schema.Select(annotation => $"{annotation}").ToArray());
        }
    }

    static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(column => $"{column.Name}: {column.Kind} {column.ItemType} key {column.IsKey} "
            + $"[{string.Join("; ", Describe(column.Annotations))}]").Order()];
}

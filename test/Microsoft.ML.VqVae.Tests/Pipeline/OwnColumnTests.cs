using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>One declaration is all that an output column needs: schema shape, type, storage, cursor, row mapper and laziness follow from
/// it.</summary>
[TestClass]
public sealed class OwnColumnTests
{
    readonly MLContext _ml = new(seed: 1);

    // The only lines about the new column.
    static readonly ModelColumn<ImageModel, ImagePass> Mean =
        ModelColumn<ImageModel, ImagePass>.Number("Mean", pass => pass.Reconstruction.mean([1, 2, 3]));

    static readonly EncoderColumns Columns = new("Pixels", "Codes", "Decoded", false, null, null);

    static BatchMapping<ImageModel, ImagePass> Mapping(ImageModel model) => new(
        model, model.Description.PredictionBatchSize, new PixelInput(Columns.Input, model.Description.Pixels),
        [.. Columns.ToOutputs(), Mean],
        inputs => new ImagePass(model.Network, inputs[0].to(model.Device), model.Description.Pixels.ImagesOfRow));

    static ImageModel Model(ImageVqVaeTransformer transformer) => new(
        new ImageModelDescription(Tiny.Codec(), Tiny.Quantizer(), new ImageFormat(Tiny.Side, Tiny.Side, 1, false, false), 7),
        transformer.Network, CPU);

    [TestMethod]
    public void Its_schema_shape_and_its_type_agree()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView data = Tiny.Data(_ml);
        SchemaShape.Column shape = Mean.Shape(Tiny.Shape(data.Schema));
        Assert.AreEqual(("Mean", SchemaShape.Column.VectorKind.Scalar, (DataViewType)NumberDataViewType.Single, false),
            (shape.Name, shape.Kind, shape.ItemType, shape.IsKey));
        DataViewSchema schema = new BatchedView(data, transformer, Mapping(Model(transformer))).Schema;
        CollectionAssert.AreEqual(
            (string[])["Pixels", "Label", "Number", "Codes", "Decoded", "Mean"], schema.Select(column => column.Name).ToArray());
        Assert.AreEqual(NumberDataViewType.Single, schema["Mean"].Type);
    }

    [TestMethod]
    public void Its_values_are_those_of_the_images_by_cursor_and_by_row_mapper()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView data = Tiny.Data(_ml, 20);
        BatchMapping<ImageModel, ImagePass> mapping = Mapping(Model(transformer));
        List<object[]> rows = Values.Read(new BatchedView(data, transformer, mapping), "Mean", "Decoded", "Codes");
        Assert.HasCount(20, rows);
        foreach (object[] row in rows)
            Assert.AreEqual(((float[])row[1]).Average(), (float)row[0], 1e-3);
        Assert.IsGreaterThan(3, rows.Select(row => (float)row[0]).Distinct().Count());
        Values.AreEqual(Values.Read(transformer.Transform(data), "Decoded", "Codes"), [.. rows.Select(row => row[1..])]);

        using DataViewRowCursor cursor = data.GetRowCursor(data.Schema);
        RowMapper mapper = RowMapper.Create(data.Schema, mapping);
        DataViewSchema.Column column = mapper.OutputSchema["Mean"];
        CollectionAssert.AreEqual((string[])["Pixels"], mapper.GetDependencies([column]).Select(needed => needed.Name).ToArray());
        using DataViewRow mapped = ((IRowToRowMapper)mapper).GetRow(cursor, [column]);
        ValueGetter<float> getter = mapped.GetGetter<float>(column);
        for (int row = 0; cursor.MoveNext(); row++)
        {
            float value = 0;
            getter(ref value);
            Assert.AreEqual((float)rows[row][0], value, 1e-3);
        }
    }

    [TestMethod]
    public void The_network_runs_for_it_only_when_it_is_asked_for_and_once_with_others()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        var runs = new NetworkRuns(transformer.Network);
        var view = new BatchedView(Tiny.Data(_ml, 20), transformer, Mapping(Model(transformer)));
        Values.Read(view, "Label");
        Assert.AreEqual((0, 0), runs.Count);
        Values.Read(view, "Codes");
        Assert.AreEqual((3, 0), runs.Count);
        Values.Read(view, "Mean");
        Assert.AreEqual((6, 3), runs.Count);
        Values.Read(view, "Mean", "Decoded", "Codes");
        Assert.AreEqual((9, 6), runs.Count);
    }
}

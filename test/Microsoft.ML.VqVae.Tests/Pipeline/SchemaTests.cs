using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>What the columns are, and that every schema that is promised is the one that comes.</summary>
[TestClass]
public class SchemaTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_estimators_promise_is_what_the_transformer_makes(bool asImage)
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.ReconstructionErrorColumnName) =
            ("Decoded", "Embeddings", "Error");
        options.ReconstructionAsImage = asImage;
        (options.Codec.Height, options.Codec.Width) = (Tiny.Side, Tiny.Side);
        IDataView data = Tiny.Data(_ml);
        SchemaShape promised = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).GetOutputSchema(Tiny.Shape(data.Schema));
        using ImageVqVaeTransformer transformer =
            Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", "Decoded", asImage, "Embeddings", "Error"));
        SameShape(promised, Tiny.Shape(transformer.GetOutputSchema(data.Schema)));
    }

    [TestMethod]
    public void Every_way_to_the_schema_gives_the_same_one()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        Same(schema, transformer.Transform(data).Schema);
        Same(schema, ((ITransformer)transformer).GetRowToRowMapper(data.Schema).OutputSchema);
        IDataView view = transformer.Transform(data);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        Same(schema, cursor.Schema);
    }

    [TestMethod]
    public void Columns_keep_their_place_and_the_new_ones_follow()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(
            new[] { "Pixels", "Label", "Number", "Codes", "Decoded", "Embeddings", "Error" },
            schema.Select(column => column.Name).ToArray());
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), Tiny.Codes), 4, 4, 1), schema["Codes"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 1, 8, 8), schema["Decoded"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 4, 4, Tiny.Dimensions), schema["Embeddings"].Type);
        Assert.AreEqual(NumberDataViewType.Single, schema["Error"].Type);
    }

    [TestMethod]
    public void An_output_column_may_take_the_name_of_the_input()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageVqVaeTransformer transformer = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Pixels", null, false, null, null));
        IDataView view = transformer.Transform(data);
        Assert.IsInstanceOfType<KeyDataViewType>(((VectorDataViewType)view.Schema["Pixels"].Type).ItemType);
        Assert.HasCount(16, (uint[])Values.Read(view, "Pixels")[0][0]);
    }

    [TestMethod]
    public void Key_values_are_the_codes_and_slot_names_the_positions()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained(codesPerPosition: 2);
        DataViewSchema schema = transformer.GetOutputSchema(Tiny.Data(_ml).Schema);
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3", "4", "5" }, Texts(schema["Codes"], "KeyValues"));
        string[] slots = Texts(schema["Codes"], "SlotNames");
        Assert.HasCount(4 * 4 * 2, slots);
        CollectionAssert.AreEqual(new[] { "0,0,0", "0,0,1", "0,1,0", "0,1,1" }, slots[..4]);
        Assert.AreEqual("3,3,1", slots[^1]);
    }

    [TestMethod]
    public void Indicators_of_codes_are_named_by_position_and_code()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView codes = transformer.Transform(data);
        IDataView indicators = _ml.Transforms.Conversion.MapKeyToVector("Features", "Codes").Fit(codes).Transform(codes);
        string[] names = Texts(indicators.Schema["Features"], "SlotNames");
        Assert.HasCount(16 * Tiny.Codes, names);
        Assert.AreEqual("0,0.0", names[0]);
        Assert.AreEqual("3,3.5", names[^1]);
    }

    [TestMethod]
    public void The_value_of_a_key_is_its_code()
    {
        IDataView data = Tiny.Data(_ml, 5);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        IDataView codes = transformer.Transform(data);
        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Names", "Codes").Fit(codes).Transform(codes);
        foreach (object[] row in Values.Read(named, "Codes", "Names"))
            CollectionAssert.AreEqual(((uint[])row[0]).Select(key => $"{key - 1}").ToArray(), (string[])row[1]);
    }

    [TestMethod]
    public void Images_of_a_column_of_pictures_are_described_with_their_size()
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.ReconstructionAsImage) = ("Decoded", true);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Image", new ImageDataViewType(Tiny.Side, Tiny.Side));
        SchemaShape shape = _ml.Transforms.VqVae.EncodeImages("Codes", "Image", options).GetOutputSchema(Tiny.Shape(builder.ToSchema()));
        Assert.AreEqual(new ImageDataViewType(Tiny.Side, Tiny.Side), shape.Single(column => column.Name == "Decoded").ItemType);
    }

    static string[] Texts(DataViewSchema.Column column, string annotation)
    {
        VBuffer<ReadOnlyMemory<char>> texts = default;
        column.Annotations.GetValue(annotation, ref texts);
        return [.. texts.DenseValues().Select(text => text.ToString())];
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

    static void SameShape(SchemaShape expected, SchemaShape actual) => CollectionAssert.AreEqual(Describe(expected), Describe(actual));

    static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(column => $"{column.Name}: {column.Kind} {column.ItemType} key {column.IsKey} "
            + $"[{string.Join("; ", Describe(column.Annotations))}]").Order()];
}

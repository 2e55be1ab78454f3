using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>Finds the columns of an utterance's codes and labels, and says what is wrong with one that will not do.</summary>
internal static class FrameInput
{
    const string Codes = "a vector of UInt32 keys", Labels = "a vector of Text or of UInt32 keys", Times = "a vector of Single";

    public static FrameSchema Bind(FrameColumns names, DataViewSchema schema)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(schema, names.Codes, "codes");
        if (!IsVector(codes, IsKey))
            throw SchemaColumns.Mismatch(codes.Name, Codes, codes.Type.ToString()!, "codes");
        if (names.Label is null)
            return new FrameSchema(names, codes, null, schema);
        DataViewSchema.Column labels = SchemaColumns.Find(schema, names.Labels, "labels");
        if (!IsVector(labels, type => type is TextDataViewType || IsKey(type)))
            throw SchemaColumns.Mismatch(labels.Name, Labels, labels.Type.ToString()!, "labels");
        return new FrameSchema(names, codes, (labels, Time(names.LabelStarts), Time(names.LabelEnds)), schema);

        DataViewSchema.Column Time(string name)
        {
            DataViewSchema.Column column = SchemaColumns.Find(schema, name, "label times");
            return IsVector(column, type => type == NumberDataViewType.Single)
                ? column
                : throw SchemaColumns.Mismatch(name, Times, column.Type.ToString()!, "label times");
        }
    }

    /// <summary>The columns that are added, in the shape of a schema.</summary>
    public static List<SchemaShape.Column> Bind(FrameColumns names, SchemaShape schema)
    {
        SchemaShape.Column codes = SchemaColumns.Find(schema, names.Codes, "codes");
        Require(codes, codes.IsKey && codes.ItemType == NumberDataViewType.UInt32, Codes, "codes");
        SchemaShape.Column[] keyValues = [.. KeyValues(codes)];
        List<SchemaShape.Column> added = [MLNetInternals.ShapeColumn(
            names.Code, SchemaShape.Column.VectorKind.Scalar, codes.ItemType, isKey: true, new SchemaShape(keyValues))];
        if (names.Window is string window)
        {
            SchemaShape.Column slotNames = MLNetInternals.ShapeColumn(
                "SlotNames", SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance);
            added.Add(MLNetInternals.ShapeColumn(
                window, SchemaShape.Column.VectorKind.Vector, codes.ItemType, isKey: true, new SchemaShape([.. keyValues, slotNames])));
        }
        if (names.Label is string label)
        {
            SchemaShape.Column labels = SchemaColumns.Find(schema, names.Labels, "labels");
            bool isText = labels.ItemType is TextDataViewType, isKey = labels.IsKey && labels.ItemType == NumberDataViewType.UInt32;
            Require(labels, isText || isKey, Labels, "labels");
            foreach (string name in (string[])[names.LabelStarts, names.LabelEnds])
            {
                SchemaShape.Column times = SchemaColumns.Find(schema, name, "label times");
                Require(times, times.ItemType == NumberDataViewType.Single && !times.IsKey, Times, "label times");
            }
            added.Add(MLNetInternals.ShapeColumn(label, SchemaShape.Column.VectorKind.Scalar, labels.ItemType, labels.IsKey,
                new SchemaShape(KeyValues(labels))));
        }
        if (names.Time is string time)
            added.Add(ColumnTypes.NumberShape(time));
        return added;
    }

    static void Require(SchemaShape.Column column, bool hasItems, string expected, string role)
    {
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar || !hasItems)
            throw SchemaColumns.Mismatch(column.Name, expected, MLNetInternals.TypeText(column), role);
    }

    static IEnumerable<SchemaShape.Column> KeyValues(SchemaShape.Column column) =>
        column.Annotations.Where(annotation => annotation.Name == "KeyValues");

    static bool IsVector(DataViewSchema.Column column, Func<DataViewType, bool> ofItems) =>
        column.Type is VectorDataViewType vector && ofItems(vector.ItemType);

    static bool IsKey(DataViewType type) => type is KeyDataViewType key && key.RawType == typeof(uint);
}

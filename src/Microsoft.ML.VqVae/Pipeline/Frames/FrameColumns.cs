using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of ExpandFrames: the names of input and added columns, null for columns that are not requested, and the time of a
/// code. In model files of older versions, which have no codes per position, it is 1.</summary>
internal sealed record FrameColumns(
    string Codes, string Code, string? Window, int Context, string? Time, string? Label, string Labels, string LabelStarts,
    string LabelEnds, int SamplesPerCode, int SampleRate, int CodesPerPosition = 1)
{
    /// <summary>Seconds from the start of the utterance to the center of a code. Single, like the times of labels, so that equal times
    /// compare as equal.</summary>
    public float Center(int code) => (float)((code / CodesPerPosition + 0.5) * SamplesPerCode / SampleRate);

    /// <summary>Number of codes in a window: those of the positions around a code, and of its own.</summary>
    [JsonIgnore]
    public int WindowLength => (2 * Context + 1) * CodesPerPosition;

    /// <summary>The duration of a number of codes in seconds.</summary>
    public double Duration(int codes) => (double)codes / CodesPerPosition * SamplesPerCode / SampleRate;

    /// <summary>The added columns in this order; null for columns that are not requested.</summary>
    [JsonIgnore]
    public string?[] Added => [Code, Window, Label, Time];
}

/// <summary>The input columns, with a row per utterance, and the added columns, with a row per code.</summary>
internal sealed class FrameSchema
{
    const string SlotNames = ColumnTypes.SlotNames;

    public FrameSchema(FrameColumns names, DataViewSchema.Column codes, (DataViewSchema.Column Labels, DataViewSchema.Column Starts,
        DataViewSchema.Column Ends)? labels, DataViewSchema inputSchema)
    {
        (Codes, Labels) = (codes, labels);
        KeyDataViewType key = FrameKeys.TypeOf(names, codes);
        List<DataViewSchema.DetachedColumn> added = [new(names.Code, key, FrameKeys.ValuesOf(names, codes).ToAnnotations())];
        if (names.Window is string window)
            added.Add(Window(window, names, key, codes));
        if (names.Label is string label && labels is var (column, _, _))
            added.Add(new(label, ((VectorDataViewType)column.Type).ItemType, FrameKeys.CopyValues(column).ToAnnotations()));
        if (names.Time is string time)
            added.Add(new(time, NumberDataViewType.Single));
        DataViewSchema.Column[] read = labels is var (texts, starts, ends) ? [codes, texts, starts, ends] : [codes];
        Columns = new AddedColumns(inputSchema, read, added);
    }

    public AddedColumns Columns { get; }

    public DataViewSchema.Column Codes { get; }

    /// <summary>Null if no labels are requested.</summary>
    public (DataViewSchema.Column Labels, DataViewSchema.Column Starts, DataViewSchema.Column Ends)? Labels { get; }

    static DataViewSchema.DetachedColumn Window(string name, FrameColumns names, KeyDataViewType key, DataViewSchema.Column codes)
    {
        (int slots, int perPosition) = (names.WindowLength, names.CodesPerPosition);
        DataViewSchema.Annotations.Builder annotations = FrameKeys.ValuesOf(names, codes);
        annotations.Add<VBuffer<ReadOnlyMemory<char>>>(SlotNames, new VectorDataViewType(TextDataViewType.Instance, slots),
            (ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, slots);
                for (int i = 0; i < slots; i++)
                {
                    string position = (i / perPosition - names.Context).ToString("+0;-0;0", CultureInfo.InvariantCulture);
                    editor.Values[i] = FrameKeys.Qualified(names, position, i % perPosition).AsMemory();
                }
                value = editor.Commit();
            });
        return new(name, new VectorDataViewType(key, slots), annotations.ToAnnotations());
    }
}

/// <summary>Finds and checks the columns of codes and labels of utterances.</summary>
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

        DataViewSchema.Column Time(string name) => SchemaColumns.FindNumbers(schema, name, Times, "label times");
    }

    /// <summary>The shapes of the added columns.</summary>
    public static List<SchemaShape.Column> Bind(FrameColumns names, SchemaShape schema)
    {
        SchemaShape.Column codes = SchemaColumns.Find(schema, names.Codes, "codes");
        Require(codes, codes.IsKey && codes.ItemType == NumberDataViewType.UInt32, Codes, "codes");
        SchemaShape.Column[] keyValues = [.. FrameKeys.ShapesOf(names, codes)];
        List<SchemaShape.Column> added = [MLNetInternals.ShapeColumn(
            names.Code, SchemaShape.Column.VectorKind.Scalar, codes.ItemType, isKey: true, new SchemaShape(keyValues))];
        if (names.Window is string window)
        {
            SchemaShape.Column slotNames = MLNetInternals.ShapeColumn(
                ColumnTypes.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance);
            added.Add(MLNetInternals.ShapeColumn(
                window, SchemaShape.Column.VectorKind.Vector, codes.ItemType, isKey: true, new SchemaShape([.. keyValues, slotNames])));
        }
        if (names.Label is string label)
        {
            SchemaShape.Column labels = SchemaColumns.Find(schema, names.Labels, "labels");
            bool isText = labels.ItemType is TextDataViewType, isKey = labels.IsKey && labels.ItemType == NumberDataViewType.UInt32;
            Require(labels, isText || isKey, Labels, "labels");
            foreach (string name in (string[])[names.LabelStarts, names.LabelEnds])
                SchemaColumns.CheckNumbers(schema, name, Times, "label times");
            added.Add(MLNetInternals.ShapeColumn(label, SchemaShape.Column.VectorKind.Scalar, labels.ItemType, labels.IsKey,
                new SchemaShape(FrameKeys.ShapesOf(labels))));
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

    static bool IsVector(DataViewSchema.Column column, Func<DataViewType, bool> ofItems) =>
        column.Type is VectorDataViewType vector && ofItems(vector.ItemType);

    static bool IsKey(DataViewType type) => type is KeyDataViewType key && key.RawType == typeof(uint);
}

using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The columns of utterances that are read, and those of codes that are made of them.</summary>
internal sealed class FrameSchema
{
    const string KeyValues = "KeyValues", SlotNames = "SlotNames";

    public FrameSchema(FrameColumns names, DataViewSchema.Column codes, (DataViewSchema.Column Labels, DataViewSchema.Column Starts,
        DataViewSchema.Column Ends)? labels, DataViewSchema inputSchema)
    {
        (Codes, Labels) = (codes, labels);
        var key = (KeyDataViewType)((VectorDataViewType)codes.Type).ItemType;
        List<DataViewSchema.DetachedColumn> added = [new(names.Code, key, CopyKeyValues(codes).ToAnnotations())];
        if (names.Window is string window)
            added.Add(Window(window, names.Context, key, codes));
        if (names.Label is string label && labels is var (column, _, _))
            added.Add(new(label, ((VectorDataViewType)column.Type).ItemType, CopyKeyValues(column).ToAnnotations()));
        if (names.Time is string time)
            added.Add(new(time, NumberDataViewType.Single));
        DataViewSchema.Column[] read = labels is var (texts, starts, ends) ? [codes, texts, starts, ends] : [codes];
        Columns = new AddedColumns(inputSchema, read, added);
    }

    public AddedColumns Columns { get; }

    public DataViewSchema.Column Codes { get; }

    /// <summary>Null where no labels are wanted.</summary>
    public (DataViewSchema.Column Labels, DataViewSchema.Column Starts, DataViewSchema.Column Ends)? Labels { get; }

    static DataViewSchema.Annotations.Builder CopyKeyValues(DataViewSchema.Column column)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(column.Annotations, kind => kind == KeyValues);
        return annotations;
    }

    static DataViewSchema.DetachedColumn Window(string name, int context, KeyDataViewType key, DataViewSchema.Column codes)
    {
        int slots = 2 * context + 1;
        DataViewSchema.Annotations.Builder annotations = CopyKeyValues(codes);
        annotations.Add<VBuffer<ReadOnlyMemory<char>>>(SlotNames, new VectorDataViewType(TextDataViewType.Instance, slots),
            (ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, slots);
                for (int i = 0; i < slots; i++)
                    editor.Values[i] = (i - context).ToString("+0;-0;0", CultureInfo.InvariantCulture).AsMemory();
                value = editor.Commit();
            });
        return new(name, new VectorDataViewType(key, slots), annotations.ToAnnotations());
    }
}

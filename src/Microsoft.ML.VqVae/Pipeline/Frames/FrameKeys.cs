using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The keys of codes in rows. With one code per position they are those of the codes. With G of them, key 1 of one place says something
/// else than key 1 of the next, as each place stands for channels of its own: the key k of place g, from 0, becomes g·K + k, and its value is
/// "g,value".</summary>
internal static class FrameKeys
{
    const string KeyValues = ColumnTypes.KeyValues;

    /// <summary>The type of the keys: of G·K keys.</summary>
    public static KeyDataViewType TypeOf(FrameColumns names, DataViewSchema.Column codes)
    {
        var type = (VectorDataViewType)codes.Type;
        var key = (KeyDataViewType)type.ItemType;
        if (names.CodesPerPosition == 1)
            return key;
        if (type.IsKnownSize && type.Size % names.CodesPerPosition != 0)
        {
            throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
                $"a multiple of {names.CodesPerPosition} codes ({nameof(ExpandFramesOptions.CodesPerPosition)})"), type.ToString(), "codes");
        }
        UInt128 keys = (UInt128)key.Count * (uint)names.CodesPerPosition;
        return keys <= uint.MaxValue ? new KeyDataViewType(typeof(uint), (ulong)keys)
            : throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
                $"at most {uint.MaxValue / names.CodesPerPosition} keys, as each of {names.CodesPerPosition} places of a position "
                + $"({nameof(ExpandFramesOptions.CodesPerPosition)}) has its own"), key.ToString(), "codes");
    }

    /// <summary>The key of a code for its place in the row of an utterance; 0, a missing one, stays what it is.</summary>
    public static uint Of(FrameColumns names, uint key, int slot, ulong keys) =>
        key == 0 ? 0 : key + (uint)((ulong)(slot % names.CodesPerPosition) * keys);

    /// <summary>The key values of codes in rows, if the codes have values; with several codes per position as text, if they can be read.</summary>
    public static DataViewSchema.Annotations.Builder ValuesOf(FrameColumns names, DataViewSchema.Column codes)
    {
        if (names.CodesPerPosition == 1)
            return CopyValues(codes);
        var annotations = new DataViewSchema.Annotations.Builder();
        var type = codes.Annotations.Schema.GetColumnOrNull(KeyValues)?.Type as VectorDataViewType;
        if (type is null || !KeyNames.CanRead(type.ItemType))
            return annotations;
        int count = checked(type.Size * names.CodesPerPosition);
        annotations.Add<VBuffer<ReadOnlyMemory<char>>>(KeyValues, new VectorDataViewType(TextDataViewType.Instance, count),
            (ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                string[] ofPlace = KeyNames.Of(codes)!.Values;
                VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, count);
                for (int i = 0; i < count; i++)
                {
                    string place = (i / ofPlace.Length).ToString(CultureInfo.InvariantCulture);
                    editor.Values[i] = $"{place},{ofPlace[i % ofPlace.Length]}".AsMemory();
                }
                value = editor.Commit();
            });
        return annotations;
    }

    /// <summary>The key values of a column as they are.</summary>
    public static DataViewSchema.Annotations.Builder CopyValues(DataViewSchema.Column column)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(column.Annotations, kind => kind == KeyValues);
        return annotations;
    }

    /// <summary>The shapes of the key values of codes in rows.</summary>
    public static IEnumerable<SchemaShape.Column> ShapesOf(FrameColumns names, SchemaShape.Column codes)
    {
        IEnumerable<SchemaShape.Column> values = ShapesOf(codes);
        return names.CodesPerPosition == 1 ? values : values.Where(column => KeyNames.CanRead(column.ItemType))
            .Select(_ => MLNetInternals.ShapeColumn(KeyValues, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance));
    }

    /// <summary>The shapes of the key values of a column as they are.</summary>
    public static IEnumerable<SchemaShape.Column> ShapesOf(SchemaShape.Column column) =>
        column.Annotations.Where(annotation => annotation.Name == KeyValues);

    /// <summary>The name of a slot for the place of its code, where there are several.</summary>
    public static string Qualified(FrameColumns names, string position, int place) => names.CodesPerPosition == 1 ? position
        : string.Create(CultureInfo.InvariantCulture, $"{position},{place}");
}

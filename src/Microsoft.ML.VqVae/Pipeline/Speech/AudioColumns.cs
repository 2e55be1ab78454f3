using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The types and annotations of the columns of unknown length that an audio model makes.</summary>
internal static class AudioColumns
{
    const string KeyValues = "KeyValues";

    /// <summary>Codes as keys; the value of a key is its code, counted from 0, as text.</summary>
    public static DataViewSchema.DetachedColumn Codes(string name, int codes)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(KeyValues, new VectorDataViewType(TextDataViewType.Instance, codes),
            (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, codes);
            for (int code = 0; code < codes; code++)
                editor.Values[code] = code.ToString(CultureInfo.InvariantCulture).AsMemory();
            value = editor.Commit();
        });
        return new(name, new VectorDataViewType(new KeyDataViewType(typeof(uint), codes)), annotations.ToAnnotations());
    }

    public static DataViewSchema.DetachedColumn Numbers(string name) => new(name, new VectorDataViewType(NumberDataViewType.Single));

    public static SchemaShape.Column CodesShape(string name) => MLNetInternals.ShapeColumn(
        name, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.UInt32, isKey: true,
        new SchemaShape([MLNetInternals.ShapeColumn(KeyValues, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance)]));

    public static SchemaShape.Column NumbersShape(string name) =>
        MLNetInternals.ShapeColumn(name, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.Single);
}

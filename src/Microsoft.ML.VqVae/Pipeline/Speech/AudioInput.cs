using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>Finds the columns of waveforms and speakers, and says what is wrong with one that will not do.</summary>
internal static class AudioInput
{
    const string ExpectedWaveform = "a vector of Single, of any length, as LoadAudio gives";

    public static DataViewSchema.Column Waveform(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name);
        return column.Type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single
            ? column
            : throw SchemaColumns.Mismatch(name, ExpectedWaveform, column.Type.ToString()!);
    }

    /// <summary>The check that can be made before there are data.</summary>
    public static void CheckWaveform(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name);
        bool isVector = column.Kind is SchemaShape.Column.VectorKind.Vector or SchemaShape.Column.VectorKind.VariableVector;
        if (!isVector || column.ItemType != NumberDataViewType.Single || column.IsKey)
            throw SchemaColumns.Mismatch(name, ExpectedWaveform, MLNetInternals.TypeText(column));
    }

    public static DataViewSchema.Column Codes(DataViewSchema schema, string name, int codes)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, "codes");
        bool fits = column.Type is VectorDataViewType { ItemType: KeyDataViewType key } && key.RawType == typeof(uint)
            && key.Count == (ulong)codes;
        return fits ? column : throw SchemaColumns.Mismatch(
            name, new VectorDataViewType(new KeyDataViewType(typeof(uint), codes)).ToString()!, column.Type.ToString()!, "codes");
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae;

/// <summary>Finds the three columns that are evaluated, and says what is wrong with one that cannot be.</summary>
internal sealed class EvaluatedColumns
{
    public EvaluatedColumns(DataViewSchema schema, string codes, string input, string reconstruction)
    {
        Codes = Find(schema, "codes", codes);
        Input = Find(schema, "input", input);
        Reconstruction = Find(schema, "reconstruction", reconstruction);
        CodesType = Codes.Type is VectorDataViewType { IsKnownSize: true, ItemType: KeyDataViewType key } type
            && key.RawType == typeof(uint)
            ? type
            : throw WrongType("codes", Codes, "a vector of known size of Key<UInt32, K>, as VqVae.EncodeImages makes");
        CheckValues("input", Input);
        CheckValues("reconstruction", Reconstruction);
        bool sizesDiffer = Input.Type is VectorDataViewType inputVector && Reconstruction.Type is VectorDataViewType reconstructionVector
            && inputVector.Size != reconstructionVector.Size;
        if (sizesDiffer || Input.Type is ImageDataViewType != Reconstruction.Type is ImageDataViewType)
            throw WrongType("reconstruction", Reconstruction, $"the kind and size of the input column '{input}', {Input.Type}");
    }

    public DataViewSchema.Column Codes { get; }

    public DataViewSchema.Column Input { get; }

    public DataViewSchema.Column Reconstruction { get; }

    public VectorDataViewType CodesType { get; }

    static DataViewSchema.Column Find(DataViewSchema schema, string role, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, $"{role}ColumnName");
        string present = string.Join(", ", schema.Select(column => $"'{column.Name}'"));
        return schema.GetColumnOrNull(name) ?? throw new ArgumentException(
            $"The {role} column '{name}' is not in the data view, which has {present}. "
            + (role == "reconstruction" ? "Ask EncodeImages for a reconstruction column to have one." : "Name one of these."),
            $"{role}ColumnName");
    }

    static void CheckValues(string role, DataViewSchema.Column column)
    {
        bool isVector = column.Type is VectorDataViewType { IsKnownSize: true } vector && vector.ItemType == NumberDataViewType.Single;
        if (!isVector && column.Type is not ImageDataViewType)
            throw WrongType(role, column, "a vector of known size of Single, or an image");
    }

    static ArgumentException WrongType(string role, DataViewSchema.Column column, string expected) =>
        new($"The {role} column '{column.Name}' has the type {column.Type}; expected is {expected}.", $"{role}ColumnName");
}

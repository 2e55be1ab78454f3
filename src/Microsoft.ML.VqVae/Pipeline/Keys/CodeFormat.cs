using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>How the codes lie in a column that a prior is trained on.</summary>
/// <param name="Codes">K: how many codes there are to choose from.</param>
/// <param name="Dimensions">[h, w] or [h, w, G] for a grid, [N] for a line, nothing where rows may be of any length.</param>
/// <param name="Names">What the keys stand for, or null.</param>
/// <param name="SlotNames">What the slots are called, or null.</param>
internal sealed record CodeFormat(int Codes, int[] Dimensions, KeyNames? Names, string[]? SlotNames)
{
    const string Expected = "a vector of key type, as EncodeImages makes it";

    /// <summary>How many codes a row has; null where rows may be of any length.</summary>
    public int? Length => Dimensions.Length == 0 ? null : Dimensions.Aggregate((product, size) => product * size);

    /// <summary>A line of codes, named by their numbers from 0, with numbered slots.</summary>
    public static CodeFormat Line(int length, int codes) => new(codes, [length], KeyNames.Numbered(codes),
        [.. Enumerable.Range(0, length).Select(slot => slot.ToString(CultureInfo.InvariantCulture))]);

    /// <summary>The requirements for a row.</summary>
    public CodeRequirements ToRequirements(bool missingAllowed = false) => new(Codes, Length, missingAllowed);

    // A method, since a property would be written into the model file.
    public VectorDataViewType ToColumnType()
    {
        var key = new KeyDataViewType(typeof(uint), Codes);
        return Dimensions.Length == 0 ? new VectorDataViewType(key) : new VectorDataViewType(key, Dimensions);
    }

    /// <summary>The check that can be made before there are data: the kind of column.</summary>
    public static SchemaShape.Column Check(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, "codes");
        return column.Kind != SchemaShape.Column.VectorKind.Scalar && column.IsKey && column.ItemType == NumberDataViewType.UInt32
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), "codes");
    }

    /// <summary>Reads from the column's type what there is to learn.</summary>
    public static CodeFormat Of(DataViewSchema.Column column)
    {
        if (KeyOf(column.Type) is not KeyDataViewType key || column.Type is not VectorDataViewType type)
            throw SchemaColumns.Mismatch(column.Name, Expected, column.Type.ToString()!, "codes");
        if (key.Count is < 2 or > int.MaxValue)
        {
            throw SchemaColumns.Mismatch(column.Name, string.Create(CultureInfo.InvariantCulture, $"from 2 to {int.MaxValue} codes"),
                type.ToString(), "codes");
        }
        return new CodeFormat((int)key.Count, type.IsKnownSize ? [.. type.Dimensions] : [], KeyNames.Of(column), KeyNames.SlotNamesOf(column));
    }

    /// <summary>Finds a column and checks that it holds codes of the codebook and of the grid or length that the model was trained on. A
    /// vector without dimensions will do for a grid of as many codes.</summary>
    public DataViewSchema.Column Find(DataViewSchema schema, string name, string role = "codes")
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        bool fits = KeyOf(column.Type)?.Count == (ulong)Codes && column.Type is VectorDataViewType type
            && (Length is not int length || (type.Size == length && (type.Dimensions.Length == 1 || SameGrid(type))));
        return fits ? column : throw SchemaColumns.Mismatch(
            name, $"{ToColumnType()}, which the model was trained on", column.Type.ToString()!, role);
    }

    // One code a position may be written as [h, w] or as [h, w, 1].
    bool SameGrid(VectorDataViewType type) =>
        type.Dimensions.Where(size => size != 1).SequenceEqual(Dimensions.Where(size => size != 1));

    static KeyDataViewType? KeyOf(DataViewType type) =>
        type is VectorDataViewType { ItemType: KeyDataViewType key } && key.RawType == typeof(uint) ? key : null;
}

/// <summary>A column of codes as the input of a network: codes Int64 [rows, longest], 0 beyond the end of a row, and the number of codes of
/// each row, Int64 [rows].</summary>
/// <param name="name">The name of the column.</param>
/// <param name="format">The codes that the network was trained on.</param>
/// <param name="role">The role of the column, for messages.</param>
internal sealed class CodesInput(string name, CodeFormat format, string role = "codes") : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [format.Find(schema, name, role)];

    public override RowReader CreateReader(DataViewRow row, IReadOnlyList<DataViewSchema.Column> columns, int capacity) =>
        new CodeReader(format.ToRequirements(), row, columns[0], capacity);
}

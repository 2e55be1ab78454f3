using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The format of a column of codes: codebook size, dimensions and annotations.</summary>
/// <param name="Codes">K: number of codes to choose from.</param>
/// <param name="Dimensions">[h, w] or [h, w, G] for a grid, [N] for a line, empty if rows may be of any length.</param>
/// <param name="Names">The key values, or null.</param>
/// <param name="SlotNames">The slot names, or null.</param>
internal sealed record CodeFormat(int Codes, int[] Dimensions, KeyNames? Names, string[]? SlotNames)
{
    const string Expected = "a vector of keys of UInt32, as EncodeImages outputs it (ConvertType makes them of smaller keys)";

    // The codes of a row are an array, and some more that are computed from them.
    const int MaxLength = 1 << 24;

    /// <summary>Number of codes in a row; null if rows may be of any length.</summary>
    public int? Length => Dimensions.Length == 0 ? null : Dimensions.Aggregate((product, size) => product * size);

    /// <summary>Checks the format of a model file.</summary>
    /// <param name="problems">Takes the problems.</param>
    /// <param name="option">The name of the format.</param>
    /// <param name="grid">The codes that the network takes.</param>
    public void Describe(OptionProblems problems, string option, CodeGrid grid)
    {
        problems.Require(Codes >= 2 && Codes == grid.Codes, $"{option}.Codes", $"{grid.Codes}, as in the network", Codes);
        // Capped, so that no product overflows.
        long length = Dimensions.Aggregate(1L, (product, size) => size < 1 ? 0 : Math.Min(MaxLength + 1, product * size));
        problems.Require(length is >= 1 and <= MaxLength, $"{option}.Dimensions", $"sizes from 1 on, whose product is at most {MaxLength}",
            $"[{string.Join(", ", Dimensions)}]");
        if (problems.Any)
            return;
        bool fits = grid.IsSequence ? Dimensions.Length == 0
            : Dimensions.Length > 0 && (Int128)grid.Height * grid.Width * grid.CodesPerPosition == length;
        problems.Require(fits, $"{option}.Dimensions", grid.IsSequence ? "empty, as the network takes rows of any length"
            : $"those of {grid.Height}×{grid.Width}×{grid.CodesPerPosition} codes, as in the network",
            $"[{string.Join(", ", Dimensions)}]");
        Names?.Describe(problems, $"{option}.Names", Codes);
        if (SlotNames is not null)
            KeyNames.DescribeSlots(problems, $"{option}.SlotNames", SlotNames, Length ?? 0);
    }

    /// <summary>The format of a line of codes whose key values and slot names are numbers from 0.</summary>
    public static CodeFormat Line(int length, int codes) => new(codes, [length], KeyNames.Numbered(codes),
        [.. Enumerable.Range(0, length).Select(slot => slot.ToString(CultureInfo.InvariantCulture))]);

    /// <summary>Codes in rows of any length, named by their numbers from 0.</summary>
    public static CodeFormat Sequence(int codes) => new(codes, Dimensions: [], KeyNames.Numbered(codes), SlotNames: null);

    /// <summary>The requirements for a row of a column that <see cref="Find"/> accepts.</summary>
    public CodeRequirements ToRequirements(DataViewSchema.Column column, bool missingAllowed = false) =>
        new(column, Codes, Length, missingAllowed, CodeOfKey: MatchKeys(column, "codes"));

    /// <summary>The codes of a column that <see cref="Find"/> accepts in an ONNX graph, Int64.</summary>
    public OnnxValue ToOnnx(DataViewSchema.Column column, Func<DataViewSchema.Column, OnnxValue> valueOf)
    {
        OnnxValue codes = valueOf(column);
        return MatchKeys(column, "codes") is not int[] codeOfKey ? codes
            : codes.RowsOf(codes.Graph.Constant(Array.ConvertAll(codeOfKey, code => (long)code), codeOfKey.Length));
    }

    // A method, since a property would be written into the model file.
    public VectorDataViewType ToColumnType()
    {
        var key = new KeyDataViewType(typeof(uint), Codes);
        return Dimensions.Length == 0 ? new VectorDataViewType(key) : new VectorDataViewType(key, Dimensions);
    }

    /// <summary>Checks the kind of column, before there is data.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="name">The name of the column.</param>
    /// <param name="ofKnownSize">Whether all rows must have the same number of codes, as a grid has.</param>
    public static SchemaShape.Column Check(SchemaShape schema, string name, bool ofKnownSize = false)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, "codes");
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar || !column.IsKey || column.ItemType != NumberDataViewType.UInt32)
            throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), "codes");
        return !ofKnownSize || column.Kind == SchemaShape.Column.VectorKind.Vector ? column : throw SchemaColumns.Mismatch(name,
            "a vector of keys of known size, since all rows must have the same number of codes, in a grid", MLNetInternals.TypeText(column),
            "codes");
    }

    /// <summary>The format of a column to train on.</summary>
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

    /// <summary>The format of a column to go on training on: with the codes in the order of the training before, to which the weights belong,
    /// where the key values of the column have another.</summary>
    /// <param name="column">The column.</param>
    /// <param name="trained">The format of the codes of the training before; null for none.</param>
    public static CodeFormat Of(DataViewSchema.Column column, CodeFormat? trained)
    {
        CodeFormat format = Of(column);
        return trained?.MatchKeys(column, "codes") is null ? format : format with { Codes = trained.Codes, Names = trained.Names };
    }

    /// <summary>Finds a column and checks that it holds codes of the codebook and of the grid or length that the model was trained on. A
    /// vector without dimensions is accepted for a grid of the same number of codes. Key values other than those of the training are
    /// refused.</summary>
    public DataViewSchema.Column Find(DataViewSchema schema, string name, string role = "codes")
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        bool fits = KeyOf(column.Type) is KeyDataViewType key && column.Type is VectorDataViewType type
            && (MatchKeys(column, role) is not null || key.Count == (ulong)Codes)
            && (Length is not int length || (type.Size == length && (type.Dimensions.Length == 1 || SameGrid(type))));
        return fits ? column : throw SchemaColumns.Mismatch(
            name, $"{ToColumnType()}, which the model was trained on", column.Type.ToString()!, role);
    }

    /// <summary>The code of each key of a column, by the values of the keys: codes that were written as text and read again have other key
    /// numbers, and only those keys that occur. Null if key numbers count: the column has the key values of the training data, or one has
    /// none.</summary>
    public int[]? MatchKeys(DataViewSchema.Column column, string role)
    {
        if (Names is null || KeyNames.Of(column) is not KeyNames found || found.Values.AsSpan().SequenceEqual(Names.Values))
            return null;
        int[] codes = Names.PlacesOf(found);
        int other = Array.IndexOf(codes, -1);
        return other < 0 ? codes : throw SchemaColumns.Mismatch(column.Name, string.Create(CultureInfo.InvariantCulture,
            $"keys with the values of the {Names.Values.Length} codes that the model was trained on, '{Names.Values[0]}' to "
            + $"'{Names.Values[^1]}', or keys without values"), $"the key value '{found.Values[other]}'", role);
    }

    // One code per position is either [h, w] or [h, w, 1].
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

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new CodeReader(format.ToRequirements(Find(row.Schema)[0]), row, capacity);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [format.ToOnnx(Find(schema)[0], valueOf).Reshape(0, -1)];
}

/// <summary>A column of codes as the input of a network that reads position by position: codes Int64 [rows, longest, G], 0 beyond the end
/// of a row, and the number of positions of each row, Int64 [rows].</summary>
/// <param name="name">The name of the column.</param>
/// <param name="format">The codes that the network was trained on.</param>
/// <param name="perPosition">G: the number of codes at a position.</param>
/// <param name="valuesPerCode">Number of values that the network makes of a code.</param>
internal sealed class CodeSequenceInput(
    string name, CodeFormat format, int perPosition, int valuesPerCode = 1) : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [format.Find(schema, name)];

    public override RowReader CreateReader(DataViewRow row, int capacity) => new CodeReader(
        format.ToRequirements(Find(row.Schema)[0]) with { Length = null, EmptyAllowed = true, PerPosition = perPosition }, row, capacity,
        byPosition: true, valuesPerCode);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [format.ToOnnx(Find(schema)[0], valueOf).Reshape(0, -1, perPosition)];
}

/// <summary>The grid of a network over codes, from a column and the sizes in the options of the network.</summary>
internal static class CodeGrids
{
    /// <summary>The arrangement of the codes in a column: a grid for two or three dimensions, a line for others, a sequence if rows may
    /// be of any length.</summary>
    public static CodeGrid Of(CodeFormat format) => format.Dimensions switch
    {
        [] => CodeGrid.Sequence(format.Codes),
        [int height, int width] => new(height, width, 1, format.Codes),
        [int height, int width, int perPosition] => new(height, width, perPosition, format.Codes),
        _ => CodeGrid.Line(format.Length!.Value, format.Codes),
    };

    /// <summary>The grid of a PixelCNN. Sizes that the options leave open (0, and 1 code per position) are taken from the dimensions of the
    /// column; a vector without dimensions is a grid if the options give its height and width, and one of two is a line of positions with
    /// several codes each, as series have, if the options ask for a width of 1 and as many codes per position.</summary>
    /// <param name="format">The column.</param>
    /// <param name="asked">The options.</param>
    /// <param name="vectorAsLine">Whether a vector without dimensions is a line if the options give no height and width; if they do, its
    /// length determines the number of codes per position.</param>
    /// <returns>The grid; null if the column is not such a grid, or contradicts the options.</returns>
    public static CodeGrid? Resolve(CodeFormat format, PixelCnnOptions asked, bool vectorAsLine = false)
    {
        long positions = (long)asked.Height * asked.Width;
        CodeGrid? grid = format.Dimensions switch
        {
            [int height, int perPosition] when asked is { Width: 1, CodesPerPosition: > 1 } && asked.CodesPerPosition == perPosition =>
                new CodeGrid(height, 1, perPosition, format.Codes),
            [_, _] or [_, _, _] => Of(format),
            [int length] when positions > 0
                && (vectorAsLine ? length % positions == 0 : length == positions * asked.CodesPerPosition) =>
                new CodeGrid(asked.Height, asked.Width, (int)(length / positions), format.Codes),
            [_] when vectorAsLine => Of(format),
            _ => null,
        };
        return grid is not null && Fits(asked.Height, grid.Height) && Fits(asked.Width, grid.Width)
            && (asked.CodesPerPosition == 1 || asked.CodesPerPosition == grid.CodesPerPosition) ? grid : null;
    }

    static bool Fits(int asked, int found) => asked == 0 || asked == found;

    /// <summary>A number from the columns, checked against the options.</summary>
    /// <param name="codes">The column of codes, for the message.</param>
    /// <param name="option">The full name of the option.</param>
    /// <param name="asked">The value of the option; 0 to take it from the columns.</param>
    /// <param name="found">The number from the columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">The two differ.</exception>
    public static int Agreed(DataViewSchema.Column codes, string option, int asked, int found) => Fits(asked, found) ? found
        : throw new ArgumentOutOfRangeException(option, asked,
            $"The options ask for {option} = {asked}, but the columns (codes '{codes.Name}') give {found}. Leave it 0.");

    /// <summary>A size in the options for messages: "?" if it is 0.</summary>
    public static string Text(int size) => size == 0 ? "?" : size.ToString(CultureInfo.InvariantCulture);
}

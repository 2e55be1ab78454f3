using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>Finds the input columns of a component. Errors have the exception types and the wording of ML.NET's own components.</summary>
internal static class SchemaColumns
{
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role = "input") =>
        schema.GetColumnOrNull(name) ?? throw Missing(name, role, schema.Select(column => column.Name));

    /// <summary>Finds a column in a schema shape, before there is data.</summary>
    public static SchemaShape.Column Find(SchemaShape schema, string name, string role = "input")
    {
        foreach (SchemaShape.Column column in schema)
        {
            if (column.Name == name)
                return column;
        }
        throw Missing(name, role, schema.Select(column => column.Name));
    }

    /// <summary>Finds a column of vectors of Single.</summary>
    public static DataViewSchema.Column FindNumbers(DataViewSchema schema, string name, string expected, string role = "input")
    {
        DataViewSchema.Column column = Find(schema, name, role);
        return column.Type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single ? column
            : throw Mismatch(name, expected, column.Type.ToString()!, role);
    }

    /// <summary>Checks that a column is one of vectors of Single, before there is data.</summary>
    public static void CheckNumbers(SchemaShape schema, string name, string expected, string role = "input")
    {
        SchemaShape.Column column = Find(schema, name, role);
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar || column.ItemType != NumberDataViewType.Single || column.IsKey)
            throw Mismatch(name, expected, MLNetInternals.TypeText(column), role);
    }

    /// <summary>Whether a column is of vectors of known size.</summary>
    public static bool IsOfKnownSize(SchemaShape schema, string name) => Find(schema, name).Kind == SchemaShape.Column.VectorKind.Vector;

    /// <summary>A schema shape with added columns, which replace those with the same names.</summary>
    public static SchemaShape With(SchemaShape schema, IReadOnlyCollection<SchemaShape.Column> added) =>
        new(schema.Where(column => added.All(made => made.Name != column.Name)).Concat(added));

    public static ArgumentOutOfRangeException Mismatch(
        string column, string expected, string found, string role = "input", string parameter = "inputSchema") =>
        new(parameter, $"Schema mismatch for {role} column '{column}': expected {expected}, got {found}");

    /// <summary>Checks that output columns have different names.</summary>
    public static void RequireDistinct(IEnumerable<string> names, string parameter = "outputColumnName")
    {
        if (names.GroupBy(column => column).FirstOrDefault(group => group.Count() > 1)?.Key is string name)
        {
            throw new ArgumentException(
                $"The name '{name}' is given to more than one output column; use a different name for each.", parameter);
        }
    }

    /// <summary>Checks the names of columns in a model file.</summary>
    /// <param name="problems">Takes the problems.</param>
    /// <param name="inputs">The input columns; null for those that are not read.</param>
    /// <param name="outputs">The output columns; null for those that are not requested.</param>
    public static void Describe(OptionProblems problems, IReadOnlyList<string?> inputs, IReadOnlyList<string?> outputs)
    {
        problems.Require(!inputs.Concat(outputs).Contains(""), "Columns", "names that are not empty", "an empty name");
        string? twice = outputs.OfType<string>().GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;
        problems.Require(twice is null, "Columns", "a name of its own for each output column", $"'{twice}' twice");
    }

    static ArgumentOutOfRangeException Missing(
        string name, string role, IEnumerable<string> present, string parameter = "inputSchema") =>
        new(parameter, $"Could not find {role} column '{name}'; "
            + $"the columns are {string.Join(", ", present.Select(column => $"'{column}'"))}");
}

/// <summary>The types and annotations of output columns, for schemas and for schema shapes.</summary>
internal static class ColumnTypes
{
    /// <summary>The annotations of ML.NET that name keys and slots.</summary>
    public const string KeyValues = "KeyValues", SlotNames = "SlotNames";

    /// <summary>Codes as keys [h, w, G], for clips [T, h, w, G]. The value of a key is its code, from 0, as text; the name of a slot
    /// consists of frame (for clips), row, column and, if G is more than 1, the number of the code at its position.</summary>
    public static DataViewSchema.DetachedColumn Codes(
        string name, (int Height, int Width, int PerPosition) grid, int codes, int frames = 0)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        int slotsOfFrame = grid.Height * grid.Width * grid.PerPosition, slots = Math.Max(1, frames) * slotsOfFrame;
        annotations.Add(SlotNames, new VectorDataViewType(TextDataViewType.Instance, slots), Texts(slots, slot =>
            frames > 0 ? $"{Number(slot / slotsOfFrame)},{SlotName(slot % slotsOfFrame, grid)}" : SlotName(slot, grid)));
        annotations.Add(KeyValues, new VectorDataViewType(TextDataViewType.Instance, codes), Texts(codes, Number));
        var type = new VectorDataViewType(
            new KeyDataViewType(typeof(uint), codes), Dimensions(frames, grid.Height, grid.Width, grid.PerPosition));
        return new DataViewSchema.DetachedColumn(name, type, annotations.ToAnnotations());
    }

    /// <summary>Codes in the format of the column that a model was trained on.</summary>
    public static DataViewSchema.DetachedColumn Codes(string name, CodeFormat format)
    {
        DataViewSchema.Annotations.Builder annotations = SlotNamesOf(format);
        format.Names?.AddTo(annotations);
        return new DataViewSchema.DetachedColumn(name, format.ToColumnType(), annotations.ToAnnotations());
    }

    /// <summary>Numbers in rows of any length.</summary>
    public static DataViewSchema.DetachedColumn Sequence(string name) => new(name, new VectorDataViewType(NumberDataViewType.Single));

    static int[] Dimensions(int frames, params int[] ofFrame) => frames > 0 ? [frames, .. ofFrame] : ofFrame;

    /// <summary>A number per code, in the dimensions of the codes.</summary>
    public static DataViewSchema.DetachedColumn PerCode(string name, CodeFormat format) => format.Length is null ? Sequence(name)
        : new(name, new VectorDataViewType(NumberDataViewType.Single, format.Dimensions), SlotNamesOf(format).ToAnnotations());

    static DataViewSchema.Annotations.Builder SlotNamesOf(CodeFormat format)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        if (format.SlotNames is string[] slots)
            annotations.Add(SlotNames, new VectorDataViewType(TextDataViewType.Instance, slots.Length), Texts(slots.Length, slot => slots[slot]));
        return annotations;
    }

    public static DataViewSchema.DetachedColumn Vector(string name, int[] dimensions) =>
        new(name, new VectorDataViewType(NumberDataViewType.Single, dimensions));

    public static DataViewSchema.DetachedColumn Number(string name) => new(name, NumberDataViewType.Single);

    public static SchemaShape.Column CodesShape(string name) => MLNetInternals.ShapeColumn(
        name, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.UInt32, isKey: true, new SchemaShape(
        [
            MLNetInternals.ShapeColumn(SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance),
            MLNetInternals.ShapeColumn(KeyValues, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance),
        ]));

    /// <summary>Codes with the type and the names of other codes.</summary>
    public static SchemaShape.Column CodesShape(string name, SchemaShape.Column codes) =>
        MLNetInternals.ShapeColumn(name, codes.Kind, NumberDataViewType.UInt32, isKey: true, new SchemaShape(codes.Annotations.Where(
            kind => kind.Name == KeyValues || (kind.Name == SlotNames && codes.Kind == SchemaShape.Column.VectorKind.Vector))));

    /// <summary>Codes in rows of any length, which have no slot names.</summary>
    public static SchemaShape.Column CodeSequenceShape(string name) => MLNetInternals.ShapeColumn(
        name, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.UInt32, isKey: true, new SchemaShape(
            [MLNetInternals.ShapeColumn(KeyValues, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance)]));

    public static SchemaShape.Column SequenceShape(string name) =>
        MLNetInternals.ShapeColumn(name, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.Single);

    public static SchemaShape.Column VectorShape(string name) =>
        MLNetInternals.ShapeColumn(name, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single);

    public static SchemaShape.Column PerCodeShape(string name, SchemaShape.Column codes)
    {
        bool hasSlotNames = codes.Kind == SchemaShape.Column.VectorKind.Vector && codes.Annotations.Any(kind => kind.Name == SlotNames);
        return MLNetInternals.ShapeColumn(name, codes.Kind, NumberDataViewType.Single, isKey: false, hasSlotNames ? new SchemaShape(
            [MLNetInternals.ShapeColumn(SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance)]) : null);
    }

    public static SchemaShape.Column NumberShape(string name) =>
        MLNetInternals.ShapeColumn(name, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single);

    static string SlotName(int slot, (int Height, int Width, int PerPosition) grid)
    {
        int position = slot / grid.PerPosition;
        string name = $"{Number(position / grid.Width)},{Number(position % grid.Width)}";
        return grid.PerPosition == 1 ? name : $"{name},{Number(slot % grid.PerPosition)}";
    }

    static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    static ValueGetter<VBuffer<ReadOnlyMemory<char>>> Texts(int count, Func<int, string> text) =>
        (ref VBuffer<ReadOnlyMemory<char>> value) =>
    {
        VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, count);
        for (int i = 0; i < count; i++)
            editor.Values[i] = text(i).AsMemory();
        value = editor.Commit();
    };
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Finds the columns that a component reads, and says which is missing or of the wrong type, in the kind of exception and the words
/// of ML.NET's own components.</summary>
internal static class SchemaColumns
{
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role = "input") =>
        schema.GetColumnOrNull(name) ?? throw Missing(name, role, schema.Select(column => column.Name));

    /// <summary>The same in the shape of a schema, before there are data.</summary>
    public static SchemaShape.Column Find(SchemaShape schema, string name, string role = "input")
    {
        foreach (SchemaShape.Column column in schema)
        {
            if (column.Name == name)
                return column;
        }
        throw Missing(name, role, schema.Select(column => column.Name));
    }

    public static ArgumentOutOfRangeException Mismatch(
        string column, string expected, string found, string role = "input", string parameter = "inputSchema") =>
        new(parameter, $"Schema mismatch for {role} column '{column}': expected {expected}, got {found}");

    static ArgumentOutOfRangeException Missing(
        string name, string role, IEnumerable<string> present, string parameter = "inputSchema") =>
        new(parameter, $"Could not find {role} column '{name}'; "
            + $"the columns are {string.Join(", ", present.Select(column => $"'{column}'"))}");
}

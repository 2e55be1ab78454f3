using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;

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

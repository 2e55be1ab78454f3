using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A schema with new columns behind those of the input: which column comes from where.</summary>
internal sealed class AddedColumns
{
    public AddedColumns(DataViewSchema inputSchema, IBatchMapping mapping)
        : this(inputSchema, mapping.CheckInputs(inputSchema), mapping.OutputColumns)
    {
    }

    /// <param name="inputSchema">The columns that pass through.</param>
    /// <param name="inputColumns">Those of them that the new columns are made of.</param>
    /// <param name="outputColumns">The new columns.</param>
    public AddedColumns(
        DataViewSchema inputSchema, IReadOnlyList<DataViewSchema.Column> inputColumns,
        IReadOnlyList<DataViewSchema.DetachedColumn> outputColumns)
    {
        (InputSchema, InputColumns) = (inputSchema, inputColumns);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema.AsEnumerable());
        builder.AddColumns(outputColumns);
        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    /// <summary>What the new columns are made of.</summary>
    public IReadOnlyList<DataViewSchema.Column> InputColumns { get; }

    /// <summary>True where the column passes through, and keeps its index; false where the model adds it.</summary>
    public bool IsPassedThrough(int index) => index < InputSchema.Count;

    public int OutputOf(int index) => index - InputSchema.Count;

    /// <summary>The flags of the columns asked for, by index.</summary>
    public bool[] Active(IEnumerable<DataViewSchema.Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        bool[] active = new bool[OutputSchema.Count];
        foreach (DataViewSchema.Column column in columns)
        {
            if (column.Index >= active.Length || column.Name != OutputSchema[column.Index].Name)
            {
                throw new ArgumentException(
                    $"Column '{column.Name}' with index {column.Index} is not in this schema: {OutputSchema}.", nameof(columns));
            }
            active[column.Index] = true;
        }
        return active;
    }

    public IEnumerable<DataViewSchema.Column> PassedThrough(bool[] active) => InputSchema.Where(column => active[column.Index]);

    public bool AnyAdded(bool[] active) => active.AsSpan(InputSchema.Count).Contains(true);

    /// <summary>The input columns that are needed to serve the columns asked for.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies(bool[] active)
    {
        bool added = AnyAdded(active);
        return InputSchema.Where(column => active[column.Index] || (added && InputColumns.Any(read => read.Index == column.Index)));
    }

    public ValueGetter<T> Typed<T>(Delegate getter, DataViewSchema.Column column) =>
        getter as ValueGetter<T> ?? throw new InvalidOperationException(
            $"Column '{column.Name}' was asked for values of type {typeof(T)}; "
            + $"it is of type {OutputSchema[column.Index].Type} "
            + $"and gives {getter.GetType().GetGenericArguments()[0]}.");
}

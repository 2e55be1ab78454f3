using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A schema of input columns followed by added columns.</summary>
internal sealed class AddedColumns
{
    public AddedColumns(DataViewSchema inputSchema, IBatchMapping mapping)
        : this(inputSchema, mapping.CheckInputs(inputSchema), mapping.OutputColumns)
    {
    }

    /// <param name="inputSchema">The columns that pass through.</param>
    /// <param name="inputColumns">The input columns that the added columns are computed from.</param>
    /// <param name="outputColumns">The added columns.</param>
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

    /// <summary>The input columns that the added columns are computed from.</summary>
    public IReadOnlyList<DataViewSchema.Column> InputColumns { get; }

    /// <summary>Whether a column of the output schema passes through, at the same index, or is added.</summary>
    public bool IsPassedThrough(int index) => index < InputSchema.Count;

    public int OutputOf(int index) => index - InputSchema.Count;

    /// <summary>The flags of the requested columns, by index.</summary>
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

    /// <summary>The input columns that the requested columns depend on.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies(bool[] active)
    {
        bool added = AnyAdded(active);
        return InputSchema.Where(column => active[column.Index] || (added && InputColumns.Any(read => read.Index == column.Index)));
    }

    /// <summary>The getter of a column of a cursor or row.</summary>
    /// <param name="column">The column.</param>
    /// <param name="active">The flags of the active columns, by index.</param>
    /// <param name="source">The cursor or row of the columns that pass through; null if none of them is active.</param>
    /// <param name="added">The getter of an active added column, by its number.</param>
    public ValueGetter<T> Getter<T>(DataViewSchema.Column column, bool[] active, DataViewRow? source, Func<int, Delegate> added)
    {
        if (!active[column.Index])
        {
            throw new InvalidOperationException(
                $"Column '{column.Name}' is not active in this cursor or row: it is not among the requested columns.");
        }
        if (IsPassedThrough(column.Index))
            return source!.GetGetter<T>(InputSchema[column.Index]);
        Delegate getter = added(OutputOf(column.Index));
        return getter as ValueGetter<T> ?? throw new InvalidOperationException(
            $"Values of type {typeof(T)} were requested of column '{column.Name}'; its type is {OutputSchema[column.Index].Type}, "
            + $"with values of type {getter.GetType().GetGenericArguments()[0]}.");
    }

    /// <summary>The getters of the active added columns of a row, by their numbers.</summary>
    public Func<int, Delegate> CreateGetters(IRowMapping mapping, DataViewRow row, bool[] active)
    {
        Delegate?[] getters = [.. Enumerable.Range(0, active.Length - InputSchema.Count)
            .Select(output => active[InputSchema.Count + output] ? mapping.CreateGetter(row, this, output) : null)];
        return output => getters[output]!;
    }
}

using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// What stock transformers have in common that add columns computed row by row: override <see cref="MakeRowMapper"/> and SaveModel.
/// </summary>
public abstract class RowToRowTransformerBase : ITransformer
{
    private protected readonly IHost Host;

    private protected RowToRowTransformerBase(IHost host)
    {
        Contracts.CheckValue(host, nameof(host));
        Host = host;
    }

    bool ITransformer.IsRowToRowMapper => true;

    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);

    private protected abstract void SaveModel(ModelSaveContext ctx);

    private protected abstract IRowMapper MakeRowMapper(DataViewSchema schema);

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return RowToRowMapperTransform.GetOutputSchema(inputSchema, MakeRowMapper(inputSchema));
    }

    public IDataView Transform(IDataView input)
    {
        Host.CheckValue(input, nameof(input));
        return new RowToRowMapperTransform(Host, input, MakeRowMapper(input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return new RowToRowMapperTransform(Host, new EmptyDataView(inputSchema), MakeRowMapper(inputSchema));
    }

    private protected abstract class MapperBase : IRowMapper
    {
        private readonly RowToRowTransformerBase _parent;
        private readonly Lazy<DataViewSchema.DetachedColumn[]> _outputColumns;

        protected MapperBase(IHost host, DataViewSchema inputSchema, RowToRowTransformerBase parent)
        {
            Host = host;
            InputSchema = inputSchema;
            _parent = parent;
            _outputColumns = new Lazy<DataViewSchema.DetachedColumn[]>(GetOutputColumnsCore);
        }

        protected IHost Host { get; }

        protected DataViewSchema InputSchema { get; }

        public DataViewSchema.DetachedColumn[] GetOutputColumns() => _outputColumns.Value;

        protected abstract DataViewSchema.DetachedColumn[] GetOutputColumnsCore();

        /// <summary>The getter of output column <paramref name="iinfo"/>; <paramref name="disposer"/> may stay null.</summary>
        protected abstract Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer);

        public abstract Func<int, bool> GetDependencies(Func<int, bool> activeOutput);

        public virtual Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
        {
            Action all = null;
            var getters = GetOutputColumns().Select((_, i) =>
            {
                if (!activeOutput(i))
                    return null;
                var getter = MakeGetter(input, i, activeOutput, out var one);
                all += one;
                return getter;
            }).ToArray();
            disposer = all;
            return getters;
        }

        public void Save(ModelSaveContext ctx) => _parent.SaveModel(ctx);
    }
}

/// <summary>Transformers that make an output column from an input column, any number of pairs at once.</summary>
public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    internal readonly (string outputColumnName, string inputColumnName)[] ColumnPairs;

    private protected OneToOneTransformerBase(IHost host, params (string outputColumnName, string inputColumnName)[] columns) : base(host)
    {
        host.CheckValue(columns, nameof(columns));
        var names = new HashSet<string>();
        foreach (var (output, input) in columns)
        {
            host.CheckNonEmpty(input, nameof(columns));
            host.CheckNonEmpty(output, nameof(columns));
            if (!names.Add(output))
                throw Contracts.ExceptParam(nameof(columns), $"Name of the result column '{output}' specified multiple times");
        }
        ColumnPairs = columns;
    }

    private protected OneToOneTransformerBase(IHost host, ModelLoadContext ctx) : base(host) =>
        ColumnPairs = Enumerable.Range(0, ctx.Reader.ReadInt32())
            .Select(_ => (ctx.LoadNonEmptyString(), ctx.LoadNonEmptyString())).ToArray();

    private protected void SaveColumns(ModelSaveContext ctx)
    {
        ctx.Writer.Write(ColumnPairs.Length);
        foreach (var (output, input) in ColumnPairs)
        {
            ctx.SaveNonEmptyString(output);
            ctx.SaveNonEmptyString(input);
        }
    }

    /// <summary>Throws if the input column is of a type that the transformer does not take.</summary>
    private protected virtual void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol) { }

    private protected abstract class OneToOneMapperBase : MapperBase
    {
        /// <summary>The index of the input column of each pair.</summary>
        protected readonly int[] InputColumns;

        protected OneToOneMapperBase(IHost host, OneToOneTransformerBase parent, DataViewSchema inputSchema)
            : base(host, inputSchema, parent)
        {
            InputColumns = new int[parent.ColumnPairs.Length];
            for (int i = 0; i < InputColumns.Length; i++)
            {
                string input = parent.ColumnPairs[i].inputColumnName;
                var column = inputSchema.GetColumnOrNull(input) ?? throw host.ExceptSchemaMismatch(nameof(inputSchema), "input", input);
                parent.CheckInputColumn(inputSchema, i, column.Index);
                InputColumns[i] = column.Index;
            }
        }

        public override Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
        {
            var needed = InputColumns.Where((_, i) => activeOutput(i)).ToHashSet();
            return needed.Contains;
        }
    }
}

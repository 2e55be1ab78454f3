using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// What stock transformers have in common that add columns computed row by row: override <see cref="MakeRowMapper"/> and SaveModel.
/// </summary>
public abstract class RowToRowTransformerBase : ITransformer
{
    private protected readonly IHost Host;

    private protected RowToRowTransformerBase(IHostEnvironment env) => Host = env.Register(GetType().Name);

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

    /// <summary>Adds one column, made of some columns of the input.</summary>
    private protected abstract class MapperBase(RowToRowTransformerBase parent) : IRowMapper
    {
        /// <summary>The indices of the columns that the added one is made of.</summary>
        protected abstract IEnumerable<int> Sources { get; }

        protected abstract DataViewSchema.DetachedColumn Output { get; }

        /// <summary>The getter of the added column; <paramref name="disposer"/> may stay null.</summary>
        protected abstract Delegate MakeGetter(DataViewRow input, out Action disposer);

        public DataViewSchema.DetachedColumn[] GetOutputColumns() => [Output];

        public Func<int, bool> GetDependencies(Func<int, bool> activeOutput) => activeOutput(0) ? Sources.ToHashSet().Contains : _ => false;

        public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return [activeOutput(0) ? MakeGetter(input, out disposer) : null];
        }

        public void Save(ModelSaveContext ctx) => parent.SaveModel(ctx);
    }
}

/// <summary>Transformers that make an output column from an input column.</summary>
public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    internal readonly string Output;
    internal readonly string Input;

    private protected OneToOneTransformerBase(IHostEnvironment env, string outputColumnName, string inputColumnName) : base(env)
    {
        Host.CheckNonEmpty(inputColumnName, nameof(inputColumnName));
        Host.CheckNonEmpty(outputColumnName, nameof(outputColumnName));
        (Output, Input) = (outputColumnName, inputColumnName);
    }

    private protected OneToOneTransformerBase(IHostEnvironment env, ModelLoadContext ctx) : base(env)
    {
        ctx.CheckAtModel(Version);
        (Output, Input) = (ctx.LoadNonEmptyString(), ctx.LoadNonEmptyString());
    }

    /// <summary>A constant: constructors read it.</summary>
    private protected abstract VersionInfo Version { get; }

    private protected sealed override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        ctx.SaveNonEmptyString(Output);
        ctx.SaveNonEmptyString(Input);
        SaveMore(ctx);
    }

    /// <summary>Writes what the loading constructor reads behind the names of the columns.</summary>
    private protected virtual void SaveMore(ModelSaveContext ctx) { }

    private protected sealed override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    /// <summary>The type and the annotations of the output column; throws if the input column is of a type that is not taken.</summary>
    private protected abstract (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source);

    /// <summary>The getter of the output column; <paramref name="source"/> is the input column as the schema describes it.</summary>
    private protected abstract Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer);

    private sealed class Mapper : MapperBase
    {
        private readonly OneToOneTransformerBase _parent;
        private readonly DataViewSchema.Column _source;

        internal Mapper(OneToOneTransformerBase parent, DataViewSchema inputSchema) : base(parent)
        {
            _parent = parent;
            _source = inputSchema.GetColumnOrNull(parent.Input) ??
                throw parent.Host.ExceptSchemaMismatch(nameof(inputSchema), "input", parent.Input);
            var (type, annotations) = parent.Describe(_source);
            Output = new DataViewSchema.DetachedColumn(parent.Output, type, annotations);
        }

        protected override IEnumerable<int> Sources => [_source.Index];

        protected override DataViewSchema.DetachedColumn Output { get; }

        protected override Delegate MakeGetter(DataViewRow input, out Action disposer) => _parent.MakeGetter(input, _source, out disposer);
    }
}

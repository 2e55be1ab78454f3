using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(
    typeof(ColumnSelectingTransformer), null, typeof(SignatureLoadModel), "", ColumnSelectingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Keeps the columns that are named, in the order of the names; or drops those named and keeps the others.</summary>
public sealed class ColumnSelectingEstimator : TrivialEstimator<ColumnSelectingTransformer>
{
    internal ColumnSelectingEstimator(IHostEnvironment env, string[] keepColumns, string[] dropColumns)
        : base(env.Register(nameof(ColumnSelectingEstimator)), new ColumnSelectingTransformer(env, keepColumns, dropColumns)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        Transformer.CheckNames(inputSchema.Select(column => column.Name), nameof(inputSchema));
        return new SchemaShape(inputSchema.Where(column => Transformer.Keeps(column.Name)));
    }
}

public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumnsTransform";

    private readonly IHost _host;
    private readonly string[] _names;
    private readonly bool _keep;

    internal ColumnSelectingTransformer(IHostEnvironment env, string[] keepColumns, string[] dropColumns)
    {
        _host = env.Register(nameof(ColumnSelectingTransformer));
        _keep = keepColumns is { Length: > 0 };
        _names = _keep ? keepColumns : dropColumns;
        _host.Check(_names is { Length: > 0 }, "Neither keepColumns and dropColumns is set. Exactly one must be specified.");
    }

    bool ITransformer.IsRowToRowMapper => true;

    internal bool Keeps(string name) => _names.Contains(name) == _keep;

    internal void CheckNames(IEnumerable<string> available, string paramName)
    {
        var missing = _names.Except(available).ToList();
        if (missing.Count > 0)
            throw _host.ExceptSchemaMismatch(paramName, "input", string.Join(",", missing));
    }

    private static ColumnSelectingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("SELCOLST", LoaderSignature));
        bool keep = ctx.Reader.ReadBoolean();
        string[] names = [.. Enumerable.Range(0, ctx.Reader.ReadInt32()).Select(_ => ctx.LoadNonEmptyString())];
        return new ColumnSelectingTransformer(env, keep ? names : null, keep ? null : names);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("SELCOLST", LoaderSignature));
        ctx.Writer.Write(_keep);
        ctx.Writer.Write(_names.Length);
        foreach (string name in _names)
            ctx.SaveNonEmptyString(name);
    }

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new Mapper(inputSchema, Select(inputSchema, nameof(inputSchema))).OutputSchema;
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        return new SelectedColumnsDataView(input, Select(input.Schema, nameof(input)));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new Mapper(inputSchema, Select(inputSchema, nameof(inputSchema)));
    }

    // The kept columns' indices in the input. Dropping by name takes hidden columns of that name too, and keeps all others.
    private int[] Select(DataViewSchema input, string paramName)
    {
        CheckNames(input.Select(column => column.Name), paramName);
        var kept = _keep
            ? _names.SelectMany(name => input.Where(column => column.Name == name && !column.IsHidden))
            : input.Where(column => Keeps(column.Name));
        return [.. kept.Select(column => column.Index)];
    }

    private sealed class Mapper : IRowToRowMapper
    {
        private readonly int[] _columns;

        internal Mapper(DataViewSchema inputSchema, int[] columns)
        {
            _columns = columns;
            InputSchema = inputSchema;
            OutputSchema = new SelectedColumnsDataView(new EmptyDataView(inputSchema), columns).Schema;
        }

        public DataViewSchema InputSchema { get; }

        public DataViewSchema OutputSchema { get; }

        public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
            [.. dependingColumns.Select(column => _columns[column.Index]).Distinct().Order().Select(index => InputSchema[index])];

        public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new Row(this, input);

        private sealed class Row : WrappingRow
        {
            private readonly Mapper _parent;

            internal Row(Mapper parent, DataViewRow input) : base(input) => _parent = parent;

            public override DataViewSchema Schema => _parent.OutputSchema;

            public override bool IsColumnActive(DataViewSchema.Column column) => Input.IsColumnActive(Source(column));

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(Source(column));

            private DataViewSchema.Column Source(DataViewSchema.Column column) => Input.Schema[_parent._columns[column.Index]];
        }
    }
}

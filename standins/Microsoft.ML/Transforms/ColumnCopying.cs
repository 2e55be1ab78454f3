using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnCopyingTransformer), null, typeof(SignatureLoadModel), "", ColumnCopyingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Gives a column a second name.</summary>
public sealed class ColumnCopyingEstimator : TrivialEstimator<ColumnCopyingTransformer>
{
    internal ColumnCopyingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(ColumnCopyingEstimator)), new ColumnCopyingTransformer(env, (outputColumnName, inputColumnName))) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            var column = inputSchema.Find(Host, pair.inputColumnName);
            return new SchemaShape.Column(pair.outputColumnName, column.Kind, column.ItemType, column.IsKey, column.Annotations);
        }));
    }
}

public sealed class ColumnCopyingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "CopyTransform";

    internal ColumnCopyingTransformer(IHostEnvironment env, params (string outputColumnName, string inputColumnName)[] columns)
        : base(env.Register(nameof(ColumnCopyingTransformer)), columns) { }

    private ColumnCopyingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx) { }

    private static ColumnCopyingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("COPYCOLT", LoaderSignature));
        return new ColumnCopyingTransformer(env.Register(nameof(ColumnCopyingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("COPYCOLT", LoaderSignature));
        SaveColumns(ctx);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ColumnCopyingTransformer _parent;

        internal Mapper(ColumnCopyingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => [.. _parent.ColumnPairs.Select((pair, i) =>
        {
            var source = InputSchema[InputColumns[i]];
            return new DataViewSchema.DetachedColumn(pair.outputColumnName, source.Type, source.Annotations);
        })];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return RowCursorUtils.GetGetter(input, input.Schema[InputColumns[iinfo]]);
        }
    }
}

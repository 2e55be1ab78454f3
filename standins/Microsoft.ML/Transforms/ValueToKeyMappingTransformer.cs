using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ValueToKeyMappingTransformer), null, typeof(SignatureLoadModel), "", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Maps values to the keys that were learnt; values that were not seen become the missing key.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";

    private readonly ValueMap[] _maps;
    private readonly bool _valuesAsText;

    internal ValueToKeyMappingTransformer(
        IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns, ValueMap[] maps, bool valuesAsText)
        : base(env.Register(nameof(ValueToKeyMappingTransformer)), columns) => (_maps, _valuesAsText) = (maps, valuesAsText);

    private ValueToKeyMappingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx)
    {
        _valuesAsText = ctx.Reader.ReadBoolean();
        _maps = Array.ConvertAll(ColumnPairs, _ => ValueMap.Load(ctx.Reader));
    }

    private static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("TERMTRNF", LoaderSignature));
        return new ValueToKeyMappingTransformer(env.Register(nameof(ValueToKeyMappingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("TERMTRNF", LoaderSignature));
        SaveColumns(ctx);
        ctx.Writer.Write(_valuesAsText);
        foreach (var map in _maps)
            map.Save(ctx.Writer);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (!type.GetItemType().Equals(_maps[col].ItemType))
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputSchema[srcCol].Name, _maps[col].ItemType.ToString(), type.ToString());
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ValueToKeyMappingTransformer _parent;

        internal Mapper(ValueToKeyMappingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => [.. _parent.ColumnPairs.Select((pair, i) =>
        {
            var source = InputSchema[InputColumns[i]];
            var keyType = new KeyDataViewType(typeof(uint), Math.Max(1, _parent._maps[i].Count));
            var annotations = new DataViewSchema.Annotations.Builder();
            if (_parent._maps[i].Count > 0)
                _parent._maps[i].AddKeyValues(annotations, source, _parent._valuesAsText);
            annotations.Add(source.Annotations, kind => kind == AnnotationUtils.Kinds.SlotNames);
            DataViewType type = source.Type is VectorDataViewType vector ? new VectorDataViewType(keyType, vector.Dimensions) : keyType;
            return new DataViewSchema.DetachedColumn(pair.outputColumnName, type, annotations.ToAnnotations());
        })];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return _parent._maps[iinfo].MakeGetter(input, input.Schema[InputColumns[iinfo]]);
        }
    }
}

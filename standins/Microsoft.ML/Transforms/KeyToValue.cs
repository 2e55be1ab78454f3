using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToValueMappingTransformer), null, typeof(SignatureLoadModel), "", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Looks keys up in the KeyValues of their column.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    internal KeyToValueMappingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(KeyToValueMappingEstimator)), new KeyToValueMappingTransformer(env, (outputColumnName, inputColumnName))) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            var input = inputSchema.Find(Host, pair.inputColumnName);
            if (!input.IsKey)
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name, "KeyType", input.GetTypeString());
            if (!input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values))
                throw Host.ExceptParam(nameof(inputSchema), $"Input column '{input.Name}' doesn't contain key values metadata");
            var annotations = input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var names) ? new SchemaShape([names]) : null;
            return new SchemaShape.Column(pair.outputColumnName, input.Kind, values.ItemType, values.IsKey, annotations);
        }));
    }
}

public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    internal KeyToValueMappingTransformer(IHostEnvironment env, (string outputColumnName, string inputColumnName) columns)
        : base(env.Register(nameof(KeyToValueMappingTransformer)), columns) { }

    private KeyToValueMappingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx) { }

    private static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("KEY2VALT", LoaderSignature));
        return new KeyToValueMappingTransformer(env.Register(nameof(KeyToValueMappingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("KEY2VALT", LoaderSignature));
        SaveColumns(ctx);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var values = inputSchema[srcCol].AnnotationType(AnnotationUtils.Kinds.KeyValues);
        Host.Check(values != null, "Metadata KeyValues does not exist");
        Host.Check(values.GetVectorSize() == inputSchema[srcCol].Type.GetItemType().GetKeyCountAsInt32(Host),
            "KeyValues metadata size does not match column type key count");
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly KeyToValueMappingTransformer _parent;

        internal Mapper(KeyToValueMappingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => [.. _parent.ColumnPairs.Select((pair, i) =>
        {
            var source = InputSchema[InputColumns[i]];
            var valueType = (PrimitiveDataViewType)source.AnnotationType(AnnotationUtils.Kinds.KeyValues).GetItemType();
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.Add(source.Annotations, kind => kind == AnnotationUtils.Kinds.SlotNames);
            DataViewType type = source.Type is VectorDataViewType vector ? new VectorDataViewType(valueType, vector.Dimensions) : valueType;
            return new DataViewSchema.DetachedColumn(pair.outputColumnName, type, annotations.ToAnnotations());
        })];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            // The values belong to the schema that the mapper is bound to, as in ML.NET.
            var column = InputSchema[InputColumns[iinfo]];
            Type[] types = [column.Type.GetItemType().RawType, column.AnnotationType(AnnotationUtils.Kinds.KeyValues).GetItemType().RawType];
            return (Delegate)Stock.Call(GetterOf<uint, int>, types, input, column);
        }

        private static Delegate GetterOf<TKey, TValue>(DataViewRow input, DataViewSchema.Column column) where TKey : struct, INumberBase<TKey>
        {
            VBuffer<TValue> buffer = default;
            column.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref buffer);
            TValue[] values = [.. buffer.DenseValues()];
            // What a missing key becomes: NaN where there is one.
            var missing = (TValue)(typeof(TValue) == typeof(float) ? float.NaN : typeof(TValue) == typeof(double) ? double.NaN : (object)default(TValue));
            if (column.Type is VectorDataViewType)
            {
                var getKeys = input.GetGetter<VBuffer<TKey>>(input.Schema[column.Index]);
                VBuffer<TKey> keys = default;
                return (ValueGetter<VBuffer<TValue>>)((ref VBuffer<TValue> result) =>
                {
                    getKeys(ref keys);
                    var editor = VBufferEditor.Create(ref result, keys.Length);
                    if (!keys.IsDense)
                        editor.Values.Fill(missing);
                    var stored = keys.GetValues();
                    for (int i = 0; i < stored.Length; i++)
                        editor.Values[keys.IsDense ? i : keys.GetIndices()[i]] = Map(stored[i]);
                    result = editor.Commit();
                });
            }
            var getKey = input.GetGetter<TKey>(input.Schema[column.Index]);
            TKey key = default;
            return (ValueGetter<TValue>)((ref TValue result) =>
            {
                getKey(ref key);
                result = Map(key);
            });

            TValue Map(TKey from)
            {
                uint index = uint.CreateSaturating(from) - 1;
                return index < values.Length ? values[index] : missing;
            }
        }
    }
}

using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(
    typeof(KeyToValueMappingTransformer), null, typeof(SignatureLoadModel), "", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Looks keys up in the KeyValues of their column.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    internal KeyToValueMappingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(KeyToValueMappingEstimator)),
            new KeyToValueMappingTransformer(env, outputColumnName, inputColumnName)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(Host, Transformer, input =>
    {
        if (!input.IsKey)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name, "KeyType", input.GetTypeString());
        if (!input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values))
            throw Host.ExceptParam(nameof(inputSchema), $"Input column '{input.Name}' doesn't contain key values metadata");
        var annotations = input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var names) ? new SchemaShape([names]) : null;
        return new SchemaShape.Column(Transformer.Output, input.Kind, values.ItemType, values.IsKey, annotations);
    });
}

public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    internal KeyToValueMappingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env, outputColumnName, inputColumnName) { }

    private KeyToValueMappingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx) { }

    private protected override VersionInfo Version => Stock.Version("KEY2VALT", LoaderSignature);

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source)
    {
        var values = source.AnnotationType(AnnotationUtils.Kinds.KeyValues);
        Host.Check(values != null, "Metadata KeyValues does not exist");
        Host.Check(values.GetVectorSize() == source.Type.GetItemType().GetKeyCountAsInt32(Host),
            "KeyValues metadata size does not match column type key count");
        var item = (PrimitiveDataViewType)values.GetItemType();
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(source.Annotations, kind => kind == AnnotationUtils.Kinds.SlotNames);
        DataViewType type = source.Type is VectorDataViewType vector ? new VectorDataViewType(item, vector.Dimensions) : item;
        return (type, annotations.ToAnnotations());
    }

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        disposer = null;
        Type[] types = [source.Type.GetItemType().RawType, source.AnnotationType(AnnotationUtils.Kinds.KeyValues).GetItemType().RawType];
        return (Delegate)Stock.Call(GetterOf<uint, int>, types, input, source);
    }

    private static Delegate GetterOf<TKey, TValue>(DataViewRow input, DataViewSchema.Column column) where TKey : struct, INumberBase<TKey>
    {
        VBuffer<TValue> buffer = default;
        column.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref buffer);
        TValue[] values = [.. buffer.DenseValues()];
        // What a missing key becomes: NaN where there is one.
        var missing = (TValue)(typeof(TValue) == typeof(float) ? float.NaN
            : typeof(TValue) == typeof(double) ? double.NaN : (object)default(TValue));
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

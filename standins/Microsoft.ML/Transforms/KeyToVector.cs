using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(
    typeof(KeyToVectorMappingTransformer), null, typeof(SignatureLoadModel), "", KeyToVectorMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Turns a key into its indicator vector, a vector of keys into the indicators side by side.</summary>
public sealed class KeyToVectorMappingEstimator : TrivialEstimator<KeyToVectorMappingTransformer>
{
    internal KeyToVectorMappingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(KeyToVectorMappingEstimator)),
            new KeyToVectorMappingTransformer(env, outputColumnName, inputColumnName)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(Host, Transformer, Shape);

    private SchemaShape.Column Shape(SchemaShape.Column input)
    {
        if (!input.ItemType.IsStandardScalar())
            throw Host.ExceptSchemaMismatch("inputSchema", "input", input.Name);
        bool variable = input.Kind == SchemaShape.Column.VectorKind.VariableVector;
        var annotations = new List<SchemaShape.Column>();
        if (input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var keyValues) &&
            keyValues.ItemType is TextDataViewType && !variable)
            annotations.Add(Stock.ShapeVector(AnnotationUtils.Kinds.SlotNames, keyValues.ItemType));
        annotations.Add(Stock.ShapeScalar(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance));
        var kind = variable ? SchemaShape.Column.VectorKind.VariableVector : SchemaShape.Column.VectorKind.Vector;
        return new SchemaShape.Column(Transformer.Output, kind, NumberDataViewType.Single, false, new SchemaShape(annotations));
    }
}

public sealed class KeyToVectorMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToVectorTransform";

    internal KeyToVectorMappingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env, outputColumnName, inputColumnName) { }

    private KeyToVectorMappingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx) { }

    private protected override VersionInfo Version => Stock.Version("KEY2VECT", LoaderSignature);

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source)
    {
        if (source.Type.GetItemType().GetKeyCount() == 0)
            throw Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, "key type of known cardinality", source.Type.ToString());
        int slots = source.Type.GetValueCount(), keys = source.Type.GetItemType().GetKeyCountAsInt32(Host);
        var type = slots == 1
            ? new VectorDataViewType(NumberDataViewType.Single, keys)
            : new VectorDataViewType(NumberDataViewType.Single, slots, keys);

        var annotations = new DataViewSchema.Annotations.Builder();
        bool named = source.AnnotationType(AnnotationUtils.Kinds.KeyValues) is VectorDataViewType { ItemType: TextDataViewType } values &&
            values.Size == keys;
        var namesType = new VectorDataViewType(TextDataViewType.Instance, type.Dimensions);
        if (named && source.Type is not VectorDataViewType)
        {
            annotations.Add(AnnotationUtils.Kinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, keys),
                source.Annotations.GetGetter<VBuffer<ReadOnlyMemory<char>>>(source.Annotations.Schema[AnnotationUtils.Kinds.KeyValues]));
        }
        else if (named && type.IsKnownSize)
        {
            annotations.Add(AnnotationUtils.Kinds.SlotNames, namesType,
                (ref VBuffer<ReadOnlyMemory<char>> names) => Stock.Constant(SlotNames(source, slots))(ref names));
        }
        annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
        return (type, annotations.ToAnnotations());
    }

    // "slot.key" for every slot and key; slots without a name are [0], [1], …
    private static ReadOnlyMemory<char>[] SlotNames(DataViewSchema.Column source, int slots)
    {
        var keys = source.Annotations.Texts(AnnotationUtils.Kinds.KeyValues);
        var names = source.HasSlotNames() ? source.Annotations.Texts(AnnotationUtils.Kinds.SlotNames) : new ReadOnlyMemory<char>[slots];
        return [.. names.SelectMany((name, slot) =>
            keys.Select(key => string.Concat(name.IsEmpty ? $"[{slot}]" : name.Span, ".", key.Span).AsMemory()))];
    }

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        disposer = null;
        return (Delegate)Stock.Call(GetterOf<uint>, [source.Type.GetItemType().RawType], input, input.Schema[source.Index]);
    }

    private Delegate GetterOf<TKey>(DataViewRow input, DataViewSchema.Column column) where TKey : struct, INumberBase<TKey>
    {
        int size = column.Type.GetItemType().GetKeyCountAsInt32();
        if (column.Type is VectorDataViewType vector)
        {
            var getKeys = input.GetGetter<VBuffer<TKey>>(column);
            return Indicators(getKeys, size, vector.Size);
        }
        var getKey = input.GetGetter<TKey>(column);
        TKey key = default;
        return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> indicator) =>
        {
            getKey(ref key);
            uint index = uint.CreateSaturating(key) - 1;
            var editor = VBufferEditor.Create(ref indicator, size, index < size ? 1 : 0, requireIndicesOnDense: true);
            if (index < size)
            {
                editor.Values[0] = 1;
                editor.Indices[0] = (int)index;
            }
            indicator = editor.Commit();
        });
    }

    private ValueGetter<VBuffer<float>> Indicators<TKey>(ValueGetter<VBuffer<TKey>> getKeys, int size, int expected)
        where TKey : struct, INumberBase<TKey>
    {
        VBuffer<TKey> keys = default;
        return (ref VBuffer<float> indicators) =>
        {
            getKeys(ref keys);
            Host.Check(expected == 0 || keys.Length == expected);
            var values = keys.GetValues();
            var slots = keys.GetIndices();
            var editor = VBufferEditor.Create(ref indicators, checked(size * keys.Length), values.Length, requireIndicesOnDense: true);
            int count = 0;
            for (int i = 0; i < values.Length; i++)
            {
                uint index = uint.CreateSaturating(values[i]) - 1;
                if (index >= size)
                    continue;
                editor.Values[count] = 1;
                editor.Indices[count++] = (keys.IsDense ? i : slots[i]) * size + (int)index;
            }
            indicators = editor.CommitTruncated(count);
        };
    }
}

using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToVectorMappingTransformer), null, typeof(SignatureLoadModel), "", KeyToVectorMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Turns a key into its indicator vector; a vector of keys into the indicators side by side, or into one vector of counts.</summary>
public sealed class KeyToVectorMappingEstimator : TrivialEstimator<KeyToVectorMappingTransformer>
{
    internal KeyToVectorMappingEstimator(IHostEnvironment env, bool outputCountVector,
        params (string outputColumnName, string inputColumnName)[] columns)
        : base(env.Register(nameof(KeyToVectorMappingEstimator)), new KeyToVectorMappingTransformer(env, outputCountVector, columns)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair => Shape(pair.outputColumnName, inputSchema.Find(Host, pair.inputColumnName))));
    }

    private SchemaShape.Column Shape(string name, SchemaShape.Column input)
    {
        if (!input.ItemType.IsStandardScalar())
            throw Host.ExceptSchemaMismatch("inputSchema", "input", input.Name);
        bool counts = Transformer.OutputCountVector, variable = input.Kind == SchemaShape.Column.VectorKind.VariableVector;
        var annotations = new List<SchemaShape.Column>();
        if (input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var keyValues) && keyValues.ItemType is TextDataViewType &&
            (counts && input.IsKey || !variable))
            annotations.Add(Stock.ShapeVector(AnnotationUtils.Kinds.SlotNames, keyValues.ItemType));
        if (!counts && !variable)
            annotations.Add(Stock.ShapeVector(AnnotationUtils.Kinds.CategoricalSlotRanges, NumberDataViewType.Int32));
        if (!counts || input.Kind == SchemaShape.Column.VectorKind.Scalar)
            annotations.Add(Stock.ShapeScalar(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance));
        var kind = variable && !counts ? SchemaShape.Column.VectorKind.VariableVector : SchemaShape.Column.VectorKind.Vector;
        return new SchemaShape.Column(name, kind, NumberDataViewType.Single, false, new SchemaShape(annotations));
    }
}

public sealed class KeyToVectorMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToVectorTransform";

    internal KeyToVectorMappingTransformer(IHostEnvironment env, bool outputCountVector, (string, string)[] columns)
        : base(env.Register(nameof(KeyToVectorMappingTransformer)), columns) => OutputCountVector = outputCountVector;

    private KeyToVectorMappingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx) => OutputCountVector = ctx.Reader.ReadBoolean();

    internal bool OutputCountVector { get; }

    private static KeyToVectorMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("KEY2VECT", LoaderSignature));
        return new KeyToVectorMappingTransformer(env.Register(nameof(KeyToVectorMappingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("KEY2VECT", LoaderSignature));
        SaveColumns(ctx);
        ctx.Writer.Write(OutputCountVector);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (type.GetItemType().GetKeyCount() == 0)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputSchema[srcCol].Name, "key type of known cardinality", type.ToString());
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly KeyToVectorMappingTransformer _parent;

        internal Mapper(KeyToVectorMappingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() =>
            [.. _parent.ColumnPairs.Select((pair, i) => OutputColumn(pair.outputColumnName, InputSchema[InputColumns[i]]))];

        private DataViewSchema.DetachedColumn OutputColumn(string name, DataViewSchema.Column source)
        {
            int slots = source.Type.GetValueCount(), keys = source.Type.GetItemType().GetKeyCountAsInt32(_parent.Host);
            bool isVector = source.Type is VectorDataViewType, counts = _parent.OutputCountVector;
            var type = counts || slots == 1
                ? new VectorDataViewType(NumberDataViewType.Single, keys)
                : new VectorDataViewType(NumberDataViewType.Single, slots, keys);

            var annotations = new DataViewSchema.Annotations.Builder();
            bool named = source.AnnotationType(AnnotationUtils.Kinds.KeyValues) is VectorDataViewType { ItemType: TextDataViewType } values && values.Size == keys;
            var namesType = new VectorDataViewType(TextDataViewType.Instance, type.Dimensions);
            if (named && (counts || !isVector))
            {
                annotations.Add(AnnotationUtils.Kinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, keys),
                    source.Annotations.GetGetter<VBuffer<ReadOnlyMemory<char>>>(source.Annotations.Schema[AnnotationUtils.Kinds.KeyValues]));
            }
            else if (named && type.IsKnownSize)
            {
                annotations.Add(AnnotationUtils.Kinds.SlotNames, namesType,
                    (ref VBuffer<ReadOnlyMemory<char>> names) => Stock.Constant(SlotNames(source, slots))(ref names));
            }
            if (!counts && slots > 0)
            {
                int[] ranges = [.. Enumerable.Range(0, slots).SelectMany(slot => new[] { slot * keys, (slot + 1) * keys - 1 })];
                annotations.Add(AnnotationUtils.Kinds.CategoricalSlotRanges, new VectorDataViewType(NumberDataViewType.Int32, slots, 2), Stock.Constant(ranges));
            }
            if (!counts || !isVector)
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
            return new DataViewSchema.DetachedColumn(name, type, annotations.ToAnnotations());
        }

        // "slot.key" for every slot and key; slots without a name are [0], [1], …
        private static ReadOnlyMemory<char>[] SlotNames(DataViewSchema.Column source, int slots)
        {
            var keys = source.Annotations.Texts(AnnotationUtils.Kinds.KeyValues);
            var names = source.HasSlotNames() ? source.Annotations.Texts(AnnotationUtils.Kinds.SlotNames) : new ReadOnlyMemory<char>[slots];
            return [.. names.SelectMany((name, slot) =>
                keys.Select(key => string.Concat(name.IsEmpty ? $"[{slot}]" : name.Span, ".", key.Span).AsMemory()))];
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var column = input.Schema[InputColumns[iinfo]];
            return (Delegate)Stock.Call(GetterOf<uint>, [column.Type.GetItemType().RawType], input, column);
        }

        private Delegate GetterOf<TKey>(DataViewRow input, DataViewSchema.Column column) where TKey : struct, INumberBase<TKey>
        {
            int size = column.Type.GetItemType().GetKeyCountAsInt32();
            if (column.Type is VectorDataViewType vector)
            {
                var getKeys = input.GetGetter<VBuffer<TKey>>(column);
                return _parent.OutputCountVector ? Counts(getKeys, size) : Indicators(getKeys, size, vector.Size);
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
                _parent.Host.Check(expected == 0 || keys.Length == expected);
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

        private static ValueGetter<VBuffer<float>> Counts<TKey>(ValueGetter<VBuffer<TKey>> getKeys, int size) where TKey : struct, INumberBase<TKey>
        {
            VBuffer<TKey> keys = default;
            var seen = new SortedDictionary<int, int>();
            return (ref VBuffer<float> counts) =>
            {
                getKeys(ref keys);
                seen.Clear();
                foreach (var key in keys.GetValues())
                {
                    uint index = uint.CreateSaturating(key) - 1;
                    if (index < size)
                        seen[(int)index] = seen.GetValueOrDefault((int)index) + 1;
                }
                bool sparse = seen.Count <= size / 2;
                var editor = VBufferEditor.Create(ref counts, size, sparse ? seen.Count : size);
                editor.Values.Clear();
                int next = 0;
                foreach (var (index, count) in seen)
                {
                    if (sparse)
                        editor.Indices[next] = index;
                    editor.Values[sparse ? next++ : index] = count;
                }
                counts = editor.Commit();
            };
        }
    }
}

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(
    typeof(ValueToKeyMappingTransformer), null, typeof(SignatureLoadModel), "", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Numbers the values of a column, in the order of their first occurrence.</summary>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    private readonly IHost _host;
    private readonly string _output, _input;
    private readonly int _maximumNumberOfKeys;

    internal ValueToKeyMappingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, int maximumNumberOfKeys)
    {
        _host = env.Register(nameof(ValueToKeyMappingEstimator));
        _host.CheckUserArg(maximumNumberOfKeys > 0, nameof(maximumNumberOfKeys), "Must be positive");
        (_output, _input, _maximumNumberOfKeys) = (outputColumnName, inputColumnName, maximumNumberOfKeys);
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var column = input.Schema.GetColumnOrNull(_input) ?? throw _host.ExceptSchemaMismatch(nameof(input), "input", _input);
        if (!column.Type.IsStandardScalar())
            throw new NotSupportedException($"The stand-in for ML.NET maps scalars to keys; column '{_input}' is of type {column.Type}.");
        using var cursor = input.GetRowCursor([column]);
        var map = (ValueMap)Stock.Call(Learn<int>, [column.Type.RawType], cursor, column);
        return new ValueToKeyMappingTransformer(_host, _output, _input, map);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        var input = inputSchema.Find(_host, _input);
        if (!input.ItemType.IsStandardScalar())
            throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name);
        var annotations = new SchemaShape([Stock.ShapeVector(AnnotationUtils.Kinds.KeyValues, input.ItemType)]);
        return inputSchema.With(new SchemaShape.Column(_output, input.Kind, NumberDataViewType.UInt32, true, annotations));
    }

    private ValueMap Learn<T>(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        var seen = new HashSet<T>(ValueMap<T>.Equality);
        var values = new List<T>();
        var getter = cursor.GetGetter<T>(column);
        T value = default;
        while (values.Count < _maximumNumberOfKeys && cursor.MoveNext())
        {
            getter(ref value);
            bool missing = value switch
            {
                ReadOnlyMemory<char> text => text.IsEmpty,
                float number => float.IsNaN(number),
                double number => double.IsNaN(number),
                _ => false,
            };
            // A cursor may use a text's memory again for the next row.
            if (!missing && seen.Add(value = value is ReadOnlyMemory<char> own ? (T)(object)own.ToString().AsMemory() : value))
                values.Add(value);
        }
        return new ValueMap<T>((PrimitiveDataViewType)column.Type, [.. values]);
    }

    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }
}

/// <summary>Maps values to the keys that were learnt; values that were not seen become the missing key.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";

    private readonly ValueMap _map;

    internal ValueToKeyMappingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, ValueMap map)
        : base(env, outputColumnName, inputColumnName) => _map = map;

    private ValueToKeyMappingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx) => _map = ValueMap.Load(ctx.Reader);

    private protected override VersionInfo Version => Stock.Version("TERMTRNF", LoaderSignature);

    private protected override void SaveMore(ModelSaveContext ctx) => _map.Save(ctx.Writer);

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source)
    {
        if (!source.Type.Equals(_map.ItemType))
            throw Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, _map.ItemType.ToString(), source.Type.ToString());
        var annotations = new DataViewSchema.Annotations.Builder();
        if (_map.Count > 0)
            _map.AddKeyValues(annotations);
        return (new KeyDataViewType(typeof(uint), Math.Max(1, _map.Count)), annotations.ToAnnotations());
    }

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        disposer = null;
        return _map.MakeGetter(input, input.Schema[source.Index]);
    }
}

/// <summary>The values of a column and their numbers.</summary>
internal abstract class ValueMap
{
    private protected ValueMap(PrimitiveDataViewType itemType) => ItemType = itemType;

    internal PrimitiveDataViewType ItemType { get; }

    internal abstract int Count { get; }

    internal abstract void Save(BinaryWriter writer);

    internal abstract ValueGetter<uint> MakeGetter(DataViewRow row, DataViewSchema.Column column);

    internal abstract void AddKeyValues(DataViewSchema.Annotations.Builder annotations);

    internal static ValueMap Load(BinaryReader reader)
    {
        var type = (PrimitiveDataViewType)ValueCodec.ReadType(reader);
        return (ValueMap)Stock.Call(Load<int>, [type.RawType], reader, type);
    }

    private static ValueMap Load<T>(BinaryReader reader, PrimitiveDataViewType type) =>
        new ValueMap<T>(type, [.. ValueCodec.ReadVector<T>(reader).DenseValues()]);
}

internal sealed class ValueMap<T> : ValueMap
{
    private readonly T[] _values;
    private readonly Dictionary<T, uint> _keys;

    internal ValueMap(PrimitiveDataViewType itemType, T[] values) : base(itemType)
    {
        _values = values;
        _keys = new Dictionary<T, uint>(Equality);
        for (int i = 0; i < values.Length; i++)
            _keys[values[i]] = (uint)i + 1;
    }

    // Texts are compared by their characters' codes.
    internal static IEqualityComparer<T> Equality { get; } = typeof(T) == typeof(ReadOnlyMemory<char>)
        ? (IEqualityComparer<T>)(object)EqualityComparer<ReadOnlyMemory<char>>.Create(
            (one, other) => one.Span.SequenceEqual(other.Span), text => string.GetHashCode(text.Span))
        : EqualityComparer<T>.Default;

    internal override int Count => _values.Length;

    internal override void Save(BinaryWriter writer)
    {
        ValueCodec.WriteType(writer, ItemType);
        ValueCodec.WriteVector(writer, new VBuffer<T>(_values.Length, _values));
    }

    internal override ValueGetter<uint> MakeGetter(DataViewRow row, DataViewSchema.Column column)
    {
        var getValue = row.GetGetter<T>(column);
        T value = default;
        return (ref uint key) =>
        {
            getValue(ref value);
            key = _keys.GetValueOrDefault(value);
        };
    }

    internal override void AddKeyValues(DataViewSchema.Annotations.Builder annotations) =>
        annotations.Add(AnnotationUtils.Kinds.KeyValues, new VectorDataViewType(ItemType, Count), Stock.Constant(_values));
}

using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>The values of a column and their numbers.</summary>
internal abstract class ValueMap
{
    private protected ValueMap(PrimitiveDataViewType itemType) => ItemType = itemType;

    internal PrimitiveDataViewType ItemType { get; }

    internal abstract int Count { get; }

    internal abstract void Save(BinaryWriter writer);

    internal abstract Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column);

    /// <summary>Annotates a column of keys with the values that they stand for.</summary>
    internal abstract void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column source, bool asText);

    internal static ValueMap Learn(IDataView data, DataViewSchema.Column column, int maximum, ValueToKeyMappingEstimator.KeyOrdinality order)
    {
        using var cursor = data.GetRowCursor([column]);
        return (ValueMap)Stock.Call(Learn<int>, [column.Type.GetItemType().RawType], cursor, column, maximum, order);
    }

    internal static ValueMap Load(BinaryReader reader)
    {
        var type = (PrimitiveDataViewType)ValueCodec.ReadType(reader);
        return (ValueMap)Stock.Call(Load<int>, [type.RawType], reader, type);
    }

    private static ValueMap Load<T>(BinaryReader reader, PrimitiveDataViewType type) =>
        new ValueMap<T>(type, [.. ValueCodec.ReadVector<T>(reader).DenseValues()]);

    private static ValueMap Learn<T>(DataViewRowCursor cursor, DataViewSchema.Column column, int maximum,
        ValueToKeyMappingEstimator.KeyOrdinality order)
    {
        var seen = new HashSet<T>(ValueMap<T>.Equality);
        var values = new List<T>();
        Action read;
        if (column.Type is VectorDataViewType)
        {
            var getVector = cursor.GetGetter<VBuffer<T>>(column);
            VBuffer<T> vector = default;
            read = () =>
            {
                getVector(ref vector);
                foreach (var value in vector.DenseValues())
                    Add(value);
            };
        }
        else
        {
            var getValue = cursor.GetGetter<T>(column);
            T value = default;
            read = () =>
            {
                getValue(ref value);
                Add(value);
            };
        }
        while (values.Count < maximum && cursor.MoveNext())
            read();
        var itemType = (PrimitiveDataViewType)column.Type.GetItemType();
        var inOrder = order == ValueToKeyMappingEstimator.KeyOrdinality.ByValue ? values.Order(ValueMap<T>.Ordering) : values.AsEnumerable();
        return new ValueMap<T>(itemType, [.. inOrder]);

        void Add(T value)
        {
            if (values.Count >= maximum || ValueMap<T>.IsMissing(value, column.Type) || !seen.Add(value))
                return;
            // A cursor may use a text's memory again for the next row.
            values.Add(value is ReadOnlyMemory<char> text ? (T)(object)text.ToString().AsMemory() : value);
        }
    }
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

    internal static IEqualityComparer<T> Equality { get; } =
        typeof(T) == typeof(ReadOnlyMemory<char>) ? (IEqualityComparer<T>)(object)new TextComparer() : EqualityComparer<T>.Default;

    internal static IComparer<T> Ordering { get; } =
        typeof(T) == typeof(ReadOnlyMemory<char>) ? (IComparer<T>)(object)new TextComparer() : Comparer<T>.Default;

    internal override int Count => _values.Length;

    internal static bool IsMissing(T value, DataViewType type) => value switch
    {
        ReadOnlyMemory<char> text => text.IsEmpty,
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        _ => type.GetItemType() is KeyDataViewType && EqualityComparer<T>.Default.Equals(value, default),
    };

    internal override void Save(BinaryWriter writer)
    {
        ValueCodec.WriteType(writer, ItemType);
        ValueCodec.WriteVector(writer, new VBuffer<T>(_values.Length, _values));
    }

    internal override Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is VectorDataViewType)
        {
            var getValues = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> values = default, dense = default;
            return (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> keys) =>
            {
                getValues(ref values);
                values.CopyToDense(ref dense);
                var editor = VBufferEditor.Create(ref keys, dense.Length);
                for (int i = 0; i < dense.Length; i++)
                    editor.Values[i] = _keys.GetValueOrDefault(dense.GetValues()[i]);
                keys = editor.Commit();
            });
        }
        var getValue = row.GetGetter<T>(column);
        T value = default;
        return (ValueGetter<uint>)((ref uint key) =>
        {
            getValue(ref value);
            key = _keys.GetValueOrDefault(value);
        });
    }

    internal override void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column source, bool asText)
    {
        if (ItemType is KeyDataViewType key && source.AnnotationType(AnnotationUtils.Kinds.KeyValues) is VectorDataViewType own && own.Size == key.GetKeyCountAsInt32())
        {
            // Numbers of keys stand for what these stood for.
            int[] places = [.. _values.Select(value => Convert.ToInt32(value, CultureInfo.InvariantCulture) - 1)];
            Stock.Call(AddSourceValues<int>, [own.ItemType.RawType], annotations, source, own.ItemType, places, asText);
        }
        else
        {
            Add(annotations, ItemType, _values, asText);
        }
    }

    private static void AddSourceValues<TValue>(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column source,
        PrimitiveDataViewType type, int[] places, bool asText)
    {
        VBuffer<TValue> buffer = default;
        source.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref buffer);
        TValue[] values = [.. buffer.DenseValues()];
        Add(annotations, type, Array.ConvertAll(places, place => values[place]), asText);
    }

    private static void Add<TValue>(DataViewSchema.Annotations.Builder annotations, PrimitiveDataViewType type, TValue[] values, bool asText)
    {
        if (asText && type is not TextDataViewType)
        {
            var texts = Array.ConvertAll(values, value => Text(value).AsMemory());
            annotations.Add(AnnotationUtils.Kinds.KeyValues, new VectorDataViewType(TextDataViewType.Instance, texts.Length), Stock.Constant(texts));
        }
        else
        {
            annotations.Add(AnnotationUtils.Kinds.KeyValues, new VectorDataViewType(type, values.Length), Stock.Constant(values));
        }
    }

    private static string Text<TValue>(TValue value) => value switch
    {
        bool flag => flag ? "1" : "0",
        double number => number.ToString("G17", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}

/// <summary>Texts compared by their characters' codes.</summary>
internal sealed class TextComparer : IEqualityComparer<ReadOnlyMemory<char>>, IComparer<ReadOnlyMemory<char>>
{
    public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

    public int GetHashCode(ReadOnlyMemory<char> text) => string.GetHashCode(text.Span);

    public int Compare(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceCompareTo(y.Span);
}

using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

public static class ColumnCursorExtensions
{
    public static IEnumerable<T> GetColumn<T>(this IDataView data, string columnName)
    {
        Contracts.CheckValue(data, nameof(data));
        return data.GetColumn<T>(data.Schema[columnName]);
    }

    public static IEnumerable<T> GetColumn<T>(this IDataView data, DataViewSchema.Column column)
    {
        Contracts.CheckValue(data, nameof(data));
        Contracts.CheckNonEmpty(column.Name, nameof(column));
        var type = column.Type;
        if (data.Schema[column.Index].Name != column.Name || data.Schema[column.Index].Type != type)
        {
            throw Contracts.ExceptParam(nameof(column),
                $"column with name {column.Name}, type {type}, and index {column.Index} cannot be found in {nameof(data)}");
        }
        if (type.RawType == typeof(T))
            return Values<T, T>(data, column, value => value);
        if (typeof(T) == typeof(string) && type is TextDataViewType)
            return (IEnumerable<T>)Values<ReadOnlyMemory<char>, string>(data, column, text => text.ToString());
        if (typeof(T).IsArray)
        {
            if (type is not VectorDataViewType vector)
                throw Contracts.ExceptParam(nameof(column),
                    $"Cannot load vector type, {type}, specified in {nameof(column)} to the user-defined type, {typeof(T)}.");
            if (typeof(T) == typeof(string[]) && vector.ItemType is TextDataViewType)
            {
                return (IEnumerable<T>)Values<VBuffer<ReadOnlyMemory<char>>, string[]>(data, column,
                    texts => texts.DenseValues().Select(text => text.ToString()).ToArray());
            }
            if (typeof(T).GetElementType() == vector.ItemType.RawType)
            {
                return (IEnumerable<T>)typeof(ColumnCursorExtensions)
                    .GetMethod(nameof(Arrays), BindingFlags.Static | BindingFlags.NonPublic)
                    .MakeGenericMethod(vector.ItemType.RawType).Invoke(null, [data, column]);
            }
        }
        throw Contracts.ExceptParam(nameof(column),
            $"Cannot map column (name: {column.Name}, type: {type}) in {nameof(data)} to the user-defined type, {typeof(T)}.");
    }

    private static IEnumerable<T[]> Arrays<T>(IDataView data, DataViewSchema.Column column) =>
        Values<VBuffer<T>, T[]>(data, column, vector =>
        {
            var array = new T[vector.Length];
            vector.CopyTo(array);
            return array;
        });

    private static IEnumerable<TResult> Values<T, TResult>(IDataView data, DataViewSchema.Column column, Func<T, TResult> convert)
    {
        using var cursor = data.GetRowCursor([column]);
        var getter = cursor.GetGetter<T>(column);
        T value = default;
        while (cursor.MoveNext())
        {
            getter(ref value);
            yield return convert(value);
        }
    }
}

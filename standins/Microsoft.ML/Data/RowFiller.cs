using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Copies the values of rows into objects.</summary>
internal sealed class RowFiller<TRow> where TRow : class
{
    private readonly List<(RowMember Member, DataViewSchema.Column Column)> _bound = new();

    public RowFiller(IHostEnvironment env, DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition)
    {
        var host = env.Register("TypedCursorable");
        definition ??= SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Write);
        foreach (var member in RowMember.Create(typeof(TRow), definition))
        {
            if (schema.GetColumnOrNull(member.ColumnName) is not { } column)
            {
                if (ignoreMissingColumns)
                    continue;
                throw host.ExceptSchemaMismatch("Schema", "", member.ColumnName);
            }
            if (!member.IsCompatible(column.Type))
            {
                throw host.Except($"Can't bind the IDataView column '{column.Name}' of type '{column.Type}' to field or property " +
                    $"'{member.Name}' of type '{member.Type.FullName}'.");
            }
            _bound.Add((member, column));
        }
    }

    /// <summary>The columns that the members need.</summary>
    public IEnumerable<DataViewSchema.Column> Columns => _bound.Select(pair => pair.Column);

    /// <summary>An action that copies the current values of the row into an object.</summary>
    public Action<TRow> Bind(DataViewRow row)
    {
        var setters = _bound.Select(pair => MakeSetter(pair.Member, row, pair.Column)).ToArray();
        return target =>
        {
            foreach (var setter in setters)
                setter(target);
        };
    }

    private static Action<TRow> MakeSetter(RowMember member, DataViewRow row, DataViewSchema.Column column)
    {
        if (member.Type == typeof(string))
            return TextSetter(member, row.GetGetter<ReadOnlyMemory<char>>(column));
        if (member.Type == typeof(string[]))
            return TextArraySetter(member, row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column));
        if (member.Type.IsArray)
            return Invoke(nameof(ArraySetter), member.Type.GetElementType(), member, row, column);
        return Invoke(nameof(PlainSetter), member.Type, member, row, column);
    }

    private static Action<TRow> Invoke(string method, Type type, params object[] arguments)
    {
        try
        {
            return (Action<TRow>)typeof(RowFiller<TRow>).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)
                .MakeGenericMethod(type).Invoke(null, arguments);
        }
        catch (TargetInvocationException exception)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerException);
            throw;
        }
    }

    private static Action<TRow> TextSetter(RowMember member, ValueGetter<ReadOnlyMemory<char>> getter)
    {
        var write = member.Writer<TRow, string>();
        ReadOnlyMemory<char> value = default;
        return target =>
        {
            getter(ref value);
            write(target, value.ToString());
        };
    }

    private static Action<TRow> TextArraySetter(RowMember member, ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter)
    {
        var write = member.Writer<TRow, string[]>();
        VBuffer<ReadOnlyMemory<char>> value = default;
        return target =>
        {
            getter(ref value);
            write(target, value.DenseValues().Select(text => text.ToString()).ToArray());
        };
    }

    private static Action<TRow> PlainSetter<T>(RowMember member, DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<T>(column);
        var write = member.Writer<TRow, T>();
        T value = default;
        return target =>
        {
            getter(ref value);
            write(target, value);
        };
    }

    /// <summary>Fills the array that the object holds already if its length fits.</summary>
    private static Action<TRow> ArraySetter<T>(RowMember member, DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        var (read, write) = (member.Reader<TRow, T[]>(), member.Writer<TRow, T[]>());
        VBuffer<T> value = default;
        return target =>
        {
            getter(ref value);
            var array = read(target);
            if (array?.Length != value.Length)
                array = new T[value.Length];
            value.CopyTo(array);
            write(target, array);
        };
    }
}

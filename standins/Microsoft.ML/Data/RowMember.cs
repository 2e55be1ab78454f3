using System.Linq.Expressions;
using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A member of a row class that stands for a column.</summary>
internal sealed class RowMember
{
    private readonly MemberInfo _member;
    private Delegate _reader;
    private Delegate _writer;

    private RowMember(SchemaDefinition.Column column, Type userType)
    {
        _member = (MemberInfo)userType.GetField(column.MemberName) ?? userType.GetProperty(column.MemberName) ??
            throw Contracts.ExceptParam("userSchemaDefinition",
                $"No field or property with name '{column.MemberName}' found in type '{userType.FullName}'");
        GetVectorAndItemType(_member, out bool isVector, out var itemType);
        ColumnName = column.ColumnName;
        Annotations = column.Annotations;
        ColumnType = column.ColumnType ?? Inferred(isVector, itemType);
        bool wantsVector = ColumnType is VectorDataViewType;
        if (isVector != wantsVector)
        {
            throw Contracts.ExceptParam("userSchemaDefinition",
                $"Column '{ColumnName}' is supposed to be {(wantsVector ? "vector" : "scalar")}, but " +
                $"type of associated field '{column.MemberName}' is {(isVector ? "vector" : "scalar")}");
        }
        if (ColumnType.GetItemType().RawType != itemType)
        {
            throw Contracts.ExceptParam("userSchemaDefinition", $"Column '{ColumnName}' is supposed to have item type " +
                $"{ColumnType.GetItemType().RawType}, but associated field has type {itemType}");
        }
    }

    public string ColumnName { get; }

    public DataViewType ColumnType { get; }

    public DataViewSchema.Annotations Annotations { get; }

    public string Name => _member.Name;

    public Type Type => TypeOf(_member);

    public static RowMember[] Create(Type userType, SchemaDefinition definition) =>
        definition.Select(column => new RowMember(column, userType)).ToArray();

    public static DataViewSchema Schema(IEnumerable<RowMember> members)
    {
        var schema = new DataViewSchema.Builder();
        foreach (var member in members)
            schema.AddColumn(member.ColumnName, member.ColumnType, member.Annotations);
        return schema.ToSchema();
    }

    public static Type TypeOf(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    public static void GetVectorAndItemType(MemberInfo member, out bool isVector, out Type itemType) =>
        GetVectorAndItemType(member.Name, TypeOf(member), member.GetCustomAttributes(), out isVector, out itemType);

    public static void GetVectorAndItemType(string name, Type rawType, IEnumerable<Attribute> attributes, out bool isVector,
        out Type itemType)
    {
        isVector = rawType.IsArray;
        itemType = rawType.IsArray ? rawType.GetElementType() : rawType;
        if (itemType == typeof(string))
            itemType = typeof(ReadOnlyMemory<char>);
        if (ColumnTypeExtensions.StandardTypeOrNull(itemType) == null &&
            DataViewTypeManager.GetDataViewTypeOrNull(itemType, attributes) == null)
            throw Contracts.ExceptParam(nameof(rawType),
                $"Could not determine an IDataView type and registered custom types for member {name}");
    }

    private static DataViewType Inferred(bool isVector, Type itemType)
    {
        var item = ColumnTypeExtensions.PrimitiveTypeFromType(itemType);
        return isVector ? new VectorDataViewType(item) : item;
    }

    /// <summary>Can the member take the values of a column of this type?</summary>
    public bool IsCompatible(DataViewType type)
    {
        GetVectorAndItemType(_member, out bool isVector, out var itemType);
        return isVector == type is VectorDataViewType && type.GetItemType().RawType == itemType;
    }

    /// <summary>A function from the row object to the member's value.</summary>
    public Func<TRow, TMember> Reader<TRow, TMember>() => (Func<TRow, TMember>)(_reader ??= CompileReader<TRow>());

    /// <summary>Sets the member's value in the row object.</summary>
    public Action<TRow, TMember> Writer<TRow, TMember>() => (Action<TRow, TMember>)(_writer ??= CompileWriter<TRow>());

    private Delegate CompileReader<TRow>()
    {
        var row = Expression.Parameter(typeof(TRow));
        return Expression.Lambda(Expression.MakeMemberAccess(row, _member), row).Compile();
    }

    private Delegate CompileWriter<TRow>()
    {
        var row = Expression.Parameter(typeof(TRow));
        var value = Expression.Parameter(Type);
        return Expression.Lambda(typeof(Action<,>).MakeGenericType(typeof(TRow), Type),
            Expression.Assign(Expression.MakeMemberAccess(row, _member), value), row, value).Compile();
    }
}

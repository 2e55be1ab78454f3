using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Which members of a class are columns, under which names and types.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition() { }

    [Flags]
    public enum Direction
    {
        Read = 1,
        Write = 2,
        Both = Read | Write,
    }

    public Column this[string columnName]
    {
        get => Find(column => column.ColumnName == columnName);
        set
        {
            Contracts.CheckValue(value, nameof(value));
            if (value.ColumnName != columnName)
            {
                throw Contracts.ExceptParam(nameof(columnName),
                    $"The column name is specified as '{value.ColumnName}' but must match the selector '{columnName}'.");
            }
            int index = FindIndex(column => column.ColumnName == columnName);
            if (index >= 0)
                this[index] = value;
            else
                Add(value);
        }
    }

    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        Contracts.CheckValue(userType, nameof(userType));
        var properties = userType.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property =>
            property.GetIndexParameters().Length == 0 &&
            (direction.HasFlag(Direction.Read) && property.GetGetMethod() != null ||
             direction.HasFlag(Direction.Write) && property.GetSetMethod() != null));
        var members = userType.GetFields(BindingFlags.Public | BindingFlags.Instance).Cast<MemberInfo>().Concat(properties)
            .Where(member => RowMember.TypeOf(member) != typeof(IChannel) && member.GetCustomAttribute<NoColumnAttribute>() == null);
        var definition = new SchemaDefinition();
        foreach (var member in members)
        {
            member.GetCustomAttribute<DataViewTypeAttribute>()?.Register();
            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            if (definition[name] != null)
                throw Contracts.ExceptParam(nameof(userType), $"Duplicate column name '{name}' detected, this is disallowed");
            definition.Add(new Column(member.Name, TypeOf(member), name));
        }
        return definition;
    }

    private static DataViewType TypeOf(MemberInfo member)
    {
        RowMember.GetVectorAndItemType(member, out bool isVector, out var itemType);
        if (DataViewTypeManager.GetDataViewTypeOrNull(itemType, member.GetCustomAttributes()) is { } registered)
            return registered;
        var key = member.GetCustomAttribute<KeyTypeAttribute>();
        if (key != null && !KeyDataViewType.IsValidDataType(itemType))
        {
            throw Contracts.ExceptParam("userType",
                $"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid " +
                "kind of data for a key type");
        }
        var item = key != null
            ? new KeyDataViewType(itemType, key.KeyCount.Count.Value)
            : ColumnTypeExtensions.PrimitiveTypeFromType(itemType);
        var vector = member.GetCustomAttribute<VectorTypeAttribute>();
        if (vector != null && !isVector)
        {
            throw Contracts.ExceptParam("userType", $"Member {member.Name} marked with VectorTypeAttribute, but does not appear to be a " +
                "vector type");
        }
        if (!isVector)
            return item;
        return vector?.Dims is { Length: > 0 } dimensions ? new VectorDataViewType(item, dimensions) : new VectorDataViewType(item);
    }

    /// <summary>The members of a class as columns of a given schema.</summary>
    internal static SchemaDefinition CreateFor<TRow>(IHostEnvironment env, DataViewSchema schema)
    {
        var definition = Create(typeof(TRow), Direction.Read);
        foreach (var column in schema)
        {
            var member = definition[column.Name] ?? throw env.Except($"Type should contain a member named {column.Name}");
            member.ColumnType = column.Type;
            member.Given.Add(column.Annotations, _ => true);
        }
        return definition;
    }

    public sealed class Column
    {
        internal Column(string memberName, DataViewType columnType, string columnName)
        {
            MemberName = memberName;
            ColumnType = columnType;
            ColumnName = columnName;
        }

        internal DataViewSchema.Annotations.Builder Given { get; } = new();

        public string MemberName { get; }

        public string ColumnName { get; set; }

        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations => Given.ToAnnotations();

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            Contracts.CheckValue(kind, nameof(kind));
            Contracts.CheckValue(annotationType, nameof(annotationType));
            if (Annotations.Schema.GetColumnOrNull(kind) != null)
                throw Contracts.Except("Column already contains an annotation of this kind.");
            RowMember.GetVectorAndItemType("annotation value", typeof(T), null, out bool isVector, out var itemType);
            bool wantsVector = annotationType is VectorDataViewType;
            if (isVector != wantsVector)
            {
                throw Contracts.Except($"Value inputted is supposed to be {(isVector ? "vector" : "scalar")}, but type of " +
                    "Annotationinfo is " + (wantsVector ? "vector" : "scalar"));
            }
            if (itemType != annotationType.GetItemType().RawType)
            {
                throw Contracts.Except($"Value inputted is supposed to have Type {itemType}, but type of Annotationinfo has " +
                    annotationType.GetItemType().RawType);
            }
            Given.Add(kind, annotationType, MemberGetters.Create(typeof(T), null, () => value));
        }
    }
}

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
        var members = userType.GetFields(BindingFlags.Public | BindingFlags.Instance).Cast<MemberInfo>().Concat(properties);
        var definition = new SchemaDefinition();
        foreach (var member in members)
        {
            member.GetCustomAttribute<DataViewTypeAttribute>()?.Register();
            definition.Add(new Column(member.Name, TypeOf(member)));
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

    public sealed class Column
    {
        private readonly DataViewSchema.Annotations.Builder _annotations = new();
        private readonly HashSet<string> _kinds = new();

        internal Column(string memberName, DataViewType columnType) => (MemberName, ColumnName, ColumnType) = (memberName, memberName, columnType);

        public string MemberName { get; }

        public string ColumnName { get; set; }

        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations => _annotations.ToAnnotations();

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            Contracts.CheckValue(kind, nameof(kind));
            Contracts.CheckValue(annotationType, nameof(annotationType));
            if (!_kinds.Add(kind))
                throw Contracts.Except("Column already contains an annotation of this kind.");
            if (value is string[] texts)
                Add(kind, annotationType, texts.Select(text => text.AsMemory()).ToArray());
            else if (value is Array items)
                _addArray.MakeGenericMethod(typeof(T).GetElementType()).Invoke(this, [kind, annotationType, items]);
            else
                throw new NotSupportedException($"The stand-in for ML.NET takes arrays as annotations, not {typeof(T)}.");
        }

        private static readonly MethodInfo _addArray = typeof(Column).GetMethod(nameof(Add), BindingFlags.NonPublic | BindingFlags.Instance);

        private void Add<T>(string kind, DataViewType type, T[] items)
        {
            if ((type as VectorDataViewType)?.ItemType.RawType != typeof(T))
            {
                throw Contracts.Except($"Value inputted is supposed to have Type {typeof(T)}, but type of Annotationinfo has " +
                    $"{type.GetItemType().RawType}");
            }
            _annotations.Add(kind, type, (ref VBuffer<T> destination) =>
            {
                var editor = VBufferEditor.Create(ref destination, items.Length);
                items.CopyTo(editor.Values);
                destination = editor.Commit();
            });
        }
    }
}

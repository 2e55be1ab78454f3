namespace Microsoft.ML.Data;

internal static class ColumnTypeExtensions
{
    private static readonly PrimitiveDataViewType[] _standard =
    [
        TextDataViewType.Instance, BooleanDataViewType.Instance, NumberDataViewType.SByte, NumberDataViewType.Byte,
        NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32, NumberDataViewType.UInt32,
        NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
    ];

    public static bool IsStandardScalar(this DataViewType type) => Array.IndexOf(_standard, type) >= 0;

    public static ulong GetKeyCount(this DataViewType type) => (type as KeyDataViewType)?.Count ?? 0;

    public static int GetKeyCountAsInt32(this DataViewType type, Runtime.IExceptionContext context = null)
    {
        ulong count = type.GetKeyCount();
        return count <= int.MaxValue ? (int)count : throw Runtime.Contracts.Except(context, "KeyDataViewType.Count exceeds int.MaxValue.");
    }

    public static DataViewType GetItemType(this DataViewType type) => (type as VectorDataViewType)?.ItemType ?? type;

    public static int GetVectorSize(this DataViewType type) => (type as VectorDataViewType)?.Size ?? 0;

    public static int GetValueCount(this DataViewType type) => (type as VectorDataViewType)?.Size ?? 1;

    public static bool SameSizeAndItemType(this DataViewType type, DataViewType other) => type.Equals(other) ||
        type is VectorDataViewType vector && other is VectorDataViewType second && vector.ItemType.Equals(second.ItemType) &&
            vector.Size == second.Size;

    /// <summary>The standard type for a raw type or null.</summary>
    public static PrimitiveDataViewType StandardTypeOrNull(Type type) =>
        _standard.FirstOrDefault(standard => standard.RawType == (type == typeof(string) ? typeof(ReadOnlyMemory<char>) : type));

    public static PrimitiveDataViewType PrimitiveTypeFromType(Type type) => StandardTypeOrNull(type) ??
        throw new InvalidOperationException($"Bad type in {nameof(ColumnTypeExtensions)}.NumberTypeFromType: {type}");
}

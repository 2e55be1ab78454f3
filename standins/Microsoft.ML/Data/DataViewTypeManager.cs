using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Column types that were added to the standard ones, with the .NET types and attributes that stand for them in row classes.
/// </summary>
public static class DataViewTypeManager
{
    private static readonly Dictionary<(Type Type, DataViewTypeAttribute Attribute), DataViewType> _types = new();

    public static void Register(DataViewType dataViewType, Type type, DataViewTypeAttribute typeAttribute = null)
    {
        lock (_types)
        {
            if (!_types.TryAdd((type, typeAttribute), dataViewType) && !_types[(type, typeAttribute)].Equals(dataViewType))
            {
                throw Contracts.ExceptParam(nameof(type), $"Repeated type register. The raw type {type} has been associated with " +
                    $"{_types[(type, typeAttribute)]} so it cannot be associated with {dataViewType}.");
            }
        }
    }

    internal static DataViewType GetDataViewTypeOrNull(Type type, IEnumerable<Attribute> typeAttributes)
    {
        var attribute = typeAttributes?.OfType<DataViewTypeAttribute>().SingleOrDefault();
        lock (_types)
            return _types.GetValueOrDefault((type, attribute));
    }

    internal static bool Knows(DataViewType dataViewType)
    {
        lock (_types)
            return _types.Values.Any(type => type.Equals(dataViewType));
    }
}

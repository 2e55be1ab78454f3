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
            if (ColumnTypeExtensions.StandardTypeOrNull(type) != null)
            {
                throw Contracts.ExceptParam(nameof(type), $"Type {type} has been registered as ML.NET's default supported type, " +
                    "so it can't not be registered again.");
            }
            if (_types.TryGetValue((type, typeAttribute), out var known))
            {
                if (known.Equals(dataViewType))
                    return;
                throw Contracts.ExceptParam(nameof(type), $"Repeated type register. The raw type {type} has been associated with {known} " +
                    $"so it cannot be associated with {dataViewType}.");
            }
            if (_types.FirstOrDefault(entry => entry.Value.Equals(dataViewType)) is { Value: not null } taken)
            {
                throw Contracts.ExceptParam(nameof(dataViewType), $"Repeated type register. The DataView type {dataViewType} has been " +
                    $"associated with {taken.Key.Type} so it cannot be associated with {type}.");
            }
            _types.Add((type, typeAttribute), dataViewType);
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

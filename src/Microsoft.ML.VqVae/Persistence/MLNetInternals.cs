using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>The few things that ML.NET knows and keeps internal: the environment of a catalog, its settings, and the columns of a schema
/// shape.</summary>
internal static class MLNetInternals
{
    public static IHostEnvironment EnvironmentOf(TransformsCatalog catalog) => CatalogUtils.GetEnvironment(catalog);

    /// <summary>The seed that the MLContext was made with, or null.</summary>
    public static int? SeedOf(IHostEnvironment environment) => (environment as IHostEnvironmentInternal)?.Seed;

    /// <summary>The values of MLContext.GpuDeviceId and MLContext.FallbackToCpu.</summary>
    public static (int? GpuDeviceId, bool FallbackToCpu) DeviceSettingsOf(IHostEnvironment environment) =>
        environment is IHostEnvironmentInternal settings ? (settings.GpuDeviceId, settings.FallbackToCpu) : (null, false);

    public static SchemaShape.Column ShapeColumn(
        string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey = false, SchemaShape? annotations = null) =>
        new(name, kind, itemType, isKey, annotations);

    /// <summary>The type of a shape's column as ML.NET writes it in its own messages.</summary>
    public static string TypeText(SchemaShape.Column column) => column.GetTypeString();
}

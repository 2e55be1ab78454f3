using System.Runtime.CompilerServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

namespace Microsoft.ML.VqVae.Persistence
{
    /// <summary>The internals of ML.NET that this library uses: the environment of a catalog, its settings, and the columns of a schema
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
}

namespace System.Runtime.CompilerServices
{
    /// <summary>
    /// Tells the runtime that this assembly may call the internals of another one. The runtime knows the attribute by its name; the
    /// compiler
    /// is shown a reference with everything public (eng/Publicize.targets).
    /// </summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}

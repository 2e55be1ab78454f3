using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML;

/// <summary>The components of this library, as <c>mlContext.Transforms.VqVae</c>.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "Components are found on the catalog, whether or not they need its environment.")]
public sealed partial class VqVaeCatalog
{
    readonly IHostEnvironment _environment;

    internal VqVaeCatalog(IHostEnvironment environment) => _environment = environment;
}

/// <summary>Puts the components of this library into ML.NET's catalogs.</summary>
public static class VqVaeCatalogExtensions
{
    extension(TransformsCatalog catalog)
    {
        /// <summary>Vector-quantised autoencoders: discrete codes of images and of sound.</summary>
        public VqVaeCatalog VqVae => new(MLNetInternals.EnvironmentOf(catalog));
    }
}

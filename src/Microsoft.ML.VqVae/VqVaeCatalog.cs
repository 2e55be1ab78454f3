using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML;

/// <summary>The catalog of VQ-VAE estimators, <c>mlContext.Transforms.VqVae</c>.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "All components are methods of the catalog, with or without use of its environment.")]
public sealed partial class VqVaeCatalog
{
    readonly IHostEnvironment _environment;

    internal VqVaeCatalog(IHostEnvironment environment) => _environment = environment;
}

/// <summary>Extends ML.NET's catalog of transforms by the catalog of this library.</summary>
public static class VqVaeCatalogExtensions
{
    extension(TransformsCatalog catalog)
    {
        /// <summary>Vector-quantized variational autoencoders (van den Oord et al. 2017, arXiv 1711.00937), which learn discrete codes of
        /// images, speech and video, and priors over the codes.</summary>
        public VqVaeCatalog VqVae => new(MLNetInternals.EnvironmentOf(catalog));
    }
}

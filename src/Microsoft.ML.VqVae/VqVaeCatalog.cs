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
/// <remarks><c>ml.Transforms.VqVae</c> is an extension property, which needs C# 14, the language of .NET 10. In F#, Visual Basic and
/// earlier versions of C# write <c>ml.Transforms.GetVqVae()</c>.</remarks>
public static class VqVaeCatalogExtensions
{
    /// <summary>The catalog of this library for languages without extension properties: F#, Visual Basic, and C# before version
    /// 14.</summary>
    /// <param name="catalog">The catalog of transforms, <c>mlContext.Transforms</c>.</param>
    /// <returns>The catalog that <c>mlContext.Transforms.VqVae</c> is in C# 14.</returns>
    public static VqVaeCatalog GetVqVae(this TransformsCatalog catalog) => new(MLNetInternals.EnvironmentOf(catalog));

    extension(TransformsCatalog catalog)
    {
        /// <summary>Vector-quantized variational autoencoders (van den Oord et al. 2017, arXiv 1711.00937), which learn discrete codes of
        /// images, sound, video and time series, and priors over the codes.</summary>
        public VqVaeCatalog VqVae => catalog.GetVqVae();
    }
}

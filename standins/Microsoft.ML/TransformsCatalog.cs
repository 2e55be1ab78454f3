using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML
{
    /// <summary>The catalog that extension methods hang the transforms on.</summary>
    public sealed class TransformsCatalog : IInternalCatalog
    {
        private readonly IHostEnvironment _env;

        internal TransformsCatalog(IHostEnvironment env)
        {
            _env = env;
            Conversion = new ConversionTransforms(env);
        }

        IHostEnvironment IInternalCatalog.Environment => _env;

        public ConversionTransforms Conversion { get; }

        public sealed class ConversionTransforms : IInternalCatalog
        {
            private readonly IHostEnvironment _env;

            internal ConversionTransforms(IHostEnvironment env) => _env = env;

            IHostEnvironment IInternalCatalog.Environment => _env;
        }
    }
}

namespace Microsoft.ML.Data
{
    internal interface IInternalCatalog
    {
        IHostEnvironment Environment { get; }
    }

    internal static class CatalogUtils
    {
        public static IHostEnvironment GetEnvironment(this IInternalCatalog catalog) =>
            (catalog ?? throw Contracts.ExceptValue(null, nameof(catalog))).Environment;
    }
}

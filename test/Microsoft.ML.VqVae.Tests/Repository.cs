using System.Reflection;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>The checkout that the tests were built in. Its path is told at build time: paths in a deterministic build are not real
/// ones.</summary>
static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "RepositoryRoot").Value!;
}

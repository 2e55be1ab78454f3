using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>How every sample writes its metrics.json: readable, with keys in snake case.</summary>
internal static class MetricsFile
{
    static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A perfect copy has an infinite PSNR.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void Save<T>(string path, T metrics) =>
        File.WriteAllText(path, JsonSerializer.Serialize(metrics, Format) + Environment.NewLine);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>The content of a metrics.json, with keys in snake case; other programs rely on the keys.</summary>
internal abstract record SampleMetrics
{
    static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A perfect copy has an infinite PSNR.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public string ToJson() => JsonSerializer.Serialize(this, GetType(), Format) + Environment.NewLine;

    public void Save(string path) => File.WriteAllText(path, ToJson());
}

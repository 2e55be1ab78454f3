using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Microsoft.ML.VqVae.Training;

/// <summary>What a checkpoint must agree with for training to go on from it: a line for each setting that decides the weights.</summary>
internal sealed class SettingsFingerprint
{
    readonly List<string> _lines = [];

    /// <summary>A line for each property of an options object, by its name.</summary>
    public SettingsFingerprint Add<T>(string name, T options, JsonTypeInfo<T> json)
    {
        AddNode(name, JsonSerializer.SerializeToNode(options, json));
        return this;
    }

    public SettingsFingerprint Add(string name, IFormattable value)
    {
        _lines.Add($"{name}={value.ToString(null, CultureInfo.InvariantCulture)}");
        return this;
    }

    void AddNode(string name, JsonNode? node)
    {
        if (node is JsonObject settings)
        {
            foreach ((string property, JsonNode? value) in settings)
                AddNode($"{name}.{property}", value);
        }
        else
        {
            _lines.Add($"{name}={node?.ToJsonString() ?? "null"}");
        }
    }

    public override string ToString() => string.Join('\n', _lines);
}

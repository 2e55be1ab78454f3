using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The complete state of a run, in one safetensors file, from which it continues as if never interrupted. Its tensors are
/// <c>network.*</c>, Adam's <c>adam.*</c>, the <c>best.*</c> weights of the validation and the running means <c>meter.*</c>; its metadata
/// are the <see cref="TrainingState"/> and the settings of the run, which must match.</summary>
internal sealed class Checkpoint
{
    internal const string FileName = "checkpoint.safetensors";

    const string Format = "Microsoft.ML.VqVae.checkpoint";
    const int Version = 1;
    const string SettingPrefix = "setting.";

    static readonly JsonSerializerOptions StateFormat = new()
    {
        IgnoreReadOnlyProperties = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    readonly string path;
    readonly IReadOnlyDictionary<string, string> settings;

    /// <param name="folder">The folder of the file; created now, so that an invalid name fails before training.</param>
    /// <param name="settings">The settings that a checkpoint must match, by name.</param>
    internal Checkpoint(string folder, IReadOnlyDictionary<string, string> settings)
    {
        Directory.CreateDirectory(folder);
        path = Path.Combine(folder, FileName);
        this.settings = settings;
    }

    /// <summary>Writes the file; one that exists stays whole until the new one is.</summary>
    internal void Save(TrainingState state, TrainingTensors tensors, LossMeter meter)
    {
        (state.MeterExamples, state.MeterBatches) = (meter.Examples, meter.Batches);
        var metadata = new Dictionary<string, string>
        {
            ["format"] = Format,
            ["version"] = Version.ToString(CultureInfo.InvariantCulture),
            ["state"] = JsonSerializer.Serialize(state, StateFormat),
        };
        foreach (var (name, value) in settings)
            metadata.Add(SettingPrefix + name, value);

        using var scope = NewDisposeScope();
        var all = new List<KeyValuePair<string, Tensor>>();
        AddAll("network.", tensors.Network.state_dict());
        AddAll("best.", tensors.Best ?? []);
        AddAll("meter.", meter.Sums);
        foreach (var (name, adam) in tensors.AdamStates())
        {
            all.Add(new($"adam.exp_avg.{name}", adam.exp_avg));
            all.Add(new($"adam.exp_avg_sq.{name}", adam.exp_avg_sq));
            all.Add(new($"adam.step.{name}", tensor(adam.step)));
        }

        Safetensors.WriteFile(path, all, metadata);

        void AddAll(string prefix, IEnumerable<KeyValuePair<string, Tensor>> some) =>
            all.AddRange(some.Select(t => new KeyValuePair<string, Tensor>(prefix + t.Key, t.Value)));
    }

    /// <summary>Restores the run from the file, if there is one.</summary>
    /// <returns>The state in the file, or null without a file.</returns>
    internal TrainingState? TryRestore(TrainingTensors tensors, LossMeter meter, Device device)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using var content = Safetensors.ReadFile(path);
            var state = ReadState(content);
            content.CopyTo(tensors.Network.state_dict(), "network.");
            var adam = tensors.AdamStates().ToDictionary(a => a.Name, a => a.State);
            content.CopyTo(adam.ToDictionary(a => a.Key, a => a.Value.exp_avg), "adam.exp_avg.");
            content.CopyTo(adam.ToDictionary(a => a.Key, a => a.Value.exp_avg_sq), "adam.exp_avg_sq.");
            foreach (var (name, parameter) in adam)
                parameter.step = content.Tensors[$"adam.step.{name}"].item<long>();
            if (content.Tensors.Keys.Any(n => n.StartsWith("best.", StringComparison.Ordinal)))
            {
                tensors.KeepAsBest();
                content.CopyTo(tensors.Best!, "best.");
            }

            meter.Restore(
                content.Tensors.Where(t => t.Key.StartsWith("meter.", StringComparison.Ordinal))
                    .Select(t => new KeyValuePair<string, Tensor>(t.Key["meter.".Length..], t.Value)),
                state.MeterExamples, state.MeterBatches, device);
            return state;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or KeyNotFoundException)
        {
            throw new InvalidDataException($"Cannot resume training: {e.Message} Delete the file to train from the start.", e);
        }
    }

    TrainingState ReadState(SafetensorsContent content)
    {
        if (content.Metadata.GetValueOrDefault("format") != Format)
            throw new InvalidDataException($"{path} is not a training checkpoint.");
        var version = content.Metadata.GetValueOrDefault("version");
        if (version != Version.ToString(CultureInfo.InvariantCulture))
            throw new InvalidDataException($"{path} is a checkpoint of version {version}, expected {Version}.");

        var found = content.Metadata.Where(m => m.Key.StartsWith(SettingPrefix, StringComparison.Ordinal))
            .ToDictionary(m => m.Key[SettingPrefix.Length..], m => m.Value);
        var differences = settings.Keys.Union(found.Keys).Order(StringComparer.Ordinal)
            .Where(name => settings.GetValueOrDefault(name) != found.GetValueOrDefault(name))
            .Select(name => $"{name} is {Text(settings, name)}, in the checkpoint {Text(found, name)}")
            .ToList();
        if (differences.Count > 0)
        {
            throw new InvalidOperationException(
                $"{path} is the checkpoint of another run: {string.Join("; ", differences)}. " +
                $"Resume with the same settings and data, or set another {nameof(TrainingOptions.CheckpointFolder)}.");
        }

        return JsonSerializer.Deserialize<TrainingState>(content.Metadata.GetValueOrDefault("state") ?? "null", StateFormat)
            ?? throw new InvalidDataException($"{path} has no state.");
    }

    static string Text(IReadOnlyDictionary<string, string> some, string name) => some.GetValueOrDefault(name) ?? "not set";
}

/// <summary>The state of a run without its tensors, kept as JSON in a checkpoint.</summary>
internal sealed class TrainingState
{
    const int LongestCurve = 1000;

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>Steps done when the validation loss was last measured.</summary>
    public long ValidatedStep { get; set; }

    public double? ValidationLoss { get; set; }

    public double? BestValidationLoss { get; set; }

    public long? BestValidationStep { get; set; }

    public int ValidationsSinceBest { get; set; }

    public bool StoppedEarly { get; set; }

    /// <summary>Examples and batches that the running means hold.</summary>
    public long MeterExamples { get; set; }

    /// <inheritdoc cref="MeterExamples"/>
    public long MeterBatches { get; set; }

    /// <summary>Time in training until this checkpoint.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>The last progress report.</summary>
    public TrainingProgress? Last { get; set; }

    /// <summary>Progress reports so far.</summary>
    public long Reports { get; set; }

    /// <summary>The number of reports per point of the learning curve.</summary>
    public long CurveStride { get; set; } = 1;

    public List<TrainingProgress> LearningCurve { get; set; } = [];

    /// <summary>Notes a report. Of a learning curve grown long every other point is dropped: it stays evenly spaced.</summary>
    internal void Reported(TrainingProgress progress)
    {
        Last = progress;
        if (Reports++ % CurveStride != 0)
            return;
        LearningCurve.Add(progress);
        if (LearningCurve.Count <= LongestCurve)
            return;
        var index = 0;
        LearningCurve.RemoveAll(_ => index++ % 2 == 1);
        CurveStride *= 2;
    }

    /// <summary>Notes a measurement of the validation loss.</summary>
    /// <returns>Whether it is the lowest so far.</returns>
    internal bool Validated(double loss)
    {
        (ValidatedStep, ValidationLoss) = (Step, loss);
        if (BestValidationLoss is { } best && loss >= best)
        {
            ValidationsSinceBest++;
            return false;
        }

        (BestValidationLoss, BestValidationStep, ValidationsSinceBest) = (loss, Step, 0);
        return true;
    }
}

/// <summary>The settings that a checkpoint must match to resume training: a line for each setting that affects the weights.</summary>
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

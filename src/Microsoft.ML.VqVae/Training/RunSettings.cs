using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The settings and data of a run by name, which must be the same for a resumed run to end in the weights of an uninterrupted one.
/// The number of steps is kept with them, but may change.</summary>
internal sealed class RunSettings
{
    internal const string Steps = nameof(TrainingOptions.Steps);

    const string Examples = "examples", Content = "content of the examples";

    // Where checkpoints of before have this digest, of features, it and the content depend on the processor that wrote them.
    const string Features = "audio";

    const string HeldOut = "unit of " + nameof(TrainingOptions.ValidationFraction);

    // Lengths that were set, where the run would shorten those of a preset: both have the same value.
    const string Kept = " (kept in short runs)";

    // Enough examples to distinguish data sets, few enough to cost no noticeable time.
    const int HashedExamples = 64;

    // Facts of the training data, which nobody set: the error sums them up.
    static readonly HashSet<string> OfData =
    [
        Content, "images", "mean", "deviation", "minimum", "maximum", "rows", "codes", "frames", "utterances", "speakers", Features,
        "series",
    ];

    // Without regard to case: version 0.1 wrote the seed twice, as Seed and as seed.
    readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    readonly bool _validationIntervalIsSet;
    readonly TrainingTask _task;
    readonly LearningRateSchedule _schedule;
    readonly long _steps;

    internal RunSettings(TrainingTask task, TrainingOptions options, BatchPlan plan, bool reducedPrecision)
    {
        (_task, _schedule, _steps) = (task, options.Schedule, plan.TotalSteps);
        _validationIntervalIsSet = options.ValidateEverySteps is not null;
        _values[Examples] = Text(task.Examples.Count);
        _values[Content] = task.Examples.Content ?? HashOfExamples(task, plan);
        _values[nameof(options.LearningRate)] = Text(options.LearningRate);
        _values[nameof(options.Schedule)] = options.Schedule.ToString();
        _values[nameof(options.BatchSize)] = Text(options.BatchSize);
        _values[Steps] = Text(plan.TotalSteps);
        _values[nameof(options.GradientClipNorm)] = Text(options.GradientClipNorm);
        _values[nameof(options.ValidationFraction)] = Text(options.ValidationFraction);
        _values[nameof(options.ValidateEverySteps)] = Text(plan.ValidateEverySteps);
        _values[nameof(options.EarlyStoppingPatience)] = Text(options.EarlyStoppingPatience);
        _values[nameof(options.Seed)] = Text(options.Seed ?? 0);
        // Where each example is a row there is no entry, as in checkpoints of before.
        if (plan.HoldsOutRows)
            _values[HeldOut] = "rows";
        // In Single there is no entry, as in checkpoints of version 0.1.
        if (reducedPrecision)
            _values[nameof(options.Precision)] = nameof(TrainingPrecision.BFloat16);
        foreach ((string name, string value) in task.Fingerprint.Values)
            _values.TryAdd(name, value);
    }

    /// <summary>The settings by name, as a checkpoint keeps them.</summary>
    internal IReadOnlyDictionary<string, string> Values => In(_steps);

    /// <summary>The settings that must be the same on all ranks of a group: also those that decide when they meet.</summary>
    internal IReadOnlyDictionary<string, string> OfRank(TrainingOptions options) => new Dictionary<string, string>(Values)
    {
        [nameof(options.ProgressEverySteps)] = Text(options.ProgressEverySteps),
        [nameof(options.CheckpointEverySteps)] = Text(options.CheckpointEverySteps),
        [nameof(options.CheckpointFolder)] = options.CheckpointFolder is null ? "not set" : "set",
        [nameof(options.ReturnModelWhenCanceled)] = Text(options.ReturnModelWhenCanceled),
    };

    /// <summary>The differences from the settings in a checkpoint, in words: settings that somebody changed, but not what follows from
    /// them.</summary>
    /// <param name="checkpoint">The settings in the checkpoint.</param>
    /// <param name="plannedSteps">The steps that its run was planned for.</param>
    /// <param name="shortensLengths">Whether its run shortened lengths of presets.</param>
    internal List<string> DifferencesFrom(
        IEnumerable<KeyValuePair<string, string>> checkpoint, long plannedSteps, bool shortensLengths)
    {
        Dictionary<string, string> mine = In(plannedSteps);
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string? name, string? value) in checkpoint)
            found.TryAdd(name, value);
        List<string> changed = [.. mine.Keys.Union(found.Keys, StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)
            .Where(name => mine.GetValueOrDefault(name) != found.GetValueOrDefault(name))];
        bool Changed(string name) => changed.Contains(name, StringComparer.OrdinalIgnoreCase);
        bool Follows(string name) => name switch
        {
            Steps => true,
            nameof(TrainingOptions.ValidateEverySteps) => !_validationIntervalIsSet
                && (_values[nameof(TrainingOptions.ValidationFraction)] == "0" || Changed(Examples)
                    || Changed(nameof(TrainingOptions.BatchSize)) || Changed(nameof(TrainingOptions.ValidationFraction))),
            Features => true,
            Content when found.ContainsKey(Features) => true,
            // The content is that of some examples, as many as a batch has at most; random crops follow the seed.
            Content => Changed(Examples) || Changed(nameof(TrainingOptions.BatchSize)) || Changed(nameof(TrainingOptions.Seed)),
            HeldOut => Changed(nameof(TrainingOptions.ValidationFraction)) || Changed(Examples),
            _ when name.EndsWith(Kept, StringComparison.OrdinalIgnoreCase) => !shortensLengths || Changed(name[..^Kept.Length]),
            _ => OfData.Contains(name) && Changed(Examples),
        };

        changed.RemoveAll(Follows);
        List<string> differences = [.. changed.Where(name => !OfData.Contains(name))
            .Select(name => $"{name} is {Of(mine, name)}, in the checkpoint {Of(found, name)}")];
        if (changed.Any(OfData.Contains))
            differences.Add("the training data have other values than those of the checkpoint");
        return differences;
    }

    static string Of(Dictionary<string, string> some, string name) => some.GetValueOrDefault(name) ?? "not set";

    /// <summary>The settings in a run of so many steps.</summary>
    Dictionary<string, string> In(long steps)
    {
        var all = new Dictionary<string, string>(_values, StringComparer.OrdinalIgnoreCase);
        foreach (RunLength length in _task.LengthsIn(steps).Where(length => length.IsSet && length.Shortened != length.Value))
            all[$"Quantizer.{length.Option}{Kept}"] = Text(length.Value);
        if (_schedule.KeepsLongRise(steps))
            all[$"{nameof(TrainingOptions.Schedule)}{Kept}"] = _schedule.ToString();
        return all;
    }

    static string HashOfExamples(TrainingTask task, BatchPlan plan)
    {
        int count = Math.Min(Math.Min(HashedExamples, plan.BatchSize), task.Examples.Count);
        int[] examples = Enumerable.Range(0, count).Select(i => (int)((long)i * task.Examples.Count / count)).ToArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (torch.Tensor tensor in BatchFeeder.Make(task.Examples.ReadBatch, new(examples, Step: null), pinned: false))
        {
            using torch.Tensor contiguous = tensor.contiguous();
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.dtype}[{string.Join(",", tensor.shape)}]"));
            hash.AppendData(contiguous.bytes);
            tensor.Dispose();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    static string Text(object? value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "none";
}

/// <summary>The settings of network and data that a checkpoint must match to resume training, by name: those that affect the
/// weights.</summary>
internal sealed class SettingsFingerprint
{
    readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    internal IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>Each property of an options object, by its name.</summary>
    public SettingsFingerprint Add<T>(string name, T options, JsonTypeInfo<T> json)
    {
        AddNode(name, JsonSerializer.SerializeToNode(options, json));
        return this;
    }

    public SettingsFingerprint Add(string name, IFormattable value) => Add(name, value.ToString(null, CultureInfo.InvariantCulture));

    /// <summary>A text; after one of the same name, both.</summary>
    public SettingsFingerprint Add(string name, string value)
    {
        _values[name] = _values.TryGetValue(name, out string? former) ? $"{former}, {value}" : value;
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
            Add(name, node?.ToJsonString() ?? "null");
        }
    }
}

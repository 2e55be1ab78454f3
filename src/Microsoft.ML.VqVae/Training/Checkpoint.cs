using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
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
    readonly RunSettings settings;

    /// <param name="folder">The folder of the file.</param>
    /// <param name="settings">The settings that a checkpoint must match.</param>
    internal Checkpoint(string folder, RunSettings settings) => (path, this.settings) = (Path.Combine(folder, FileName), settings);

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
        foreach ((string? name, string? value) in settings.Values)
            metadata.Add(SettingPrefix + name, value);

        using DisposeScope scope = NewDisposeScope();
        var all = new List<KeyValuePair<string, Tensor>>();
        AddAll("network.", tensors.Network.state_dict());
        AddAll("best.", tensors.Best ?? []);
        AddAll("meter.", meter.Sums);
        foreach ((string? name, Adam.State? adam) in tensors.AdamStates())
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
    /// <param name="tensors">The tensors of the run.</param>
    /// <param name="meter">The running means.</param>
    /// <param name="device">The device of the run.</param>
    /// <param name="totalSteps">The steps of the run.</param>
    /// <param name="share">The share in a group, whose ranks all restore the file of rank 0; null without a group.</param>
    /// <returns>The state in the file, and the steps that its run was planned for; null without a file.</returns>
    internal (TrainingState State, long PlannedSteps)? TryRestore(TrainingTensors tensors, LossMeter meter, Device device, long totalSteps,
        GroupShare? share)
    {
        try
        {
            using SafetensorsContent? content = Read(share);
            if (content is null)
                return null;
            (TrainingState? state, long plannedSteps) = ReadState(content, totalSteps);
            content.CopyTo(tensors.Network.state_dict(), "network.");
            var adam = tensors.AdamStates().ToDictionary(a => a.Name, a => a.State);
            content.CopyTo(adam.ToDictionary(a => a.Key, a => a.Value.exp_avg), "adam.exp_avg.");
            content.CopyTo(adam.ToDictionary(a => a.Key, a => a.Value.exp_avg_sq), "adam.exp_avg_sq.");
            RestoreSteps(content, adam);
            if (content.Tensors.Keys.Any(n => n.StartsWith("best.", StringComparison.Ordinal)))
            {
                tensors.KeepAsBest();
                content.CopyTo(tensors.Best!, "best.");
            }

            meter.Restore(
                [.. content.Tensors.Where(t => t.Key.StartsWith("meter.", StringComparison.Ordinal))
                    .Select(t => new KeyValuePair<string, Tensor>(t.Key["meter.".Length..], t.Value))],
                state.MeterExamples, state.MeterBatches, device);
            return (state, plannedSteps);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            string where = e.Message.Contains(path, StringComparison.Ordinal) ? "" : $"{path} is damaged: ";
            throw new InvalidDataException($"Cannot resume training: {where}{e.Message} Delete the file to train from the start.", e);
        }
    }

    SafetensorsContent? Read(GroupShare? share)
    {
        if (share is null)
            return File.Exists(path) ? Safetensors.ReadFile(path) : null;
        byte[]? file = share.FromFirst(() => File.Exists(path) ? File.ReadAllBytes(path) : null);
        using MemoryStream? stream = file is null ? null : new MemoryStream(file);
        return stream is null ? null : Safetensors.Read(stream, path);
    }

    static void RestoreSteps(SafetensorsContent content, Dictionary<string, Adam.State> adam)
    {
        using DisposeScope scope = NewDisposeScope();
        var steps = adam.ToDictionary(a => a.Key, _ => zeros([], dtype: ScalarType.Int64));
        content.CopyTo(steps, "adam.step.");
        foreach ((string? name, Tensor? step) in steps)
        {
            adam[name].step = step.item<long>() is >= 0 and var done
                ? done
                : throw new InvalidDataException($"The tensor 'adam.step.{name}' is negative.");
        }
    }

    (TrainingState State, long PlannedSteps) ReadState(SafetensorsContent content, long totalSteps)
    {
        if (content.Metadata.GetValueOrDefault("format") != Format)
            throw new InvalidDataException($"{path} is not a training checkpoint.");
        string? version = content.Metadata.GetValueOrDefault("version");
        if (version != Version.ToString(CultureInfo.InvariantCulture))
            throw new InvalidDataException($"{path} is a checkpoint of version {version}, expected {Version}.");

        var found = content.Metadata.Where(m => m.Key.StartsWith(SettingPrefix, StringComparison.Ordinal))
            .ToDictionary(m => m.Key[SettingPrefix.Length..], m => m.Value);
        if (!long.TryParse(found.GetValueOrDefault(RunSettings.Steps), NumberStyles.None, CultureInfo.InvariantCulture, out long planned))
            throw new InvalidDataException($"{path} does not say how many steps its run was planned for.");
        TrainingState state = JsonSerializer.Deserialize<TrainingState>(content.Metadata.GetValueOrDefault("state") ?? "null", StateFormat)
            ?? throw new InvalidDataException($"{path} has no state.");
        List<string> differences = settings.DifferencesFrom(found, planned, state.ShortensLengths);
        if (differences.Count > 0)
        {
            throw new InvalidOperationException(
                $"{path} is the checkpoint of another run: {string.Join("; ", differences)}. " +
                $"Resume with the same settings and data, or set another {nameof(TrainingOptions.CheckpointFolder)}.");
        }

        if (state.Problem(planned) is { } problem)
            throw new InvalidDataException($"{path} is damaged: {problem}.");
        if (!content.HasDigest && state.ShortensLengths)
            throw new InvalidDataException($"{path} is damaged: it has no SHA-256, which only version 0.1 did not write.");
        return state.Step <= totalSteps ? (state, planned) : throw new InvalidOperationException(
            $"{path} is the checkpoint of a run that has done {state.Step} steps, more than the {totalSteps} steps of this run. " +
            $"Set more {nameof(TrainingOptions.Steps)}, or another {nameof(TrainingOptions.CheckpointFolder)}.");
    }
}

using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Samples the frames that follow the ends of episodes, and returns them as a data view in memory.</summary>
internal sealed class VideoRollout
{
    readonly VideoPriorModel _model;
    readonly EpisodeStore _episodes;
    readonly int _count;
    // For each episode.
    readonly long[][] _actions;

    public VideoRollout(
        VideoPriorModel model, KeyNames? names, EpisodeStore episodes, Func<string, IReadOnlyList<string>> actions, int count)
    {
        (_model, _episodes, _count) = (model, episodes, count);
        int needed = model.Description.Network.ContextFrames;
        var known = new Dictionary<string, int>();
        _actions = new long[episodes.Episodes.Count][];
        for (int number = 0; number < _actions.Length; number++)
        {
            (uint key, _, int length) = episodes.Episodes[number];
            string name = names is not null && key <= names.Values.Length
                ? names.Values[key - 1] : key.ToString(CultureInfo.InvariantCulture);
            if (length < needed)
            {
                throw new InvalidOperationException(
                    $"The episode '{name}' of the context has {length} frames; the prior needs at least {needed}.");
            }
            IReadOnlyList<string> wanted = actions(name);
            if (wanted.Count == 0 || wanted.Count != (_actions[0]?.Length ?? wanted.Count))
            {
                throw new ArgumentException($"The episode '{name}' has {wanted.Count} actions; expected is one for each frame to sample"
                    + (number > 0 ? $", {_actions[0].Length} as for the first episode." : ", at least one."), nameof(actions));
            }
            _actions[number] = [.. wanted.Select(action =>
            {
                if (!known.TryGetValue(action, out int index))
                    known[action] = index = model.Description.Actions.IndexOf(action, "action", nameof(actions));
                return (long)index;
            })];
        }
        CheckRows(_actions.Length, count, Frames);
    }

    /// <summary>Refuses input columns with the name of the column of the numbers of rollouts, which would take their place.</summary>
    public static void RequireOtherNames(params ReadOnlySpan<string> inputs)
    {
        if (inputs.Contains(nameof(Row.Rollout)))
        {
            throw new InvalidOperationException($"The prior reads a column '{nameof(Row.Rollout)}', but a rollout has a column of this name for "
                + "its number; expected are other names of the codes, actions and episodes. Copy the column to another name (CopyColumns), and "
                + "train the prior with that.");
        }
    }

    int Frames => _actions[0].Length;

    static void CheckRows(long episodes, long count, long frames)
    {
        if (episodes * count * frames > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, string.Create(CultureInfo.InvariantCulture,
                $"{count} rollouts of {frames} frames for each of {episodes} episodes are more than {int.MaxValue} rows."));
        }
    }

    /// <summary>Samples all rollouts: the keys of the codes of each frame, rollout after rollout.</summary>
    /// <param name="settings">Temperature, seed, batch size and more.</param>
    /// <param name="maxCodes">Number of codes of a request.</param>
    public uint[][] Run(SamplingSettings settings, int maxCodes)
    {
        using SharedNetwork.Holding holding = _model.Hold();
        long codesOfRollout = ((long)Frames + _model.Description.Network.ContextFrames) * _model.Network.CodesOfFrame;
        int rollouts = _actions.Length * _count, mostRows = SampledCodes.RowsOfRequest(codesOfRollout, settings.BatchSize, maxCodes);
        var keys = new List<uint[]>();
        for (int first = 0, rows; first < rollouts; first += rows)
        {
            using DisposeScope scope = NewDisposeScope();
            rows = Math.Min(mostRows, rollouts - first);
            int[] episodes = [.. Enumerable.Range(first, rows).Select(rollout => rollout / _count)];
            int[] last = Array.ConvertAll(episodes, number => _episodes.Episodes[number].First + _episodes.Episodes[number].Length - 1);
            Tensor[] known = _episodes.ReadFrames(last, _model.Description.Network.ContextFrames);
            Tensor sampled = _model.Network.Rollout(new VideoRolloutRequest(settings)
            {
                Context = known[0],
                ContextActions = known[1],
                Actions = tensor(episodes.SelectMany(number => _actions[number]).ToArray()).view(rows, Frames),
                FirstRow = first,
                Progress = ProgressShare.Of(settings.Progress, first, rows, rollouts),
            });
            keys.AddRange(SampledCodes.ToKeys(sampled.view(-1, sampled.shape[2])));
        }
        return [.. keys];
    }

    public IDataView View(MLContext ml, EpisodeColumns columns, uint[][] keys)
    {
        VideoPriorDescription description = _model.Description;
        var schema = SchemaDefinition.Create(typeof(Row));
        SchemaDefinition.Column action = schema[nameof(Row.Action)], episode = schema[nameof(Row.Episode)];
        SampledCodes.Describe(schema[nameof(Row.Codes)], columns.Codes.Column.Name, description.Format);
        (action.ColumnName, action.ColumnType) = (columns.Action.Column.Name, new KeyDataViewType(typeof(uint), description.Actions.Count));
        description.Actions.Names?.AddTo(action);
        (episode.ColumnName, episode.ColumnType) = (columns.Episode.Name, columns.Episode.Type);
        KeyNames.Of(columns.Episode)?.AddTo(episode);
        Row[] rows = [.. keys.Select((frame, row) =>
        {
            int rollout = row / Frames, number = rollout / _count;
            return new Row
            {
                Codes = frame,
                Action = (uint)_actions[number][row % Frames],
                Episode = _episodes.Episodes[number].Key - 1,
                Rollout = rollout % _count,
            };
        })];
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    // ML.NET takes the keys of a vector in an object as they are, from 1, but a single key from 0.
    sealed class Row
    {
        public uint[] Codes { get; set; } = [];

        public uint Action { get; set; }

        public uint Episode { get; set; }

        public int Rollout { get; set; }
    }
}

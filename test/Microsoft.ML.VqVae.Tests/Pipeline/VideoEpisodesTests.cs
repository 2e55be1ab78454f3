using Microsoft.ML.Data;
using Frame = Microsoft.ML.VqVae.Tests.Pipeline.VideoPriorTests.Frame;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Starts of episodes, and rollouts that go on from their ends.</summary>
[TestClass]
public sealed class VideoEpisodesTests
{
    readonly MLContext _ml = new(seed: 1);

    IDataView View(List<Frame> frames) => VideoPriorTests.View(_ml, frames);

    VideoPriorTransformer Fit(IDataView data, string episode = "Episode") =>
        _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", episode, VideoPriorTests.Options()).Fit(data);

    /// <summary>Two episodes of twelve and nine frames, whose frames of a number have another action.</summary>
    static List<Frame> WithAction(int number, string action)
    {
        List<Frame> frames = VideoPriorTests.Walks(12, 9);
        (frames[number].Action, frames[12 + number].Action) = (action, action);
        return frames;
    }

    [TestMethod]
    public void The_action_of_a_first_frame_may_be_missing_and_changes_nothing()
    {
        IDataView whole = View(WithAction(0, "left")), missing = View(WithAction(0, ""));
        using VideoPriorTransformer prior = Fit(whole);
        Values.AreEqual(Values.Read(prior.Transform(whole), "Bits"), Values.Read(prior.Transform(missing), "Bits"));
        var sampling = new SamplingOptions { Seed = 1 };
        Values.AreEqual(Values.Read(prior.Rollout(_ml, whole, ["left"], options: sampling), "Codes"),
            Values.Read(prior.Rollout(_ml, missing, ["left"], options: sampling), "Codes"));
        using VideoPriorTransformer other = Fit(missing);
        Assert.HasCount(21, Values.Read(other.Transform(missing), "Bits"));
        Assert.HasCount(2, Values.Read(other.Rollout(_ml, missing, ["right"], options: sampling), "Codes"));
        Assert.Contains("Row 1 of action column 'Action' has no value",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(View(WithAction(1, "")))).Message);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void An_action_that_led_to_no_frame_of_the_training_is_context_but_not_known(int number)
    {
        IDataView data = View(WithAction(number, "start"));
        using VideoPriorTransformer prior = Fit(data);
        CollectionAssert.AreEquivalent(new[] { "left", "right" }, prior.Actions.ToArray());
        Assert.HasCount(21, Values.Read(prior.Transform(data), "Bits"));
        Assert.HasCount(2, Values.Read(prior.Rollout(_ml, data, ["left"]), "Codes"));
        Assert.Contains("No row that the model was trained on had the action 'start'",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => prior.Rollout(_ml, data, ["start"])).Message);
        Assert.Contains("has 'start'", Assert.ThrowsExactly<InvalidOperationException>(
            () => Values.Read(prior.Transform(View(WithAction(5, "start"))), "Bits")).Message);
    }

    [TestMethod]
    public void Rollouts_of_requests_of_few_codes_are_those_of_one()
    {
        IDataView data = View(VideoPriorTests.Walks(12, 9));
        using VideoPriorTransformer prior = Fit(data);
        using var limited = new VideoPriorTransformer(prior.Model.Share(), prior.Columns, maxCodes: 100);
        var options = new SamplingOptions { Seed = 1 };
        Values.AreEqual(Values.Read(prior.Rollout(_ml, data, ["left", "right"], 3, options), "Codes", "Rollout"),
            Values.Read(limited.Rollout(_ml, data, ["left", "right"], 3, options), "Codes", "Rollout"));
    }

    [TestMethod]
    public void An_input_column_of_the_name_of_the_numbers_of_rollouts_is_refused()
    {
        IDataView data = View(VideoPriorTests.Walks(12, 9));
        data = _ml.Transforms.CopyColumns("Rollout", "Episode").Fit(data).Transform(data);
        using VideoPriorTransformer prior = Fit(data, episode: "Rollout");
        Assert.HasCount(21, Values.Read(prior.Transform(data), "Bits"));
        Assert.Contains("The prior reads a column 'Rollout'",
            Assert.ThrowsExactly<InvalidOperationException>(() => prior.Rollout(_ml, data, ["left"])).Message);
    }

    [TestMethod]
    public void Training_and_rollouts_read_their_rows_once()
    {
        var data = new CountingView(View(VideoPriorTests.Walks(12, 9)));
        using VideoPriorTransformer prior = Fit(data);
        Assert.AreEqual(1, data.Cursors);
        prior.Rollout(_ml, data, ["left"]);
        Assert.AreEqual(2, data.Cursors);
    }

    [TestMethod]
    public void Codes_and_actions_of_rollouts_are_as_in_training_and_episodes_as_in_the_context()
    {
        using VideoPriorTransformer prior = Fit(View(VideoPriorTests.Walks(12, 9)));
        List<Frame> frames = VideoPriorTests.Walks(12, 9, 5);
        frames.Reverse();
        frames.ForEach(frame => frame.Action = "right");
        IDataView training = View(VideoPriorTests.Walks(12, 9)), context = VideoPriorTests.View(_ml, frames, dimensions: [9]);
        IDataView made = prior.Rollout(_ml, context, ["left"]);
        Assert.AreNotEqual(context.Schema["Codes"].Type, made.Schema["Codes"].Type);
        foreach ((string column, IDataView source) in (ReadOnlySpan<(string, IDataView)>)
            [("Codes", training), ("Action", training), ("Episode", context)])
        {
            Assert.AreEqual(source.Schema[column].Type, made.Schema[column].Type);
            CollectionAssert.AreEqual(Names(source.Schema[column]), Names(made.Schema[column]));
        }
        CollectionAssert.AreEqual(new[] { "walk2", "walk1", "walk0" }, Names(made.Schema["Episode"]));
    }

    static string[] Names(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        if (column.Annotations.Schema.GetColumnOrNull("KeyValues") is not null)
            column.Annotations.GetValue("KeyValues", ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    sealed class CountingView(IDataView source) : IDataView
    {
        public int Cursors { get; private set; }

        public DataViewSchema Schema => source.Schema;

        public bool CanShuffle => source.CanShuffle;

        public long? GetRowCount() => source.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        {
            Cursors++;
            return source.GetRowCursor(columnsNeeded, rand);
        }

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        {
            Cursors++;
            return source.GetRowCursorSet(columnsNeeded, n, rand);
        }
    }
}

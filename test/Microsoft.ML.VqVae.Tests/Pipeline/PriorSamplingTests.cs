using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes that a prior makes: which columns they come in, what decides them, and what stays as it was given.</summary>
[TestClass]
public class PriorSamplingTests
{
    readonly MLContext _ml = new(seed: 1);

    PriorTransformer Untrained(bool grid, bool conditioned = true) =>
        grid ? TinyCodes.UntrainedGrid(_ml, conditioned) : TinyCodes.UntrainedLine(_ml, conditioned);

    static string[] Texts(DataViewSchema.Column column, string annotation)
    {
        VBuffer<ReadOnlyMemory<char>> texts = default;
        column.Annotations.GetValue(annotation, ref texts);
        return [.. texts.DenseValues().Select(text => text.ToString())];
    }

    [TestMethod]
    public void Samples_look_like_the_codes_that_the_prior_was_trained_on()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView pictures = Tiny.Data(_ml, 12);
        IDataView encoded = codec.Transform(pictures);
        IDataView data = _ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(encoded).Transform(encoded);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Key", TinyCodes.Options(1)).Fit(data);
        IDataView samples = prior.Sample(_ml, 5, "ramp");

        Assert.AreEqual(data.Schema["Codes"].Type, samples.Schema["Codes"].Type);
        Assert.AreEqual(data.Schema["Key"].Type, samples.Schema["Key"].Type);
        foreach (string kind in (string[])["KeyValues", "SlotNames"])
            CollectionAssert.AreEqual(Texts(data.Schema["Codes"], kind), Texts(samples.Schema["Codes"], kind));
        CollectionAssert.AreEqual(Texts(data.Schema["Key"], "KeyValues"), Texts(samples.Schema["Key"], "KeyValues"));
        Assert.AreEqual(5, samples.GetRowCount());
        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Name", "Key").Fit(samples).Transform(samples);
        Assert.IsTrue(Values.Read(named, "Name").TrueForAll(row => (string)row[0] == "ramp"));

        // A codec decodes them, the prior scores them, and they can be read again.
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels");
        List<object[]> decoded = Values.Read(decoder.Transform(samples), "Pixels", "Codes");
        Assert.HasCount(5, decoded);
        Assert.HasCount(64, (float[])decoded[0][0]);
        Assert.IsTrue(Values.Read(prior.Transform(samples), "Bits").TrueForAll(row => (float)row[0] > 0));
        Values.AreEqual([.. decoded.Select(row => row[1..])], Values.Read(samples, "Codes"));
    }

    sealed class Numbered
    {
        [VectorType(2, 2), KeyType(3)]
        public uint[] Codes { get; set; } = [1, 2, 3, 1];

        public float Class { get; set; }
    }

    [TestMethod]
    public void Classes_may_be_numbers()
    {
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable([new Numbered { Class = 0.5f }, new Numbered { Class = 7 }]));
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options(1)).Fit(data);
        CollectionAssert.AreEqual(new[] { "0.5", "7" }, prior.Conditions.ToArray());
        IDataView samples = prior.Sample(_ml, (string[])["7", "0.5"]);
        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Value", "Label").Fit(samples).Transform(samples);
        CollectionAssert.AreEqual(new[] { 7, 0.5f }, Values.Read(named, "Value").Select(row => (float)row[0]).ToArray());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_seed_alone_decides(bool grid)
    {
        using PriorTransformer prior = Untrained(grid);
        string[] conditions = [.. Enumerable.Range(0, 11).Select(row => TinyCodes.Classes[row % 3])];
        List<object[]> Codes(SamplingOptions options) => Values.Read(prior.Sample(_ml, conditions, options), "Codes", "Label");
        List<object[]> first = Codes(new() { Seed = 5 });
        Values.AreEqual(first, Codes(new() { Seed = 5, BatchSize = 1 }));
        Values.AreEqual(first, Codes(new() { Seed = 5, BatchSize = 4 }));
        Values.AreEqual(first, Codes(new() { Seed = 5, Cached = false }));
        Values.AreEqual(Codes(new() { Seed = 1 }), Codes(new()));
        string Text(List<object[]> rows) => string.Join(' ', rows.SelectMany(row => (uint[])row[0]));
        Assert.AreNotEqual(Text(first), Text(Codes(new() { Seed = 6 })));
        Assert.AreNotEqual(Text(first), Text(Codes(new() { Seed = 5, TopK = 1 })));
        Assert.AreEqual(Text(Codes(new() { Seed = 5, TopK = 1 })), Text(Codes(new() { Seed = 6, Temperature = 1e-4 })));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Samples_follow_what_was_learnt(bool grid)
    {
        IDataView data = grid ? TinyCodes.Grids(_ml, 60) : TinyCodes.Lines(_ml, 60);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options(200)).Fit(data);
        foreach ((string name, int step) in (ReadOnlySpan<(string, int)>)[("up", 1), ("down", TinyCodes.Codes - 1), ("flat", 0)])
        {
            int right = 0, all = 0;
            foreach (object[] row in Values.Read(prior.Sample(_ml, 20, name), "Codes"))
            {
                uint[] keys = (uint[])row[0];
                right += Enumerable.Range(1, keys.Length - 1).Count(i => (keys[i - 1] - 1 + step) % TinyCodes.Codes == keys[i] - 1);
                all += keys.Length - 1;
            }
            Assert.IsGreaterThan(0.85, (double)right / all, name);
        }
    }

    [TestMethod]
    public void Completion_keeps_what_is_given_and_samples_the_rest()
    {
        TinyCodes.Grid[] rows = TinyCodes.Grids(10);
        foreach (TinyCodes.Grid row in rows)
            row.Codes.AsSpan(5).Clear();
        // Codes behind a gap are given too.
        rows[4].Codes[9] = 2;
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        List<object[]> completed = Values.Read(prior.Complete(_ml, data, new() { BatchSize = 3 }), "Codes", "Label");
        Values.AreEqual(completed, Values.Read(prior.Complete(_ml, data), "Codes", "Label"));
        // Sixteen batches are a request: rows of one are those of another.
        IDataView thrice = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable([.. rows, .. rows, .. rows]));
        var shares = new List<double>();
        SamplingOptions alone = new() { BatchSize = 1, Progress = new Listener(shares.Add) };
        Values.AreEqual(completed, Values.Read(prior.Complete(_ml, thrice, alone), "Codes", "Label")[..10]);
        Assert.AreEqual(1, shares[^1]);
        CollectionAssert.AreEqual(shares.Order().ToArray(), shares);
        Assert.HasCount(10, completed);
        for (int row = 0; row < rows.Length; row++)
        {
            uint[] keys = (uint[])completed[row][0];
            for (int i = 0; i < keys.Length; i++)
                Assert.IsTrue(rows[row].Codes[i] == 0 ? keys[i] is >= 1 and <= TinyCodes.Codes : keys[i] == rows[row].Codes[i]);
        }
        CollectionAssert.AreEqual(
            Values.Read(data, "Label").Select(row => row[0]).ToArray(), completed.Select(row => row[1]).ToArray());
    }

    [TestMethod]
    public void The_smallest_temperature_takes_the_most_likely_codes()
    {
        using PriorTransformer grid = TinyCodes.UntrainedGrid(_ml, conditioned: false), line = TinyCodes.UntrainedLine(_ml, conditioned: false);
        foreach (PriorTransformer prior in (PriorTransformer[])[grid, line])
        {
            List<object[]> likeliest = Values.Read(prior.Sample(_ml, 3, options: new() { TopK = 1 }), "Codes");
            Values.AreEqual(likeliest, Values.Read(prior.Sample(_ml, 3, options: new() { Temperature = double.Epsilon }), "Codes"));
        }
    }

    [TestMethod]
    public void Rows_of_any_length_keep_theirs_or_are_continued()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        Assert.IsTrue(Values.Read(prior.Sample(_ml, 3), "Codes").TrueForAll(row => ((uint[])row[0]).Length == 6), "the mean of training");
        Assert.IsTrue(Values.Read(prior.Sample(_ml, 3, options: new() { Length = 9 }), "Codes").TrueForAll(row => ((uint[])row[0]).Length == 9));

        TinyCodes.Line[] rows = TinyCodes.Lines(6);
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        Values.AreEqual(Values.Read(data, "Codes"), Values.Read(prior.Complete(_ml, data), "Codes"));
        List<object[]> longer = Values.Read(prior.Complete(_ml, data, new() { Length = 8 }), "Codes");
        Values.AreEqual(longer, Values.Read(prior.Complete(_ml, data, new() { Length = 8, BatchSize = 2 }), "Codes"));
        for (int row = 0; row < rows.Length; row++)
        {
            uint[] keys = (uint[])longer[row][0];
            Assert.HasCount(Math.Max(8, rows[row].Codes.Length), keys);
            CollectionAssert.AreEqual(rows[row].Codes, keys[..rows[row].Codes.Length]);
        }
    }

    [TestMethod]
    public void Progress_runs_from_0_to_1_and_cancelling_ends_it()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        var shares = new List<double>();
        prior.Sample(_ml, 5, "up", new() { BatchSize = 2, Progress = new Listener(shares.Add) });
        CollectionAssert.AreEqual(shares.Order().ToArray(), shares);
        Assert.AreEqual(1, shares[^1], 1e-9);
        using var cancelled = new CancellationTokenSource();
        var options = new SamplingOptions { CancellationToken = cancelled.Token, Progress = new Listener(_ => cancelled.Cancel()) };
        Assert.Throws<OperationCanceledException>(() => prior.Sample(_ml, 5, "up", options));
    }

    sealed class Listener(Action<double> action) : IProgress<double>
    {
        public void Report(double value) => action(value);
    }

    [TestMethod]
    [DataRow(true, "up")]
    [DataRow(false, "up")]
    [DataRow(true, null)]
    public void A_cancellation_is_noticed_however_many_rows_are_to_be_sampled(bool grid, string? condition)
    {
        using PriorTransformer prior = Untrained(grid, condition is not null);
        using var cancellation = new CancellationTokenSource();
        var options = new SamplingOptions { Seed = 1, CancellationToken = cancellation.Token, Progress = new Canceling(cancellation) };
        Assert.ThrowsExactly<OperationCanceledException>(() => prior.Sample(_ml, 2_000_000_000, condition, options));
        options.Progress = null;
        Assert.ThrowsExactly<OperationCanceledException>(() => prior.Sample(_ml, 2_000_000_000, condition, options), "canceled beforehand");
    }

    sealed class Canceling(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }

    [TestMethod]
    public void A_request_takes_a_limited_number_of_codes_and_of_batches()
    {
        Assert.AreEqual(16 * 64, SampledCodes.RowsOfRequest(49, 64, SampledCodes.MaxCodesOfRequest));
        Assert.AreEqual(152, SampledCodes.RowsOfRequest(1000 * 441, 64, SampledCodes.MaxCodesOfRequest));
        Assert.AreEqual(1, SampledCodes.RowsOfRequest(1 << 27, 64, SampledCodes.MaxCodesOfRequest));
        Assert.Contains("268435456 codes cannot be sampled in a row; expected are at most 268435455", Assert.Throws<ArgumentOutOfRangeException>(
            () => SampledCodes.RowsOfRequest(1 << 28, 64, SampledCodes.MaxCodesOfRequest)).Message);

        using PriorTransformer prior = Untrained(grid: true);
        using var limited = new PriorTransformer(prior.Model.Share(), prior.Columns, maxCodes: 30);
        var options = new SamplingOptions { Seed = 1 };
        Values.AreEqual(Values.Read(prior.Sample(_ml, 7, "up", options), "Codes"), Values.Read(limited.Sample(_ml, 7, "up", options), "Codes"));
        Values.AreEqual(Values.Read(prior.Complete(_ml, TinyCodes.Grids(_ml, 5), options), "Codes"),
            Values.Read(limited.Complete(_ml, TinyCodes.Grids(_ml, 5), options), "Codes"));
    }

    [TestMethod]
    public void Rows_of_several_requests_are_those_of_one()
    {
        using PriorTransformer prior = Untrained(grid: true);
        List<object[]> Rows(int count, int batchSize) => Values.Read(
            prior.Sample(_ml, count, "up", new SamplingOptions { Seed = 1, BatchSize = batchSize }), "Codes");
        List<object[]> many = Rows(70, 2), one = Rows(70, 70);
        Assert.HasCount(70, many);
        Values.AreEqual(one, many);
    }
}

using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>A short training gives codes that keep what a series is, and tell faulty machines from sound ones.</summary>
[TestClass]
public sealed class SeriesLearningTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Held_out_series_are_given_back_and_errors_are_those_of_the_definition()
    {
        TinySeries.Row[] training = TinySeries.Rows(60);
        SeriesVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", channels: TinySeries.Channels,
            reconstructionColumnName: "Decoded", reconstructionErrorColumnName: "Error", codes: 32, downsamplings: 2, steps: 80, seed: 2);
        using SeriesVqVaeTransformer transformer = estimator.Fit(_ml.Data.LoadFromEnumerable(training));
        IDataView decoded = transformer.Transform(_ml.Data.LoadFromEnumerable(TinySeries.Rows(20, first: 60)));
        List<object[]> rows = Values.Read(decoded, "Window", "Decoded", "Error", "Codes");

        double[] variances = [.. Enumerable.Range(0, TinySeries.Channels).Select(channel =>
        {
            double[] values = [.. training.SelectMany(row => row.Window.Where((_, slot) => slot % TinySeries.Channels == channel))];
            double mean = values.Average();
            return values.Average(value => (value - mean) * (value - mean));
        })];
        double sum = 0;
        int count = 0;
        foreach (object[] row in rows)
        {
            float[] window = (float[])row[0], again = (float[])row[1];
            double error = window.Zip(again).Select((pair, slot) =>
                Math.Pow(pair.First - pair.Second, 2) / variances[slot % TinySeries.Channels]).Sum();
            Assert.AreEqual(error / window.Length, (float)row[2], 1e-3 * Math.Max(1, error / window.Length));
            (sum, count) = (sum + error, count + window.Length);
        }
        double nmse = sum / count;
        int used = rows.SelectMany(row => (uint[])row[3]).Distinct().Count();
        Console.WriteLine($"NMSE {nmse:F4}, {used} of {transformer.Codes} codes, {transformer.TrainingSummary!.Elapsed.TotalSeconds:F1} s");
        Assert.IsLessThan(0.2, nmse);
        Assert.IsGreaterThan(16, used);
    }

    [TestMethod]
    public void Faults_are_told_by_the_counts_of_codes_of_a_window()
    {
        var options = new SeriesVqVaeOptions();
        (options.Codec.Channels, options.Codec.Downsamplings, options.Codec.HiddenChannels, options.Codec.ResidualChannels) =
            (TinySeries.Channels, 2, 32, 32);
        options.Training.Steps = 300;
        options.Training.Seed = 2;
        var pipeline = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options)
            .Append(_ml.Transforms.Conversion.MapKeyToVector("Features", "Codes", outputCountVector: true))
            .AppendCacheCheckpoint(_ml)
            .Append(_ml.BinaryClassification.Trainers.LbfgsLogisticRegression());
        var model = pipeline.Fit(_ml.Data.LoadFromEnumerable(TinySeries.FixedRows(200)));
        IDataView predictions = model.Transform(_ml.Data.LoadFromEnumerable(TinySeries.FixedRows(100, first: 200)));
        double accuracy = _ml.BinaryClassification.Evaluate(predictions).Accuracy;
        Console.WriteLine($"accuracy {accuracy:F3}");
        // Half of the machines are faulty: chance is 0.5.
        Assert.IsGreaterThan(0.75, accuracy);
        foreach (ITransformer part in model)
            (part as IDisposable)?.Dispose();
    }
}

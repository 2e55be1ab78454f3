using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Display;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>A cell of the table: the accuracy of a classifier that was trained on some labels.</summary>
internal sealed record FeatureCell
{
    public required string Data { get; init; }

    public required string Features { get; init; }

    /// <summary>The number of labelled rows.</summary>
    public required int Labels { get; init; }

    /// <summary>The mean accuracy of all draws of the labelled rows.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The difference between the highest and the lowest accuracy of the draws.</summary>
    public required double Spread { get; init; }

    public required int Draws { get; init; }

    /// <summary>The L2 penalty per row of the classifier; 0 where there is no such classifier.</summary>
    public required double L2 { get; init; }
}

/// <summary>Measures the accuracy of a linear classifier against the number of labels.</summary>
/// <param name="ml">The context.</param>
/// <param name="data">The name of the data in the results.</param>
/// <param name="trainClasses">The classes of the rows that labelled ones are drawn from.</param>
/// <param name="testClasses">The classes of the test rows.</param>
/// <param name="labels">The numbers of labelled rows; those above the number of rows are left out.</param>
/// <param name="seed">The seed of the draws.</param>
/// <param name="draws">The number of draws of the labelled rows.</param>
internal sealed class LabelCurves(
    MLContext ml, string data, IReadOnlyList<string> trainClasses, IReadOnlyList<string> testClasses, IReadOnlyList<int> labels, int seed,
    int draws = FeaturesPlan.Draws)
{
    /// <summary>The L2 penalties per row, of which the one with the highest accuracy is reported.</summary>
    static readonly double[] Penalties = [1e-3, 1e-2, 1e-1];

    /// <summary>The numbers of labels that there are rows for; the others are shown as a stage, as skipped files are.</summary>
    /// <param name="labels">The numbers of labels, in ascending order.</param>
    /// <param name="rows">The number of rows that labelled ones are drawn from.</param>
    /// <param name="of">What the rows are, such as "training images of CIFAR-10".</param>
    /// <param name="stages">The stages of the run.</param>
    public static IReadOnlyList<int> Fitting(IReadOnlyList<int> labels, int rows, string of, Stages stages)
    {
        int[] fitting = [.. labels.Where(count => count <= rows)];
        if (fitting.Length < labels.Count)
        {
            string left = string.Join(", ", labels.Skip(fitting.Length).Select(count => Invariant($"{count:N0}")));
            stages.Run(Invariant($"Left out {left} of --labels: labeled rows are drawn from {rows:N0} {of}"), _ => { });
        }
        return fitting;
    }

    /// <summary>The same, where without labels there is nothing to do.</summary>
    /// <exception cref="DataSetException">There are too few rows for all numbers of labels.</exception>
    public static IReadOnlyList<int> Required(FeaturesSettings settings, int rows, string of, Stages stages)
    {
        if (settings.Labels[0] <= rows)
            return Fitting(settings.Labels, rows, of, stages);
        bool isOfQuick = settings.Quick && rows == FeaturesPlan.For(settings).PoolRows;
        throw new DataSetException(
            Invariant($"--labels asks for {settings.Labels[0]:N0} labeled rows or more, but they are drawn from {rows:N0} {of}. ")
            + Invariant($"Give a number of at most {rows:N0}{(isOfQuick ? ", or leave out --quick, which takes fewer rows" : "")}."));
    }

    /// <summary>The results so far.</summary>
    public List<FeatureCell> Cells { get; } = [];

    /// <summary>Trains linear classifiers on a set of features.</summary>
    public void Measure(FeatureSet features, CancellationToken cancellation)
    {
        foreach (int count in Counts())
        {
            double[] best = [];
            double l2 = 0;
            foreach (double penalty in Penalties)
            {
                cancellation.ThrowIfCancellationRequested();
                double[] found = [.. Enumerable.Range(0, draws).Select(draw => Accuracy(features, Draw(count, draw), penalty))];
                if (best.Length == 0 || found.Average() > best.Average())
                    (best, l2) = (found, penalty);
            }
            Add(features.Name, count, best, l2);
        }
    }

    /// <summary>Measures another classifier.</summary>
    /// <param name="name">Its name in the results.</param>
    /// <param name="accuracy">Returns the accuracy after training on rows, whose numbers it is given.</param>
    public void Measure(string name, Func<int[], double> accuracy)
    {
        foreach (int count in Counts())
            Add(name, count, [.. Enumerable.Range(0, draws).Select(draw => accuracy(Draw(count, draw)))], 0);
    }

    IEnumerable<int> Counts() => labels.Where(count => count <= trainClasses.Count);

    void Add(string name, int count, double[] found, double l2) => Cells.Add(new FeatureCell
    {
        Data = data, Features = name, Labels = count, Accuracy = found.Average(), Spread = found.Max() - found.Min(), Draws = found.Length,
        L2 = l2,
    });

    /// <summary>The same rows for all features.</summary>
    int[] Draw(int count, int draw)
    {
        int[] rows = [.. Enumerable.Range(0, trainClasses.Count)];
        new Random(1000 * seed + draw).Shuffle(rows);
        return rows[..count];
    }

    double Accuracy(FeatureSet features, int[] rows, double penalty)
    {
        IDataView train = View(rows.Select(row => (features.Train[row], trainClasses[row])), features.Train[0].Length);
        IDataView test = View(features.Test.Zip(testClasses), features.Train[0].Length);
        using TransformerChain<KeyToValueMappingTransformer> model =
            LinearClassifier.Create(ml, nameof(FeatureRow.Class), penalty * rows.Length, tolerance: 1e-4f).Fit(train);
        var predicted = ml.Data.CreateEnumerable<Prediction>(model.Transform(test), reuseRowObject: true).Select(row => row.PredictedLabel);
        return predicted.Zip(testClasses).Average(pair => pair.First == pair.Second ? 1.0 : 0.0);
    }

    IDataView View(IEnumerable<(VBuffer<float> Features, string Class)> rows, int size)
    {
        var schema = SchemaDefinition.Create(typeof(FeatureRow));
        schema[nameof(FeatureRow.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size);
        FeatureRow[] all = [.. rows.Select(row => new FeatureRow { Features = row.Features, Class = row.Class })];
        return ml.Data.LoadFromEnumerable(all, schema);
    }

    sealed class FeatureRow
    {
        public VBuffer<float> Features { get; set; }

        public string Class { get; set; } = "";
    }

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";
    }
}

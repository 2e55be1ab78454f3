using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Features of the readings of periodic machines, which are classified by their fault.</summary>
internal sealed class SeriesFeatures(MLContext ml, FeaturesSettings settings, Stages stages, CancellationToken cancellation)
{
    const int Components = 32;

    public LabelCurves Measure(FeaturesPlan plan)
    {
        IReadOnlyList<int> labels = LabelCurves.Fitting(settings.Labels, plan.Machines, "machines", stages);
        if (labels.Count == 0)
            return new LabelCurves(ml, "machines", [], [], [], settings.Seed);
        Machine[] machines = Machine.Make(0, plan.Machines), others = Machine.Make(plan.Machines, plan.Machines / 4);
        IDataView rows = View(machines), testRows = View(others);

        var codecOptions = new SeriesVqVaeOptions { EmbeddingsColumnName = "Embeddings", EncoderOutputsColumnName = "Outputs" };
        (codecOptions.Codec.Channels, codecOptions.Codec.Downsamplings) = (Machine.Channels, 2);
        (codecOptions.Training.Steps, codecOptions.Training.Seed) = (plan.SeriesSteps, settings.Seed);
        codecOptions.VectorQuantizer.UnquantizedSteps = Math.Min(codecOptions.VectorQuantizer.UnquantizedSteps, plan.SeriesSteps / 4);
        using SeriesVqVaeTransformer codec = stages.Train(
            $"Train the VQ-VAE on {machines.Length:N0} machines", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeSeries("Codes", nameof(Machine.Window), codecOptions).Fit(rows), "windows");
        FeatureOptions featureOptions = plan.FeatureOptions(settings, plan.SeriesSteps);
        using FeatureTransformer features = stages.Train(
            "Train the features of machines", featureOptions.Training, cancellation,
            () => ml.Transforms.VqVae.Featurize("Mean", "Codes", featureOptions).Fit(codec.Transform(rows)), "windows");

        var chain = new TransformerChain<ITransformer>(codec, features);
        IDataView train = ml.Data.Cache(chain.Transform(rows)), test = ml.Data.Cache(chain.Transform(testRows));
        ITransformer stock = ml.Transforms.Conversion.MapKeyToVector("OneHot", "Codes")
            .Append(ml.Transforms.Conversion.MapKeyToVector("Bag", "Codes", outputCountVector: true))
            .Append(ml.Transforms.NormalizeMeanVariance("Scaled", nameof(Machine.Window), fixZero: false))
            .Append(ml.Transforms.ProjectToPrincipalComponents("Components", "Scaled", rank: Components, seed: settings.Seed)).Fit(train);
        (train, test) = (stock.Transform(train), stock.Transform(test));

        var curves = new LabelCurves(ml, "machines", [.. machines.Select(machine => machine.Class)],
            [.. others.Select(machine => machine.Class)], labels, settings.Seed);
        foreach ((string name, string column, bool isDense) in (IReadOnlyList<(string, string, bool)>)
        [
            ("raw readings", nameof(Machine.Window), true), ($"{Components} principal components", "Components", true),
            ("codes, one-hot by position", "OneHot", false), ("bag of codes", "Bag", false), ("embeddings", "Embeddings", true),
            ("features, mean", "Mean", true),
        ])
        {
            stages.Run($"Classify machines by {name}", _ =>
            {
                FeatureSet set = FeatureSet.Read(name, train, test, column);
                curves.Measure(isDense ? set.Standardized() : set, cancellation);
            });
        }
        return curves;
    }

    IDataView View(IEnumerable<Machine> machines)
    {
        var schema = SchemaDefinition.Create(typeof(Machine));
        schema[nameof(Machine.Window)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Machine.Steps * Machine.Channels);
        return ml.Data.LoadFromEnumerable(machines, schema);
    }
}

/// <summary>A window of the readings of a synthetic periodic machine, whose class is its fault.</summary>
internal sealed class Machine
{
    /// <summary>Time steps of a window, and values at each.</summary>
    public const int Steps = 128, Channels = 2;

    static readonly string[] Faults = ["none", "burst", "missing stroke", "imbalance", "slack"];

    /// <summary>Time step by time step: vibration, and temperature.</summary>
    public float[] Window { get; set; } = [];

    public string Class { get; set; } = "";

    /// <summary>Machines of random period, phase, strength and noise; machine number n is the same whatever the range.</summary>
    public static Machine[] Make(int first, int count) => [.. Enumerable.Range(first, count).Select(number => Of(number))];

    static Machine Of(int number)
    {
        var random = new Random(number);
        int fault = number % Faults.Length;
        double period = 18 + 22 * random.NextDouble(), start = random.NextDouble(), strength = 0.6 + 0.8 * random.NextDouble();
        double size = 0.35 + 0.3 * random.NextDouble(), tone = 0.7 + 0.6 * random.NextDouble();
        var machine = new Machine { Window = new float[Steps * Channels], Class = Faults[fault] };
        for (int step = 0; step < Steps; step++)
        {
            double turn = step / period + start, phase = turn - Math.Floor(turn), since = phase * period;
            double vibration = strength * Math.Sin(2 * Math.PI * turn);
            vibration += Faults[fault] switch
            {
                "burst" when since < 6 => size * Math.Cos(Math.PI * since * tone) * (6 - since) / 3,
                "missing stroke" when (int)Math.Floor(turn) % 2 == 0 => -0.8 * vibration,
                "imbalance" => size * Math.Sin(4 * Math.PI * turn + 1),
                "slack" when vibration > 0.7 * strength => 0.7 * strength - vibration,
                _ => 0,
            };
            machine.Window[step * Channels] = (float)(vibration + 0.15 * Normal(random));
            machine.Window[step * Channels + 1] = (float)(300 + 20 * Math.Cos(2 * Math.PI * turn / 3) + 4 * Normal(random));
        }
        return machine;
    }

    static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

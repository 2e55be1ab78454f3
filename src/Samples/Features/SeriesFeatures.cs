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

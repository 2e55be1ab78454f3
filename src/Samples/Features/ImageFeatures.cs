using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Features of images: pixels, principal components, codes, embeddings, the features of a transformer over codes, and those of a
/// convolutional network over pixels.</summary>
internal sealed class ImageFeatures(MLContext ml, FeaturesSettings settings, Stages stages, CancellationToken cancellation)
{
    /// <summary>The number of principal components.</summary>
    const int Components = 64;

    public LabelCurves Measure(ImageData data, FeaturesPlan plan)
    {
        int unlabelled = Math.Min(plan.UnlabelledRows, data.TrainRows);
        IDataView all = ml.Data.TakeRows(data.Train, unlabelled);

        // 1. The codec and the features are trained on images without labels.
        ImageVqVaeOptions codecOptions = plan.ImageCodec(data, settings);
        using ImageVqVaeTransformer codec = stages.Train(
            $"Train the VQ-VAE on {unlabelled:N0} × {data.Shape}", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codecOptions).Fit(all));
        FeatureOptions featureOptions = plan.FeatureOptions(settings, plan.FeatureSteps);
        using FeatureTransformer features = stages.Train(
            "Train the features of codes", featureOptions.Training, cancellation,
            () => ml.Transforms.VqVae.Featurize("Mean", "Codes", featureOptions).Fit(codec.Transform(all)));
        using FeatureTransformer parts = features.WithFeatures("Parts", poolingSize: 3);
        ImageFeatureOptions pixelOptions = plan.PixelFeatureOptions(settings);
        using ImageFeatureTransformer ofPixels = stages.Train(
            "Train the features of pixels", pixelOptions.Training, cancellation,
            () => ml.Transforms.VqVae.FeaturizeImages("OfPixels", "Pixels", pixelOptions).Fit(codec.Transform(all)));
        using ImageFeatureTransformer meanOfPixels = ofPixels.WithFeatures("MeanOfPixels", poolingSize: 1, middlePoolingSize: 0);

        // 2. The networks run once over the rows that labels are drawn from, and over the test rows.
        var chain = new TransformerChain<ITransformer>(codec, features, parts, ofPixels, meanOfPixels);
        string[] columns = ["Pixels", "Class", "Codes", "Embeddings", "Mean", "Parts", "OfPixels", "MeanOfPixels"];
        (IDataView train, IDataView test) = stages.Run("Compute the features", _ =>
            (Computed(chain, data.Train, plan.PoolRows, columns), Computed(chain, data.Test, plan.TestRows, columns)));

        // 3. A linear classifier is trained on each kind of features.
        string[] classes = [.. train.GetColumn<string>("Class")], testClasses = [.. test.GetColumn<string>("Class")];
        var curves = new LabelCurves(ml, data.Name, classes, testClasses, settings.Labels, settings.Seed);
        FeatureSet pixels = FeatureSet.Read("raw pixels", train, test, "Pixels");
        foreach ((string name, Func<FeatureSet> read) in (IReadOnlyList<(string, Func<FeatureSet>)>)
        [
            ("raw pixels", () => pixels.Standardized()),
            ($"{Components} principal components", () => Principal(train, test)),
            ("codes, one-hot by position", () => Codes(train, test, bag: false)),
            ("bag of codes", () => Codes(train, test, bag: true)),
            ("embeddings", () => FeatureSet.Read("", train, test, "Embeddings").Standardized()),
            ("features of codes, mean", () => FeatureSet.Read("", train, test, "Mean").Standardized()),
            ("features of codes, 3×3 means", () => FeatureSet.Read("", train, test, "Parts").Standardized()),
            ("features of pixels, mean", () => FeatureSet.Read("", train, test, "MeanOfPixels").Standardized()),
            ("features of pixels, all", () => FeatureSet.Read("", train, test, "OfPixels").Standardized()),
        ])
        {
            stages.Run($"Classify by {name}", _ => curves.Measure(read() with { Name = name }, cancellation));
        }

        // 4. A network that is trained on nothing but the labelled rows.
        stages.Run("Train supervised networks", _ =>
        {
            var supervised = new SupervisedNetwork(data.Shape, pixels, classes, testClasses, plan.SupervisedSteps, settings.Seed);
            curves.Measure("supervised network", rows => supervised.Accuracy(rows, cancellation));
        });
        return curves;
    }

    IDataView Computed(ITransformer chain, IDataView images, int rows, string[] columns)
    {
        IDataView computed = chain.Transform(ml.Data.TakeRows(images, rows));
        return ml.Data.Cache(ml.Transforms.SelectColumns(columns).Fit(computed).Transform(computed));
    }

    FeatureSet Principal(IDataView train, IDataView test)
    {
        ITransformer principal = ml.Transforms.NormalizeMeanVariance("Flat", "Pixels", fixZero: false)
            .Append(ml.Transforms.ProjectToPrincipalComponents("Components", "Flat", rank: Components, seed: settings.Seed)).Fit(train);
        return FeatureSet.Read("", principal.Transform(train), principal.Transform(test), "Components").Standardized();
    }

    FeatureSet Codes(IDataView train, IDataView test, bool bag)
    {
        ITransformer vectors = ml.Transforms.Conversion.MapKeyToVector("Vectors", "Codes", outputCountVector: bag).Fit(train);
        return FeatureSet.Read("", vectors.Transform(train), vectors.Transform(test), "Vectors");
    }
}

/// <summary>A convolutional classifier that is trained on labelled images only, to compare with.</summary>
internal sealed class SupervisedNetwork
{
    readonly ImageShape _shape;
    readonly float[][] _train, _test;
    readonly long[] _trainClasses, _testClasses;
    readonly int _steps, _seed, _classes;

    public SupervisedNetwork(
        ImageShape shape, FeatureSet pixels, IReadOnlyList<string> trainClasses, IReadOnlyList<string> testClasses, int steps, int seed)
    {
        (_shape, _steps, _seed) = (shape, steps, seed);
        string[] names = [.. trainClasses.Concat(testClasses).Distinct().Order(StringComparer.Ordinal)];
        _classes = names.Length;
        (_trainClasses, _testClasses) = (Numbers(trainClasses), Numbers(testClasses));
        _train = [.. pixels.Train.Select(row => row.DenseValues().ToArray())];
        _test = [.. pixels.Test.Select(row => row.DenseValues().ToArray())];

        long[] Numbers(IEnumerable<string> classes) => [.. classes.Select(name => (long)Array.IndexOf(names, name))];
    }

    /// <summary>Trains on some rows, and returns the accuracy on the test rows.</summary>
    public double Accuracy(int[] rows, CancellationToken cancellation)
    {
        using var network = new ConvolutionalClassifier(_shape, _classes, _seed);
        network.Train([.. rows.Select(row => _train[row])], [.. rows.Select(row => _trainClasses[row])], _steps, cancellation);
        return network.Classify(_test).Zip(_testClasses).Average(pair => pair.First == pair.Second ? 1.0 : 0.0);
    }
}

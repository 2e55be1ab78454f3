using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Features;

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

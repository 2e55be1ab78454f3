using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>A small convolutional network that is trained on labelled images only, to compare with.</summary>
internal sealed class SupervisedNetwork
{
    const int BatchSize = 64, TestBatchSize = 500, MaxShift = 2;
    const double LearningRate = 2e-3;

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
        (_train, _test) = (Values(pixels.Train), Values(pixels.Test));

        long[] Numbers(IEnumerable<string> classes) => [.. classes.Select(name => (long)Array.IndexOf(names, name))];

        static float[][] Values(IReadOnlyList<VBuffer<float>> rows) =>
            [.. rows.Select(row => row.DenseValues().Select(value => value / 127.5f - 1).ToArray())];
    }

    /// <summary>Trains on some rows, and returns the accuracy on the test rows.</summary>
    public double Accuracy(int[] rows)
    {
        var random = new Random(_seed);
        torch.random.manual_seed(_seed);
        using nn.Module<Tensor, Tensor> network = Create();
        using optim.Optimizer adam = optim.AdamW(network.parameters(), LearningRate, weight_decay: 0.01);
        for (int step = 0; step < _steps; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (var group in adam.ParamGroups)
                group.LearningRate = LearningRate * 0.5 * (1 + Math.Cos(Math.PI * step / _steps));
            int[] batch = [.. Enumerable.Range(0, BatchSize).Select(_ => rows[random.Next(rows.Length)])];
            Tensor images = Images(_train, batch);
            // Shifted by up to two pixels, the same for a batch.
            images = images.roll([random.Next(-MaxShift, MaxShift + 1), random.Next(-MaxShift, MaxShift + 1)], [2, 3]);
            Tensor loss = nn.functional.cross_entropy(network.call(images), tensor(batch.Select(row => _trainClasses[row]).ToArray()));
            adam.zero_grad();
            loss.backward();
            adam.step();
        }
        network.eval();
        int hits = 0;
        foreach (int[] batch in Enumerable.Range(0, _test.Length).Chunk(TestBatchSize))
        {
            using IDisposable withoutGradients = no_grad();
            using DisposeScope scope = NewDisposeScope();
            long[] predicted = network.call(Images(_test, batch)).argmax(1).data<long>().ToArray();
            hits += batch.Zip(predicted).Count(pair => _testClasses[pair.First] == pair.Second);
        }
        return (double)hits / _test.Length;
    }

    Tensor Images(float[][] source, int[] rows) =>
        tensor(rows.SelectMany(row => source[row]).ToArray(), [rows.Length, _shape.Channels, _shape.Height, _shape.Width]);

    nn.Module<Tensor, Tensor> Create() => nn.Sequential(
        nn.Conv2d(_shape.Channels, 32, 3, padding: 1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding: 1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding: 1), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(64 * 9, _classes));
}

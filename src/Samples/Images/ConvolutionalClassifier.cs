using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>A small convolutional classifier of images with values from 0 to 255.</summary>
internal sealed class ConvolutionalClassifier : IDisposable
{
    const int BatchSize = 64, EvaluationBatchSize = 500, MaxShift = 2, Width = 64, Parts = 3;
    const double LearningRate = 2e-3;

    readonly ImageShape _shape;
    readonly int _seed;
    readonly nn.Module<Tensor, Tensor> _maps, _head;

    public ConvolutionalClassifier(ImageShape shape, int classes, int seed)
    {
        (_shape, _seed) = (shape, seed);
        torch.random.manual_seed(seed);
        _maps = nn.Sequential(
            nn.Conv2d(shape.Channels, 32, 3, padding: 1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding: 1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, Width, 3, padding: 1), nn.BatchNorm2d(Width), nn.ReLU());
        _head = nn.Sequential(nn.AdaptiveAvgPool2d(Parts), nn.Flatten(), nn.Dropout(0.3), nn.Linear(Width * Parts * Parts, classes));
    }

    public void Train(IReadOnlyList<float[]> images, IReadOnlyList<long> classes, int steps, CancellationToken cancellation)
    {
        var random = new Random(_seed);
        using optim.Optimizer adam = optim.AdamW(_maps.parameters().Concat(_head.parameters()), LearningRate, weight_decay: 0.01);
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            foreach (var group in adam.ParamGroups)
                group.LearningRate = LearningRate * 0.5 * (1 + Math.Cos(Math.PI * step / steps));
            int[] rows = [.. Enumerable.Range(0, BatchSize).Select(_ => random.Next(images.Count))];
            // Shifted by up to two pixels, and photographs mirrored, the same for a batch.
            Tensor batch = Batch(rows.Select(row => images[row]))
                .roll([random.Next(-MaxShift, MaxShift + 1), random.Next(-MaxShift, MaxShift + 1)], [2, 3]);
            if (_shape.Channels == 3 && random.Next(2) == 0)
                batch = batch.flip(3);
            Tensor loss = nn.functional.cross_entropy(_head.call(_maps.call(batch)), tensor(rows.Select(row => classes[row]).ToArray()));
            adam.zero_grad();
            loss.backward();
            adam.step();
        }
        _maps.eval();
        _head.eval();
    }

    /// <summary>The numbers of the predicted classes.</summary>
    public long[] Classify(IEnumerable<float[]> images) =>
        Evaluate(images, maps => _head.call(maps).argmax(1).data<long>().ToArray());

    /// <summary>The means of the last maps, one number for each channel.</summary>
    public double[][] Features(IEnumerable<float[]> images) =>
        [.. Evaluate(images, maps => maps.mean([2, 3]).to_type(ScalarType.Float64).data<double>().ToArray()).Chunk(Width)];

    public void Dispose()
    {
        _maps.Dispose();
        _head.Dispose();
    }

    T[] Evaluate<T>(IEnumerable<float[]> images, Func<Tensor, T[]> read)
    {
        var values = new List<T>();
        foreach (float[][] batch in images.Chunk(EvaluationBatchSize))
        {
            using IDisposable withoutGradients = no_grad();
            using DisposeScope scope = NewDisposeScope();
            values.AddRange(read(_maps.call(Batch(batch))));
        }
        return [.. values];
    }

    Tensor Batch(IEnumerable<float[]> images)
    {
        float[] values = [.. images.SelectMany(image => image.Select(value => value / 127.5f - 1))];
        return tensor(values, [values.Length / _shape.Values, _shape.Channels, _shape.Height, _shape.Width]);
    }
}

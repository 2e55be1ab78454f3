using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>k-means of the features: codes without a network. Of several starts, the one with the least error is used.</summary>
internal sealed class FeatureClusters(int seed, int clusters, int width)
{
    /// <summary>The number of k-means++ starts (Arthur and Vassilvitskii 2007), as in HuBERT.</summary>
    public const int Starts = 20;

    /// <summary>Features that the clusters are found in.</summary>
    const int Rows = 20_000;

    const int Iterations = 50;

    /// <summary>The clusters of a start.</summary>
    /// <param name="Error">The mean squared distance to the nearest center.</param>
    /// <param name="Train">The cluster of each training position, from 1.</param>
    /// <param name="Test">The cluster of each test position.</param>
    public sealed record Start(double Error, uint[] Train, uint[] Test);

    /// <summary>The clusters of each start; the first of them is what a single start finds.</summary>
    /// <param name="heard">The positions that the clusters are found in, drawn at random; several sets.</param>
    /// <param name="train">The training positions.</param>
    /// <param name="test">The test positions.</param>
    /// <param name="progress">Receives the number of each start.</param>
    /// <param name="cancellation">Ends the search.</param>
    public IReadOnlyList<Start> Find(
        IReadOnlyList<FeaturePositions> heard, FeaturePositions train, FeaturePositions test, Action<int> progress,
        CancellationToken cancellation)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope all = NewDisposeScope();
        var random = new Random(seed);
        (FeaturePositions Set, int Position)[] places = [.. heard.SelectMany(set =>
            Enumerable.Range(0, set.Count).Select(position => (set, position)))];
        random.Shuffle(places);
        Tensor drawn = Matrix([.. places.Take(Rows).Select(place => place.Set.Mean(place.Position, width))]);
        Tensor known = All(train), unseen = All(test);
        var starts = new List<Start>();
        for (int start = 0; start < Starts; start++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor centers = Centers(drawn, random);
            starts.Add(new Start(Distances(drawn, centers).amin(1).mean().item<float>(), Nearest(known, centers), Nearest(unseen, centers)));
            progress(start);
        }
        return starts;
    }

    /// <summary>k-means++, then Lloyd's algorithm.</summary>
    Tensor Centers(Tensor rows, Random random)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor centers = rows[random.Next((int)rows.shape[0])].unsqueeze(0), distances = Distances(rows, centers).squeeze(1);
        while (centers.shape[0] < clusters)
        {
            // Each next center is a row drawn with a probability proportional to its squared distance to the nearest center.
            Tensor cumulative = distances.to(ScalarType.Float64).cumsum(0);
            Tensor drawn = tensor(random.NextDouble() * cumulative[-1].item<double>());
            Tensor next = rows[(int)Math.Min(cumulative.le(drawn).sum().item<long>(), rows.shape[0] - 1)].unsqueeze(0);
            distances = distances.minimum(Distances(rows, next).squeeze(1));
            centers = cat([centers, next], 0);
        }
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            Tensor nearest = Distances(rows, centers).argmin(1);
            Tensor sums = zeros_like(centers).index_add_(0, nearest, rows, 1);
            Tensor counts = nearest.bincount(null, clusters).unsqueeze(1);
            // A center without rows stays.
            centers = where(counts.to(ScalarType.Bool), sums / counts.maximum(ones_like(counts)), centers);
        }
        return centers.MoveToOuterDisposeScope();
    }

    /// <summary>The squared distances of all rows to all centers.</summary>
    static Tensor Distances(Tensor rows, Tensor centers) =>
        (rows.square().sum(1, keepdim: true) - rows.matmul((centers + centers).t()) + centers.square().sum(1)).relu();

    static uint[] Nearest(Tensor rows, Tensor centers) =>
        [.. Distances(rows, centers).argmin(1).data<long>().ToArray().Select(cluster => (uint)cluster + 1)];

    Tensor All(FeaturePositions set) => Matrix([.. Enumerable.Range(0, set.Count).Select(position => set.Mean(position, width))]);

    static Tensor Matrix(float[][] rows) => tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
}

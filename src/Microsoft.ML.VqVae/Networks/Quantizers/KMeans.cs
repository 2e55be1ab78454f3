using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>k-means++ seeding and Lloyd's algorithm, for a codebook that starts where the data is.</summary>
internal static class KMeans
{
    /// <summary>So many vectors a code are looked at; more cost time and change little.</summary>
    public const int VectorsPerCode = 32;

    /// <summary>Finds <paramref name="codes"/> centres of the rows of <paramref name="vectors"/> [N, D]; [K, D]. Asks the device for
    /// nothing, so it does not wait for it.</summary>
    public static Tensor FindCentres(Tensor vectors, int codes, int iterations, Generator generator)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor sample = Sample(vectors, codes, generator);
        Tensor centres = Seed(sample, codes, generator);
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            using DisposeScope step = NewDisposeScope();
            Tensor indices = NearestCodes.Find(sample, centres);
            Tensor counts = NearestCodes.Count(indices, codes).unsqueeze(1);
            Tensor means = NearestCodes.Sum(sample, indices, codes) / counts.ClampMin(1);
            centres = where(counts.Gt(0), means, centres).MoveToOuterDisposeScope();
        }
        return centres.MoveToOuterDisposeScope();
    }

    static Tensor Sample(Tensor vectors, int codes, Generator generator)
    {
        long limit = (long)codes * VectorsPerCode;
        if (vectors.shape[0] <= limit)
            return vectors.contiguous();
        Tensor rows = randperm(vectors.shape[0], generator: generator).narrow(0, 0, limit);
        return vectors.index_select(0, rows.to(vectors.device));
    }

    /// <summary>k-means++ (Arthur and Vassilvitskii 2007): each next centre is a vector drawn with a probability proportional to its
    /// squared distance to the nearest centre so far.</summary>
    static Tensor Seed(Tensor sample, int codes, Generator generator)
    {
        Device device = sample.device;
        Tensor draws = rand(codes, dtype: ScalarType.Float32, generator: generator).to(device);
        // When there are fewer vectors than codes, centres repeat; a little noise tells them apart.
        Tensor noise = randn(codes, sample.shape[1], dtype: ScalarType.Float32, generator: generator).to(device);
        noise = (noise * (sample - sample.mean([0L])).Square().mean().sqrt()).Mul(1e-3);
        Tensor centres = zeros(codes, sample.shape[1], dtype: sample.dtype, device: device);
        Tensor distances = ones(sample.shape[0], dtype: sample.dtype, device: device);
        for (int code = 0; code < codes; code++)
        {
            using DisposeScope step = NewDisposeScope();
            Tensor cumulative = distances.Add(1e-12).cumsum(0);
            Tensor total = cumulative.narrow(0, cumulative.shape[0] - 1, 1);
            Tensor row = (cumulative < draws.narrow(0, code, 1) * total).sum(0, keepdim: true).ClampMax(sample.shape[0] - 1);
            Tensor chosen = sample.index_select(0, row);
            centres.narrow(0, code, 1).copy_(chosen.Add(noise.narrow(0, code, 1)));
            Tensor next = (sample - chosen).Square().sum(1);
            distances = (code == 0 ? next : distances.minimum(next)).MoveToOuterDisposeScope();
        }
        return centres;
    }
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>A codebook learned by moving averages, as most PyTorch implementations have it, with <c>index_add_</c> instead of one-hot
/// products.</summary>
internal sealed class PlainQuantizer : nn.Module<Tensor, PlainQuantization>
{
    const double Decay = 0.99, Smoothing = 1e-5;

    // Registered under these names.
    readonly PlainNearestCode nearest;
    readonly Tensor counts;
    readonly Tensor sums;
    readonly MemoryLayout _layout;

    public PlainQuantizer(int codes, int dimensions, MemoryLayout layout) : base(nameof(PlainQuantizer))
    {
        _layout = layout;
        nearest = new PlainNearestCode(codes, dimensions);
        counts = ones(codes);
        sums = zeros(codes, dimensions);
        RegisterComponents();
    }

    /// <summary>Squared distances [N, K] of encodings [B, D, …] to all codes.</summary>
    public Tensor Distances(Tensor encodings) => nearest.Distances(ToVectors(encodings));

    /// <summary>Encodings [B, D, …] → codes Int64 [N].</summary>
    public Tensor Encode(Tensor encodings) => nearest.call(ToVectors(encodings));

    public override PlainQuantization forward(Tensor encodings)
    {
        Tensor vectors = ToVectors(encodings), indices, codes;
        using (no_grad())
        {
            indices = nearest.call(vectors.detach());
            codes = nearest.Codebook.index_select(0, indices);
        }
        Tensor commitment = (vectors - codes).square().sum(1).mean();
        Tensor passed = vectors + (codes - vectors).detach();
        if (training)
            Learn(vectors.detach(), indices);
        return new PlainQuantization(FromVectors(passed, encodings.shape).In(_layout), commitment, indices);
    }

    void Learn(Tensor vectors, Tensor indices)
    {
        using IDisposable withoutGradients = no_grad();
        long codes = counts.shape[0];
        Tensor batchCounts = indices.bincount(null!, codes).to(ScalarType.Float32);
        Tensor batchSums = zeros_like(nearest.Codebook).index_add_(0, indices, vectors, 1);
        counts.mul_(Decay).add_(batchCounts, 1 - Decay);
        sums.mul_(Decay).add_(batchSums, 1 - Decay);
        Tensor total = counts.sum();
        Tensor smoothed = (counts + Smoothing) / (total + codes * Smoothing) * total;
        nearest.Codebook.copy_(sums / smoothed.unsqueeze(1));
    }

    static Tensor ToVectors(Tensor encodings) =>
        (encodings.Dimensions == 4 ? encodings.permute(0, 2, 3, 1) : encodings.permute(0, 2, 1)).reshape(-1, encodings.shape[1]);

    static Tensor FromVectors(Tensor vectors, long[] shape) => shape.Length == 4
        ? vectors.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)
        : vectors.view(shape[0], shape[2], shape[1]).permute(0, 2, 1);
}

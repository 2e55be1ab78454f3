using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The number of the nearest code of each vector [N, D]: <c>addmm</c> and <c>argmin</c>.</summary>
internal sealed class PlainNearestCode : nn.Module<Tensor, Tensor>
{
    // Registered as a buffer under this name.
    readonly Tensor codebook;

    public PlainNearestCode(int codes, int dimensions) : base(nameof(PlainNearestCode))
    {
        codebook = zeros(codes, dimensions);
        RegisterComponents();
    }

    /// <summary>The codes, [K, D].</summary>
    public Tensor Codebook => codebook;

    public override Tensor forward(Tensor vectors) => Distances(vectors).argmin(1);

    /// <summary>Squared distances [N, K], less the squared norms of the vectors.</summary>
    public Tensor Distances(Tensor vectors) => addmm(codebook.square().sum(1), vectors, codebook.t(), 1, -2);
}

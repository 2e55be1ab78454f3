using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>Copying of the library's weights into a plain network.</summary>
internal static class PlainWeights
{
    /// <summary>Fills all parameters and buffers of a network.</summary>
    /// <param name="network">The plain network.</param>
    /// <param name="find">Gives the library's tensor for a name of the plain network; the shape may differ by axes of length 1.</param>
    /// <exception cref="InvalidOperationException">A tensor has another number of elements.</exception>
    public static void Fill(this nn.Module network, Func<string, Tensor> find)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        foreach ((string name, Tensor target) in network.state_dict())
        {
            Tensor source = find(name);
            if (source.numel() != target.numel())
            {
                throw new InvalidOperationException(
                    $"The plain network's '{name}' is [{string.Join(", ", target.shape)}], but the library's tensor is "
                    + $"[{string.Join(", ", source.shape)}]: both must have the same number of elements.");
            }
            target.copy_(source.reshape(target.shape));
        }
    }
}

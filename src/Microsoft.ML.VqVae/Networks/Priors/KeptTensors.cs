using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Tensors that outlive the dispose scope they are made in, until their owner is disposed.</summary>
internal sealed class KeptTensors : IDisposable
{
    readonly List<Tensor> tensors = [];

    /// <summary>Takes a tensor out of its dispose scope.</summary>
    public Tensor Keep(Tensor tensor)
    {
        tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    /// <summary>One tensor for each number from 0.</summary>
    public Tensor[] Keep(int count, Func<int, Tensor> make) => [.. Enumerable.Range(0, count).Select(number => Keep(make(number)))];

    public void Dispose()
    {
        tensors.ForEach(tensor => tensor.Dispose());
        tensors.Clear();
    }
}

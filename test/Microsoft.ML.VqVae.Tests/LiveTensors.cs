using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>The tensors that are alive.</summary>
internal static class LiveTensors
{
    /// <summary>How many more there are after an action.</summary>
    public static long Growth(Action action)
    {
        // Whatever other tests left to the finalizers must not be counted here.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        action();
        return Tensor.TotalCount - before;
    }
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>The tensors that are alive.</summary>
internal static class LiveTensors
{
    /// <summary>Their number without those that other tests have left to the finalizers, which may run at any time.</summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    /// <summary>The increase of their number by an action.</summary>
    public static long Growth(Action action)
    {
        long before = Count();
        action();
        return Tensor.TotalCount - before;
    }
}

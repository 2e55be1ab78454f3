using System.Runtime.CompilerServices;

// One test at a time: tests count live tensors and read torch's global generator, and libtorch already uses every core.
[assembly: DoNotParallelize]

namespace Microsoft.ML.VqVae.Tests;

[TestClass]
public static class Parallelism
{
    /// <summary>Lets the library limit the spinning of idle threads, also where the first test uses TorchSharp alone.</summary>
    [AssemblyInitialize]
    public static void LimitWaiting(TestContext _) =>
        RuntimeHelpers.RunModuleConstructor(typeof(ImageVqVaeTransformer).Module.ModuleHandle);
}

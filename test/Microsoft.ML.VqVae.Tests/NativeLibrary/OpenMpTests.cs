using Microsoft.ML.VqVae.Networks;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>The number of threads that a thread lets libtorch use.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class OpenMpTests
{
    [TestMethod]
    public void One_thread_computes_alone_and_others_as_before()
    {
        int before = torch.get_num_threads();
        // Also where the machine has one processor.
        torch.set_num_threads(3);
        try
        {
            var found = (Set: false, Own: 0, Sum: 0f);
            Run(() => found = (OpenMp.UseOneThread(), torch.get_num_threads(), Sum()));
            int later = 0;
            Run(() => later = torch.get_num_threads());

            Assert.IsTrue(found.Set);
            Assert.AreEqual(1, found.Own);
            Assert.AreEqual(Sum(), found.Sum);
            Assert.AreEqual(3, torch.get_num_threads());
            Assert.AreEqual(3, later);
        }
        finally
        {
            torch.set_num_threads(before);
        }

        // More than libtorch leaves to one thread in any case.
        static float Sum()
        {
            using DisposeScope scope = torch.NewDisposeScope();
            return torch.ones(1 << 18).add_(torch.ones(1 << 18)).sum().item<float>();
        }
    }

    static void Run(ThreadStart action)
    {
        var thread = new Thread(action);
        thread.Start();
        thread.Join();
    }
}

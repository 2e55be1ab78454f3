using System.Globalization;

// One test at a time: tests count live tensors and read torch's global generator, and libtorch already uses every core.
[assembly: DoNotParallelize]

namespace Microsoft.ML.VqVae.Tests;

[TestClass]
public static class TestRun
{
    [AssemblyInitialize]
    public static void Begin(TestContext _)
    {
        // A culture in which numbers are written otherwise: what the library and the samples write for programs and files must not follow it.
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator) = (",", ".");
        (culture.NumberFormat.PercentDecimalSeparator, culture.NumberFormat.PercentGroupSeparator) = (",", ".");
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = culture;
        // Lets the library set up native libraries, also where the first test uses TorchSharp alone.
        NativeTorch.Require();
    }
}

using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>The library limits the time that idle threads spin, in a process of its own: OpenMP reads its settings once, when libtorch is
/// loaded, and prints what it has read on request.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class NativeSettingsTests
{
    [TestMethod]
    [DataRow(null, null, "GOMP_SPINCOUNT = '1000'", DisplayName = "nothing set")]
    [DataRow("GOMP_SPINCOUNT", "77", "GOMP_SPINCOUNT = '77'", DisplayName = "rounds")]
    [DataRow("OMP_WAIT_POLICY", "PASSIVE", "GOMP_SPINCOUNT = '0'", DisplayName = "policy")]
    public void Threads_of_libtorch_spin_a_little_unless_the_user_has_set_something(string? name, string? value, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            string model = Path.Combine(folder, "model.zip"), pixels = Path.Combine(folder, "pixels.bin");
            using (ImageVqVaeTransformer transformer = Tiny.Untrained())
                new MLContext().Model.Save(transformer, null, model);
            File.WriteAllBytes(pixels, []);
            (string, string?)[] environment =
                [("OMP_WAIT_POLICY", null), ("GOMP_SPINCOUNT", null), ("KMP_BLOCKTIME", null), ("OMP_DISPLAY_ENV", "VERBOSE")];
            if (name is not null)
                environment = [.. environment, (name, value)];
            string shown = LoaderProcess.Run([model, pixels, Path.Combine(folder, "codes.txt")], environment);
            Assert.Contains(expected, shown);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>The settings of native libraries that the library makes. That of waiting threads is read in a process of its own: OpenMP reads it
/// once, when libtorch is loaded, and prints what it has read on request.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class NativeSettingsTests
{
    [TestMethod]
    [DataRow(null, null, 1000, 10_000, DisplayName = "nothing set")]
    [DataRow("GOMP_SPINCOUNT", "77", 77, 77, DisplayName = "rounds")]
    [DataRow("OMP_WAIT_POLICY", "PASSIVE", 0, 0, DisplayName = "policy")]
    public void Threads_of_libtorch_spin_a_little_unless_the_user_has_set_something(string? name, string? value, int fewest, int most)
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
            Match rounds = Regex.Match(shown, "GOMP_SPINCOUNT = '([0-9]+)'");
            Assert.IsTrue(rounds.Success, shown);
            int found = int.Parse(rounds.Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.IsTrue(found >= fewest && found <= most, $"expected from {fewest} to {most}, found {found}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow(20, 2500, DisplayName = "a short pause")]
    [DataRow(43.75, 1142, DisplayName = "a long pause")]
    [DataRow(200, 1000, DisplayName = "a pause of a busy or emulated processor")]
    [DataRow(3, 10_000, DisplayName = "a pause of an old processor")]
    [DataRow(0, 1000, DisplayName = "no pause")]
    public void Threads_spin_for_50_microseconds_within_limits(double pause, int rounds) =>
        Assert.AreEqual(rounds, NativeSettings.WaitingRounds(pause));

    [TestMethod]
    public void Memory_of_tensors_is_kept_for_the_next_ones()
    {
        if (Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name.StartsWith("MALLOC_", StringComparison.Ordinal)))
            Assert.Inconclusive("a setting of the environment takes the place of the library's");
        // Tensors of 48 MB: above 32 MB, glibc's own limit, each would be mapped anew; a piece of 64 MB, in which threads keep memory, has room.
        const int Rounds = 10, Count = 1, Values = 12 << 20;
        // Each of libtorch's threads fills a part of a tensor.
        long pages = (long)Rounds * Count * Values * sizeof(float) / Environment.SystemPageSize / torch.get_num_threads();
        // A thread of its own, whose memory no other test takes.
        long faults = 0;
        var thread = new Thread(() =>
        {
            // The first rounds take the memory from the system, each perhaps another part of it.
            MakeTensors(20, Count, Values);
            long before = PageFaults();
            MakeTensors(Rounds, Count, Values);
            faults = PageFaults() - before;
        });
        thread.Start();
        thread.Join();
        // Without the setting the system provides every page anew. With it as a rule none; in one of some ten runs glibc returned the memory of
        // this thread in six of the ten rounds.
        Assert.IsLessThan(pages * 4 / 5, faults);
    }

    static void MakeTensors(int rounds, int count, int values)
    {
        for (int round = 0; round < rounds; round++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            for (int number = 0; number < count; number++)
                torch.ones(values);
        }
    }

    /// <summary>The page faults of this thread that needed no disk, from the tenth field of its statistics; the name of the thread, the second,
    /// may hold spaces.</summary>
    static long PageFaults() =>
        long.Parse(File.ReadAllText("/proc/thread-self/stat").Split(") ")[^1].Split(' ')[7], CultureInfo.InvariantCulture);
}

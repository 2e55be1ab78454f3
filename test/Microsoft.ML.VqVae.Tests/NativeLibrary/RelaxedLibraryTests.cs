using System.IO.Compression;
using System.Reflection;
using Microsoft.ML.VqVae.Build;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>TorchSharp's own native library: as its package has it, and as the build of this test project made it.</summary>
[TestClass]
public class RelaxedLibraryTests
{
    const string FileName = "libLibTorchSharp.so", Library = "libstdc++.so.6", Version = "GLIBCXX_3.4.32";

    static readonly string Package = typeof(RelaxedLibraryTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "TorchSharpPackage").Value!;

    static byte[] FileOfPackage()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive($"{FileName} is TorchSharp's library for Linux; this system has another one.");
        return File.ReadAllBytes(Path.Combine(Package, "runtimes", "linux-x64", "native", FileName));
    }

    [TestMethod]
    public void The_package_s_library_insists_on_a_version_of_which_it_uses_nothing()
    {
        List<ElfVersionNeed> needs = ElfVersionNeeds.Read(FileOfPackage(), Library);
        Assert.IsEmpty(needs.Single(need => need.Name == Version).UsedSymbols);
        // That is no blindness for all: operator new and the rest of the C++ library are used.
        Assert.Contains("_Znwm", needs.Single(need => need.Name == "GLIBCXX_3.4").UsedSymbols);
        CollectionAssert.Contains(needs.SelectMany(need => need.UsedSymbols).ToArray(), "__cxa_throw");
    }

    [TestMethod]
    public void A_relaxed_library_differs_in_one_bit()
    {
        byte[] file = FileOfPackage();
        List<ElfVersionNeed> needs = ElfVersionNeeds.Read(file, Library);
        ElfVersionNeed unused = needs.Single(need => need.Name == Version);
        byte[] relaxed = ElfVersionNeeds.MakeWeak(file, [unused]);
        CollectionAssert.AreEqual(
            needs.Where(need => need != unused).Select(need => need.Name).ToArray(),
            ElfVersionNeeds.Read(relaxed, Library).Select(need => need.Name).ToArray());
        AssertOneBit(file, relaxed, unused.FlagsOffset);
    }

    [TestMethod]
    public void The_build_relaxes_the_library_where_the_system_s_lacks_the_version()
    {
        byte[] file = FileOfPackage(), built = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, FileName));
        string? system = File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/', StringComparison.Ordinal))..])
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith(Library, StringComparison.Ordinal));
        Assert.IsNotNull(system, $"The test process has no {Library}.");
        if (ElfVersionNeeds.ReadDefined(File.ReadAllBytes(system)).Contains(Version))
            CollectionAssert.AreEqual(file, built);
        else
            AssertOneBit(file, built, ElfVersionNeeds.Read(file, Library).Single(need => need.Name == Version).FlagsOffset);
    }

    [TestMethod]
    public void The_build_leaves_the_package_s_own_file_alone()
    {
        byte[] file = FileOfPackage();
        // The package as it was downloaded lies beside its files.
        string download = Directory.GetFiles(Package, "*.nupkg").Single();
        using ZipArchive archive = ZipFile.OpenRead(download);
        using Stream stream = archive.GetEntry($"runtimes/linux-x64/native/{FileName}")!.Open();
        using var original = new MemoryStream();
        stream.CopyTo(original);
        CollectionAssert.AreEqual(original.ToArray(), file);
    }

    static void AssertOneBit(byte[] expected, byte[] actual, long offset)
    {
        Assert.HasCount(expected.Length, actual);
        long[] different = [.. Enumerable.Range(0, expected.Length).Where(i => expected[i] != actual[i])];
        CollectionAssert.AreEqual((long[])[offset], different);
        Assert.AreEqual(expected[offset] | 2, actual[offset]);
    }
}

using System.Diagnostics;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;
using TemporaryFolder = Microsoft.ML.VqVae.Tests.Training.TemporaryFolder;

namespace Microsoft.ML.VqVae.Tests.Distributed;

/// <summary>Microsoft.ML.VqVae.Tests.Ranks under Open MPI's own mpirun, and what is said where there is none.</summary>
[TestClass]
public sealed class OpenMpiTests
{
    [TestMethod]
    public void Two_processes_end_with_the_weights_of_one()
    {
        using var folder = new TemporaryFolder();
        Assert.AreEqual(0, Run(ranks: 2, "train", folder.Path).ExitCode);
        Assert.AreEqual(0, Run(ranks: null, "alone", folder.Path).ExitCode);
        using SafetensorsContent alone = Read(folder, "alone-0"), first = Read(folder, "train-0"), second = Read(folder, "train-1");
        foreach ((string name, Tensor tensor) in alone.Tensors)
        {
            Assert.IsTrue(first.Tensors[name].allclose(tensor, 1e-5, 1e-5), name);
            Assert.IsTrue(second.Tensors[name].allclose(first.Tensors[name], 0, 0), name);
        }
    }

    [TestMethod]
    [DataRow("fail-reading", "Rank 1 of 2 ends all processes: Row 0 of")]
    [DataRow("fail-training", "Rank 0 of 2 ends all processes: The reporter of rank 0 is broken.")]
    public void A_rank_that_fails_ends_all(string what, string message)
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run(ranks: 2, what, folder.Path);
        Assert.AreNotEqual(0, exitCode);
        Assert.Contains(message, output);
    }

    [TestMethod]
    public void A_canceled_rank_cancels_all()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run(ranks: 2, "cancel", folder.Path);
        Assert.AreEqual(0, exitCode, output);
        Assert.Contains("rank 0: canceled", output);
        Assert.Contains("rank 1: canceled", output);
    }

    [TestMethod]
    public void Without_Open_MPI_the_error_says_what_to_install()
    {
        DllNotFoundException e = Assert.ThrowsExactly<DllNotFoundException>(
            () => MpiTrainingGroup.Join(["libno-such-mpi.so"], _ => "2"));
        Assert.Contains("Open MPI was not found", e.Message);
        Assert.Contains("apt install openmpi-bin", e.Message);
    }

    [TestMethod]
    public void Another_library_is_refused()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("The test takes the C library of Linux for another MPI.");
        DllNotFoundException e = Assert.ThrowsExactly<DllNotFoundException>(() => MpiTrainingGroup.Join(["libc.so.6"], _ => "2"));
        Assert.Contains("libc.so.6, is not Open MPI", e.Message);
    }

    [TestMethod]
    public void A_program_that_was_not_started_by_mpirun_is_told_so()
    {
        RequireOpenMpi();
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(
            () => MpiTrainingGroup.Join(OpenMpi.Names, _ => null));
        Assert.Contains("mpirun -np 2", e.Message);
    }

    static SafetensorsContent Read(TemporaryFolder folder, string name) =>
        Safetensors.ReadFile(Path.Combine(folder.Path, $"{name}.safetensors"));

    static string RequireOpenMpi()
    {
        string? mpirun = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "mpirun")).FirstOrDefault(File.Exists);
        if (mpirun is null)
            Assert.Inconclusive("There is no mpirun in PATH: install Open MPI (Debian: apt install openmpi-bin).");
        return mpirun;
    }

    static (int ExitCode, string Output) Run(int? ranks, params string[] arguments)
    {
        string mpirun = RequireOpenMpi(), program = Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.VqVae.Tests.Ranks.dll");
        string[] launch = ranks is null ? []
            // Messages through shared memory alone, and more processes than cores where there are few.
            : [mpirun, "--allow-run-as-root", "--oversubscribe", "--mca", "btl", "self,vader", "--mca", "mpi_yield_when_idle", "1", "-np", $"{ranks}"];
        string[] command = [.. launch, "dotnet", "exec", program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.IsTrue(process.WaitForExit(TimeSpan.FromMinutes(2)), "The processes wait for one another for ever.");
        return (process.ExitCode, output.Result + error.Result);
    }
}

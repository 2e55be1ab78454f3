using System.Diagnostics;
using System.Reflection;
using static System.Runtime.InteropServices.RuntimeInformation;
using Processor = System.Runtime.InteropServices.Architecture;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>A program whose libtorch is missing or does not load says in two lines what to do.</summary>
[TestClass]
public class MissingLibraryTests
{
    const string Torch = "libtorch_cpu.so", Wrapper = "libLibTorchSharp.so";

    static readonly string Trainer = Metadata("Trainer");

    DirectoryInfo _folder = null!;

    [TestInitialize]
    public void Copy_the_program()
    {
        _folder = Directory.CreateTempSubdirectory("vqvae-test-");
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(Trainer)!))
        {
            // Without the list of dependencies the host takes the files that are there.
            if (!file.EndsWith(".deps.json", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }
    }

    [TestCleanup]
    public void Delete_the_program() => _folder.Delete(recursive: true);

    [TestMethod]
    public void Without_libtorch_Fit_names_the_package_to_add()
    {
        (int exitCode, string output, string error) = Run();
        Assert.AreNotEqual(0, exitCode);
        Assert.AreEqual("", output);
        string[] lines = Message(error);
        Assert.Contains("has no libtorch", lines[0]);
        Assert.Contains(_folder.FullName, lines[0]);
        string package = OperatingSystem.IsLinux() ? "libtorch-cpu-linux-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64"
            : ProcessArchitecture == Processor.Arm64 ? "libtorch-cpu-win-arm64" : "libtorch-cpu-win-x64";
        Assert.StartsWith($"Add its package: dotnet add package {package} --version 2.", lines[1]);
        if (OperatingSystem.IsLinux())
            Assert.Contains("(for an NVIDIA GPU: TorchSharp-cuda-linux --version 0.", lines[1]);
    }

    [TestMethod]
    public void Without_libtorch_Load_names_the_package_to_add()
    {
        string model = Path.Combine(AppContext.BaseDirectory, "golden", "models", "image-encoder-gradient.zip");
        (int exitCode, string output, string error) = Run(model);
        Assert.AreNotEqual(0, exitCode);
        Assert.AreEqual("", output);
        // ML.NET creates transformers by reflection, which wraps their exceptions.
        Assert.Contains("---> System.DllNotFoundException: The application has no libtorch", error);
        Assert.Contains("\nAdd its package: dotnet add package libtorch-cpu-", error);
    }

    [TestMethod]
    public void A_damaged_libtorch_is_reported_with_the_reason_of_the_loader()
    {
        RequireLinux();
        File.WriteAllText(In(Torch), "This is not a library.");
        (int exitCode, string output, string error) = Run();
        Assert.AreNotEqual(0, exitCode);
        Assert.AreEqual("", output);
        string[] lines = Message(error);
        Assert.Contains($"{In(Torch)} is there, but does not load: ", lines[0]);
        Assert.Contains("file too short", lines[0]);
        Assert.StartsWith("If the file is damaged, delete its package", lines[1]);
    }

    [TestMethod]
    public void A_native_library_that_asks_for_more_than_the_system_has_is_reported_with_the_build_step()
    {
        LinkLibtorch();
        File.Delete(In(Wrapper));
        File.Copy(Path.Combine(Metadata("TorchSharpPackage"), "runtimes", "linux-x64", "native", Wrapper), In(Wrapper));
        (int exitCode, string output, string error) = Run();
        if (exitCode == 0)
            Assert.Inconclusive("The C++ library of this system is new enough for TorchSharp's native library.");
        Assert.AreEqual("", output);
        string[] lines = Message(error);
        Assert.Contains($"{In(Wrapper)} is there, but does not load: ", lines[0]);
        Assert.Contains("GLIBCXX_3.4.32", lines[0]);
        Assert.Contains("VqVaeRelaxNativeLibrary", lines[1]);
    }

    [TestMethod]
    public void With_libtorch_the_same_program_trains()
    {
        LinkLibtorch();
        (int exitCode, string output, string error) = Run();
        Assert.AreEqual("", error);
        Assert.AreEqual(0, exitCode);
        Assert.AreEqual("trained: 8 codes", output.Trim());
    }

    static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("The text of the loader is known for Linux.");
    }

    /// <summary>Links the native libraries of this test project, which is an application with libtorch.</summary>
    void LinkLibtorch()
    {
        RequireLinux();
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.so*"))
        {
            File.Delete(In(Path.GetFileName(file)));
            File.CreateSymbolicLink(In(Path.GetFileName(file)), file);
        }
    }

    string In(string file) => Path.Combine(_folder.FullName, file);

    (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { In(Path.GetFileName(Trainer)) },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // Nothing of the tests' own libraries must reach the program, and no dump is written where it ends with an exception.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment.Remove("LD_LIBRARY_PATH");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error);
    }

    /// <summary>The two lines of the message of the unhandled exception, before the stack.</summary>
    static string[] Message(string error)
    {
        string[] lines = error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] message = [.. lines.TakeWhile(line => !line.StartsWith("at ", StringComparison.Ordinal))];
        Assert.HasCount(2, message, error);
        Assert.StartsWith("Unhandled exception. System.DllNotFoundException: ", message[0]);
        return message;
    }

    static string Metadata(string key) => typeof(MissingLibraryTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == key).Value!;
}

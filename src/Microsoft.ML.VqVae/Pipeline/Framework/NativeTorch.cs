using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;

namespace Microsoft.ML.VqVae;

/// <summary>The native libraries of TorchSharp: checks that they load, and otherwise says what to do.</summary>
internal static class NativeTorch
{
    const string Core = "torch_cpu", Wrapper = "LibTorchSharp";

    static bool _loaded;

    /// <summary>Loads the native libraries. TorchSharp does so too, but writes a log of its attempts where it fails.</summary>
    /// <exception cref="DllNotFoundException">A library is missing or does not load. The message has two lines: the reason, and the
    /// remedy.</exception>
    /// <exception cref="PlatformNotSupportedException">libtorch gives wrong numbers on this machine, and cannot be told
    /// otherwise.</exception>
    public static void Require()
    {
        if (_loaded)
            return;
        // In the order of TorchSharp: its own library needs libtorch, which may lie in another folder.
        TryLoad(Core);
        if (!TryLoad(Wrapper) && !LoadFromPackages())
            throw new DllNotFoundException(Explain());
        if (!NativeSettings.CorrectConvolutions())
        {
            throw new PlatformNotSupportedException(
                "The convolutions of libtorch give wrong numbers on this machine, which does not report the caches of its processor, and in "
                + "this version of libtorch they cannot be turned off. Set ONEDNN_MAX_CPU_ISA=SSE41 in the environment of the program. See "
                + "docs/troubleshooting.md, \"Slow convolutions in a virtual machine\".");
        }
        _loaded = true;
    }

    static bool TryLoad(string name) => NativeLibrary.TryLoad(name, typeof(torch).Assembly, searchPath: null, out _);

    // In a notebook or script, where the libraries lie in the folders of several packages, TorchSharp brings them together.
    static bool LoadFromPackages()
    {
        string[] folders = typeof(torch).Assembly.Location.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        if (!folders.Contains("torchsharp") || !folders.Contains("lib"))
            return false;
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
            return true;
        }
        catch (TypeInitializationException)
        {
            return false;
        }
    }

    static string Explain()
    {
        if (Find(Core) is null)
            return MissingPackage();
        foreach (string name in (string[])["c10", Core, Wrapper])
        {
            if (Find(name) is string path && ReasonNotToLoad(path) is string reason)
                return $"{path} is there, but does not load: {reason}\n{Remedy(reason)}";
        }
        return $"{FileName(Wrapper)}, the native library of TorchSharp, is not in the folder of the application, although "
            + $"{FileName(Core)} is.\nDelete the folders bin and obj of the application, and build it again.";
    }

    static string MissingPackage()
    {
        string reason = $"The application has no libtorch, the native library that computes the networks ({FileName(Core)} is not in "
            + $"{AppContext.BaseDirectory}).\n";
        if (PackageOfSystem() is not string package)
        {
            return reason + $"There is no package of it for {RuntimeInformation.RuntimeIdentifier}: use Linux x64, Windows, or macOS on "
                + "Apple silicon.";
        }
        string gpu = OperatingSystem.IsLinux() ? "TorchSharp-cuda-linux"
            : OperatingSystem.IsWindows() && RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "TorchSharp-cuda-windows" : "";
        return reason + $"Add its package: dotnet add package {package} --version {Version("LibTorchVersion")}"
            + (gpu == "" ? "" : $" (for an NVIDIA GPU: {gpu} --version {Version("TorchSharpVersion")})");
    }

    static string? PackageOfSystem() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 when OperatingSystem.IsLinux() => "libtorch-cpu-linux-x64",
        Architecture.X64 when OperatingSystem.IsWindows() => "libtorch-cpu-win-x64",
        Architecture.Arm64 when OperatingSystem.IsWindows() => "libtorch-cpu-win-arm64",
        Architecture.Arm64 when OperatingSystem.IsMacOS() => "libtorch-cpu-osx-arm64",
        _ => null,
    };

    /// <summary>The reason that the loader of the system gives; null if the file loads.</summary>
    static string? ReasonNotToLoad(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            // On Linux and macOS the advice of the runtime comes first, and then the text of the loader, a line for each attempt.
            return exception.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
        }
    }

    static string Remedy(string reason)
    {
        if (reason.Contains("GLIBCXX", StringComparison.Ordinal) || reason.Contains("GLIBC_", StringComparison.Ordinal))
        {
            return "The library of the system is older than the file asks for. Build the application on the system that it runs on, without "
                + "VqVaeRelaxNativeLibrary=false; see docs/troubleshooting.md in the repository of this package.";
        }
        if (reason.Contains("cannot open shared object file", StringComparison.Ordinal))
            return "Install what is missing on this system, for example libgomp.so.1 by 'apt-get install libgomp1', and start again.";
        return OperatingSystem.IsWindows()
            ? "Install the Visual C++ Redistributable; if that is there, the file is damaged: delete its package from the NuGet package "
                + "folder, and build again."
            : "If the file is damaged, delete its package from the NuGet package folder ('dotnet nuget locals global-packages --list'), "
                + "and build again.";
    }

    static string? Find(string library) => Folders().Select(folder => Path.Combine(folder, FileName(library))).FirstOrDefault(File.Exists);

    static IEnumerable<string> Folders()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string processor = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        yield return AppContext.BaseDirectory;
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", $"{system}-{processor}", "native");
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return folder;
    }

    static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    static string Version(string name) => typeof(NativeTorch).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == name).Value!;
}

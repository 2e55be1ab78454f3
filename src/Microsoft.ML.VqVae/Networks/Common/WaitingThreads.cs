using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The time that libtorch's idle OpenMP threads wait for work, spinning, before they sleep. Without a limit, beside a busy process training
/// is several times slower than its share of the processor; threads that sleep at once are slower on an idle machine.
/// </summary>
internal static partial class WaitingThreads
{
    /// <summary>Settings of a user, in the native environment of the process: where one of them is present, nothing is set.</summary>
    static readonly string[] _settings = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"];

    /// <summary>Sets the limit before any other code of the library runs. OpenMP reads it once, when libtorch is loaded.</summary>
#pragma warning disable CA2255 // A program that only references the package must not have to call anything.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Limit()
    {
        if (_settings.Any(name => NativeEnvironment.Has(name)))
            return;
        // For GNU's OpenMP, Linux: rounds of its waiting loop.
        NativeEnvironment.Set("GOMP_SPINCOUNT", "1000");
        // For LLVM's and Intel's OpenMP, macOS and Windows: milliseconds.
        NativeEnvironment.Set("KMP_BLOCKTIME", "1");
    }

    /// <summary>The environment that native libraries see. On Linux and macOS, .NET's <see cref="Environment"/> is a copy of it.</summary>
    static partial class NativeEnvironment
    {
        public static bool Has(string name) =>
            OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) is not null : GetVariable(name) != 0;

        public static void Set(string name, string value)
        {
            if (OperatingSystem.IsWindows())
                Environment.SetEnvironmentVariable(name, value);
            else
                _ = SetVariable(name, value, overwrite: 0);
        }

        [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nint GetVariable(string name);

        [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int SetVariable(string name, string value, int overwrite);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Settings of native libraries that make libtorch right, fast and polite, for a program that only references the package. Where a user has
/// set one of the kind in the environment, the library sets none of it; but it does correct convolutions that would be wrong.
/// </summary>
internal static partial class NativeSettings
{
    // glibc: malloc.h.
    const int TrimThreshold = -1;
    const int TopPad = -2;
    const int MapThreshold = -3;

    static readonly string[] _waiting = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"];
    static readonly string[] _memory = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"];
    static readonly string[] _instructions = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

    static bool _keepsMemory;

    /// <summary>Whether a user has limited oneDNN, which computes convolutions, to less than some instructions.</summary>
    internal static bool ConvolutionsAreBelow(ProcessorInstructions instructions) =>
        IsBelow(_instructions.Select(NativeEnvironment.Get).FirstOrDefault(value => !string.IsNullOrEmpty(value)), instructions);

    /// <summary>Whether the processor is one of AMD.</summary>
    internal static bool IsProcessorOfAmd { get; } = X86Base.IsSupported && IsOfAmd(X86Base.CpuId);

    /// <summary>Whether the processor is one of AMD that does not report its caches (<see cref="HidesCaches"/>).</summary>
    internal static bool CachesAreHidden { get; } = X86Base.IsSupported && HidesCaches(X86Base.CpuId);

    /// <summary>Before any other code of the library runs: OpenMP reads its settings once, when libtorch is loaded.</summary>
#pragma warning disable CA2255 // A program that only references the package must not have to call anything.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Apply()
    {
        if (!_waiting.Any(NativeEnvironment.Has))
            LimitWaiting();
        if (OperatingSystem.IsLinux() && !_memory.Any(NativeEnvironment.Has))
            _keepsMemory = KeepMemory();
    }

    /// <summary>Returns the memory that nothing uses any more to the system, at the end of a training run. Any thread.</summary>
    internal static void ReturnMemory()
    {
        if (_keepsMemory)
            _ = Allocator.Trim(0);
    }

    /// <summary>
    /// The time that libtorch's idle threads wait for work, spinning, before they sleep. Without a limit, beside a busy process training is
    /// several times slower than its share of the processor; threads that sleep at once are slower on an idle machine.
    /// </summary>
    static void LimitWaiting()
    {
        // For GNU's OpenMP, Linux: rounds of its waiting loop.
        NativeEnvironment.Set("GOMP_SPINCOUNT", WaitingRounds(LengthOfPause()).ToString(CultureInfo.InvariantCulture));
        // For LLVM's and Intel's OpenMP, macOS and Windows: milliseconds.
        NativeEnvironment.Set("KMP_BLOCKTIME", "1");
    }

    /// <summary>
    /// The rounds that take 50 µs, of a pause of the processor each. That is long enough for the code between two small operators: threads that
    /// slept by then would have to be woken for the next one.
    /// </summary>
    /// <param name="pause">The length of a pause in nanoseconds, 10 to 50 on processors of the last years; 0 where it is not known.</param>
    internal static int WaitingRounds(double pause)
    {
        const double Waiting = 50_000;
        const int Fewest = 1000, Most = 10_000;
        return pause > 0 ? (int)Math.Clamp(Waiting / pause, Fewest, Most) : Fewest;
    }

    /// <summary>The length of the processor's pause instruction in nanoseconds, measured in some 0.1 ms; 0 where it has none.</summary>
    static double LengthOfPause()
    {
        const int Tries = 5, Pauses = 500;
        if (!X86Base.IsSupported)
            return 0;
        // The shortest of several, since another process may run in between.
        double shortest = double.MaxValue;
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int pause = 0; pause < Pauses; pause++)
                X86Base.Pause();
            shortest = Math.Min(shortest, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Pauses);
        }
        return shortest;
    }

    /// <summary>
    /// Whether a processor of AMD does not report its caches, as in some virtual machines. oneDNN of libtorch then assumes caches of one byte,
    /// and its convolutions by AVX2 and AVX-512 give wrong numbers or divide by zero, depending on their sizes; those by SSE 4.1 do not
    /// depend on the caches. For processors of Intel that report none, it assumes usual sizes.
    /// </summary>
    /// <param name="cpuId">The instruction CPUID: function and subfunction → EAX, EBX, ECX, EDX.</param>
    internal static bool HidesCaches(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> cpuId)
    {
        const int Extended = unchecked((int)0x80000000), Caches = unchecked((int)0x8000001D);
        // The lowest bits of EAX are the kind of the first cache; 0 is none.
        return IsOfAmd(cpuId) && ((uint)cpuId(Extended, 0).Eax < unchecked((uint)Caches) || (cpuId(Caches, 0).Eax & 31) == 0);
    }

    /// <summary>Whether a value of oneDNN's variable limits it to less than some instructions.</summary>
    internal static bool IsBelow(string? limit, ProcessorInstructions instructions) => limit?.ToUpperInvariant() switch
    {
        "SSE41" or "AVX" => true,
        "AVX2" or "AVX2_VNNI" or "AVX2_VNNI_2" => instructions == ProcessorInstructions.Avx512,
        _ => false,
    };

    static bool IsOfAmd(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> cpuId)
    {
        // "AuthenticAMD", in the order EBX, EDX, ECX.
        (_, int first, int last, int middle) = cpuId(0, 0);
        return (first, middle, last) == (0x68747541, 0x69746E65, 0x444D4163);
    }

    /// <summary>
    /// On a processor that hides its caches, lets libtorch compute convolutions without oneDNN, also those of other code in the process, and
    /// computes one that oneDNN gets wrong: false where it is wrong still.
    /// </summary>
    internal static bool CorrectConvolutions()
    {
        if (!CachesAreHidden)
            return true;
        _ = OneDnn.TurnOff();
        const int Channels = 19, Kernel = 3;
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = nn.functional.conv2d(ones(4, Channels, 6, 12), ones(240, Channels, Kernel, Kernel));
        return (sums.min().item<float>(), sums.max().item<float>()) == (Channels * Kernel * Kernel, Channels * Kernel * Kernel);
    }

    /// <summary>
    /// Lets glibc keep the memory of tensors for the next ones. Otherwise it returns that of large ones to the system at once, and the
    /// system fills the same pages with zeros anew, in every training step. False where the C library has no such setting.
    /// </summary>
    static bool KeepMemory()
    {
        // Memory of threads other than the first lies in pieces of 64 MB, which are kept if the pad is as large. It is reserved, not filled.
        const int Limit = 1 << 30, Piece = 64 << 20;
        try
        {
            return Allocator.Set(MapThreshold, Limit) != 0 && Allocator.Set(TrimThreshold, Limit) != 0 && Allocator.Set(TopPad, Piece) != 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    static partial class Allocator
    {
        [LibraryImport("libc", EntryPoint = "mallopt")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial int Set(int parameter, int value);

        [LibraryImport("libc", EntryPoint = "malloc_trim")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial int Trim(nuint padding);
    }

    /// <summary>The environment that native libraries see. On Linux and macOS, .NET's <see cref="Environment"/> is a copy of it.</summary>
    static partial class NativeEnvironment
    {
        public static bool Has(string name) => Get(name) is not null;

        public static string? Get(string name) =>
            OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) : Marshal.PtrToStringUTF8(GetVariable(name));

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

/// <summary>Instructions for vectors of a processor.</summary>
internal enum ProcessorInstructions
{
    Avx2,
    Avx512,
}

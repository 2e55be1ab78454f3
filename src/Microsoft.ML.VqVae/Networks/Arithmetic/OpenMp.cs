using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The threads with which libtorch computes: GNU's OpenMP, on Linux.</summary>
internal static unsafe class OpenMp
{
    /// <summary>
    /// Lets libtorch compute what this thread asks of it on this thread alone; other threads keep their number. For threads that do little
    /// beside one that trains: once there are more threads of OpenMP than processors, idle ones sleep at once instead of spinning, and are woken
    /// for each small operator.
    /// </summary>
    /// <returns>Whether there is such a setting: elsewhere than on Linux, threads wait as before.</returns>
    public static bool UseOneThread()
    {
        // TorchSharp's own setting is that of all threads.
        if (!NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, searchPath: null, out nint library)
            || !NativeLibrary.TryGetExport(library, "omp_set_num_threads", out nint function))
        {
            return false;
        }
        // libtorch sets the number of a thread when it is first asked.
        _ = get_num_threads();
        ((delegate* unmanaged<int, void>)function)(1);
        return true;
    }
}

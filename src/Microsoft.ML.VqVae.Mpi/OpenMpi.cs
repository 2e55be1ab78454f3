using System.Runtime.InteropServices;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The functions of Open MPI's C library that a training group needs.</summary>
/// <remarks>The handles of communicators, types and operations are addresses of data in Open MPI's library; in MPICH and Microsoft MPI they
/// are numbers, which is why those are refused.</remarks>
internal sealed unsafe class OpenMpi
{
    /// <summary>The names under which MPI is installed: Open MPI, then those of others, to say which one was found.</summary>
    internal static readonly string[] Names =
        ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib", "libmpich.so.12", "libmpi.so.12", "libmpich.so", "msmpi"];

    const int ThreadsOneAtATime = 2, ErrorTextLength = 512, LibraryVersionLength = 8192;

    // The number of elements of a message is an int in C.
    const int MaxCount = 1 << 28;

    readonly nint _library;
    readonly nint _world, _float, _byte, _sum;
    readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, int> _allReduce;
    readonly delegate* unmanaged<void*, int, nint, int, nint, int> _broadcast;

    OpenMpi(nint library)
    {
        _library = library;
        (_world, _float, _byte, _sum) =
            (Export("ompi_mpi_comm_world"), Export("ompi_mpi_float"), Export("ompi_mpi_byte"), Export("ompi_mpi_op_sum"));
        _allReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
    }

    /// <summary>Loads the library.</summary>
    /// <param name="names">The names to try.</param>
    /// <exception cref="DllNotFoundException">MPI is not installed, or is not Open MPI.</exception>
    internal static OpenMpi Load(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library))
                continue;
            if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _))
                return new OpenMpi(library);
            throw new DllNotFoundException(
                $"The MPI library that was found, {name}, is {VersionOf(library)}. {nameof(MpiTrainingGroup)} needs Open MPI: install it " +
                "(Debian and Ubuntu: apt install openmpi-bin) and start the program with its mpirun.");
        }
        throw new DllNotFoundException(
            $"Open MPI was not found (tried {string.Join(", ", names)}). Install it on every machine (Debian and Ubuntu: apt install " +
            "openmpi-bin), or set LD_LIBRARY_PATH to the folder of its libmpi.so.40.");
    }

    /// <summary>Starts MPI, for calls from one thread at a time.</summary>
    internal void Initialize()
    {
        var isInitialized = (delegate* unmanaged<int*, int>)Export("MPI_Initialized");
        var initialize = (delegate* unmanaged<void*, void*, int, int*, int>)Export("MPI_Init_thread");
        int done = 0, provided = 0;
        Check(isInitialized(&done), "MPI_Initialized");
        if (done != 0)
            throw new InvalidOperationException("MPI was already started: a process can join a training group once.");
        Check(initialize(null, null, ThreadsOneAtATime, &provided), "MPI_Init_thread");
        if (provided < ThreadsOneAtATime)
        {
            throw new InvalidOperationException(
                $"This Open MPI can be called from the first thread only (level {provided} of MPI_Init_thread; {ThreadsOneAtATime}, " +
                "MPI_THREAD_SERIALIZED, is needed). Install one that was built with thread support.");
        }
    }

    internal int Rank => Number("MPI_Comm_rank");

    internal int Size => Number("MPI_Comm_size");

    internal void Sum(Span<float> values)
    {
        for (; values.Length > 0; values = values[Math.Min(values.Length, MaxCount)..])
        {
            // MPI_IN_PLACE.
            fixed (float* start = values)
                Check(_allReduce((void*)1, start, Math.Min(values.Length, MaxCount), _float, _sum, _world), "MPI_Allreduce");
        }
    }

    internal void Broadcast(Span<byte> bytes)
    {
        for (; bytes.Length > 0; bytes = bytes[Math.Min(bytes.Length, MaxCount)..])
        {
            fixed (byte* start = bytes)
                Check(_broadcast(start, Math.Min(bytes.Length, MaxCount), _byte, 0, _world), "MPI_Bcast");
        }
    }

    internal void Abort(int exitCode) => ((delegate* unmanaged<nint, int, int>)Export("MPI_Abort"))(_world, exitCode);

    internal void Complete() => Check(((delegate* unmanaged<int>)Export("MPI_Finalize"))(), "MPI_Finalize");

    int Number(string function)
    {
        int number = 0;
        Check(((delegate* unmanaged<nint, int*, int>)Export(function))(_world, &number), function);
        return number;
    }

    // By default, Open MPI ends all processes at an error; this is for a program that has set another error handler.
    void Check(int code, string function)
    {
        if (code == 0)
            return;
        byte* text = stackalloc byte[ErrorTextLength];
        int length = 0;
        ((delegate* unmanaged<int, byte*, int*, int>)Export("MPI_Error_string"))(code, text, &length);
        throw new IOException($"{function} of Open MPI failed: {Marshal.PtrToStringUTF8((nint)text, length)}.");
    }

    nint Export(string name) => NativeLibrary.GetExport(_library, name);

    static string VersionOf(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Get_library_version", out nint function))
            return "not Open MPI";
        byte[] text = new byte[LibraryVersionLength];
        int length = 0;
        fixed (byte* start = text)
            ((delegate* unmanaged<byte*, int*, int>)function)(start, &length);
        return System.Text.Encoding.UTF8.GetString(text, 0, length).Split('\n')[0].Trim();
    }
}

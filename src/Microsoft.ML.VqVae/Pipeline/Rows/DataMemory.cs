using System.Buffers;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.VqVae;

/// <summary>Memory for training data: that of the process up to a limit, then temporary files that are mapped into memory.</summary>
/// <param name="limit">Bytes that may lie in the memory of the process.</param>
internal sealed class DataMemory(long limit) : IDisposable
{
    const int ChunkBytes = 1 << 26;

    readonly List<IDisposable> _files = [];
    Memory<float> _free;

    /// <summary>Bytes in the memory of the process.</summary>
    public long BytesInMemory { get; private set; }

    /// <summary>Bytes in temporary files.</summary>
    public long BytesInFiles { get; private set; }

    /// <summary>Memory for so many values.</summary>
    public Memory<T> Allocate<T>(int count)
        where T : unmanaged
    {
        long bytes = (long)count * Unsafe.SizeOf<T>();
        if (TryCount(bytes))
            return new T[count];
        BytesInFiles += bytes;
        var chunk = new MappedChunk<T>(count);
        _files.Add(chunk);
        return chunk.Memory;
    }

    /// <summary>Keeps values: as they are, or as a copy in a temporary file.</summary>
    public ReadOnlyMemory<float> Keep(ReadOnlyMemory<float> values)
    {
        if (TryCount(values.Length * (long)sizeof(float)))
            return values;
        if (_free.Length < values.Length)
            _free = Allocate<float>(Math.Max(values.Length, ChunkBytes / sizeof(float)));
        Memory<float> kept = _free[..values.Length];
        _free = _free[values.Length..];
        values.CopyTo(kept);
        return kept;
    }

    /// <summary>The size for the log: "47 MB in memory".</summary>
    public override string ToString() => BytesInFiles == 0 ? $"{Megabytes(BytesInMemory)} in memory"
        : $"{Megabytes(BytesInMemory)} in memory, {Megabytes(BytesInFiles)} in temporary files";

    public void Dispose()
    {
        _free = default;
        _files.ForEach(file => file.Dispose());
        _files.Clear();
    }

    bool TryCount(long bytes)
    {
        if (BytesInMemory + bytes > limit)
            return false;
        BytesInMemory += bytes;
        return true;
    }

    static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / 1e6)} MB");

    /// <summary>Values in a temporary file, which disappears with this object or with the process.</summary>
    sealed unsafe class MappedChunk<T> : MemoryManager<T>
        where T : unmanaged
    {
        readonly int _length;
        readonly MemoryMappedFile _file;
        readonly MemoryMappedViewAccessor _view;
        readonly T* _values;

        public MappedChunk(int length)
        {
            _length = length;
            long bytes = (long)length * sizeof(T);
            string path = Path.Combine(Path.GetTempPath(), $"vqvae-{Guid.NewGuid():N}.data");
            // Reserved at once: where the disk is full, that is an exception here, and not the end of the process at a later write.
            var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, PreallocationSize = bytes,
                Options = FileOptions.DeleteOnClose,
            });
            stream.SetLength(bytes);
            _file = MemoryMappedFile.CreateFromFile(stream, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, false);
            _view = _file.CreateViewAccessor(0, bytes);
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _values = (T*)(start + _view.PointerOffset);
            // Where an open file can be deleted, not even a killed process leaves it behind.
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
        }

        public override Span<T> GetSpan() => new(_values, _length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_values + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (_view.SafeMemoryMappedViewHandle.IsClosed)
                return;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }
}

/// <summary>
/// Rows of one length, appended one after the other and read in any order. They lie in chunks, so that no array exceeds the 2 GB limit of
/// .NET.
/// </summary>
/// <param name="rowLength">Values of a row.</param>
/// <param name="expected">The number of rows that will probably come; null where it is not known. The last chunk is then no larger than
/// needed.</param>
/// <param name="memory">The memory of the rows; owned from now on.</param>
/// <param name="chunkBytes">The size of a chunk.</param>
internal sealed class RowChunks<T>(int rowLength, long? expected, DataMemory memory, int chunkBytes = 1 << 26) : IDisposable
    where T : unmanaged
{
    readonly int _rowsPerChunk = (int)Math.Max(1, chunkBytes / ((long)rowLength * Unsafe.SizeOf<T>()));
    readonly List<Memory<T>> _chunks = [];

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>A row.</summary>
    public ReadOnlySpan<T> this[int row] => Slice(row);

    /// <summary>Appends a row, which the caller fills.</summary>
    public Span<T> Append()
    {
        if (Count == int.MaxValue)
            throw new InvalidOperationException($"More than {int.MaxValue} rows: train on a sample of them.");
        int row = Count % _rowsPerChunk;
        if (row == 0)
        {
            long left = expected is long count && count > Count ? count - Count : _rowsPerChunk;
            _chunks.Add(Allocate((int)Math.Min(_rowsPerChunk, left)));
        }
        else if ((row + 1) * (long)rowLength > _chunks[^1].Length)
        {
            // More rows than expected: only the last chunk may be smaller than the others.
            Memory<T> small = _chunks[^1], whole = Allocate(_rowsPerChunk);
            small.CopyTo(whole);
            _chunks[^1] = whole;
        }
        Count++;
        return Slice(Count - 1);
    }

    public void Dispose()
    {
        _chunks.Clear();
        memory.Dispose();
    }

    Span<T> Slice(int row) => _chunks[row / _rowsPerChunk].Span.Slice(row % _rowsPerChunk * rowLength, rowLength);

    Memory<T> Allocate(int rows) => memory.Allocate<T>(checked(rows * rowLength));
}

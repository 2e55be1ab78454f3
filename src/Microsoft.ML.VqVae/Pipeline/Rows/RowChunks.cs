using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Rows of one length, appended one after the other and read in any order: in memory up to a limit, then in temporary files that are mapped
/// into memory. They lie in chunks, so that no array exceeds the 2 GB limit of .NET.
/// </summary>
/// <param name="rowLength">Values of a row.</param>
/// <param name="expected">The number of rows that will probably come; null where it is not known. The last chunk is then no larger than
/// needed.</param>
/// <param name="memoryLimit">Bytes that may lie in memory.</param>
/// <param name="chunkBytes">The size of a chunk.</param>
internal sealed class RowChunks<T>(int rowLength, long? expected, long memoryLimit, int chunkBytes = 1 << 26) : IDisposable
    where T : unmanaged
{
    readonly int _rowsPerChunk = (int)Math.Max(1, chunkBytes / ((long)rowLength * Unsafe.SizeOf<T>()));
    readonly List<Memory<T>> _chunks = [];
    readonly List<IDisposable> _files = [];

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes in memory.</summary>
    public long BytesInMemory { get; private set; }

    /// <summary>Bytes in temporary files.</summary>
    public long BytesInFile { get; private set; }

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
        _files.ForEach(file => file.Dispose());
        _files.Clear();
    }

    Span<T> Slice(int row) => _chunks[row / _rowsPerChunk].Span.Slice(row % _rowsPerChunk * rowLength, rowLength);

    Memory<T> Allocate(int rows)
    {
        int values = checked(rows * rowLength);
        long bytes = (long)values * Unsafe.SizeOf<T>();
        if (BytesInMemory + bytes <= memoryLimit)
        {
            BytesInMemory += bytes;
            return new T[values];
        }
        BytesInFile += bytes;
        var chunk = new MappedChunk(values);
        _files.Add(chunk);
        return chunk.Memory;
    }

    /// <summary>Values in a temporary file, which disappears with this object or with the process.</summary>
    sealed unsafe class MappedChunk : MemoryManager<T>
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

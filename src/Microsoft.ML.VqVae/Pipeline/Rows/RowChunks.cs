using System.Runtime.CompilerServices;

namespace Microsoft.ML.VqVae;

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

using System.Buffers.Binary;
using System.Numerics;

namespace Microsoft.ML.VqVae.Compression;

/// <summary>Rows that were compressed together.</summary>
/// <param name="Number">The number of the block, from 0.</param>
/// <param name="FirstRow">The number of its first row.</param>
/// <param name="Rows">Number of rows; 0 for the end of the file.</param>
/// <param name="Bytes">The compressed rows.</param>
internal sealed record CodeBlock(int Number, long FirstRow, int Rows, byte[] Bytes)
{
    /// <summary>The name of the block in messages.</summary>
    public override string ToString() =>
        Rows == 0 ? "The end of the file" : $"Block {Number} (rows {FirstRow} to {FirstRow + Rows - 1})";
}

/// <summary>Writes a file of compressed codes from the current position of a stream on; see <see cref="CodeFileHeader"/> for the
/// format.</summary>
internal sealed class CodeFileWriter
{
    readonly Stream _stream;

    public CodeFileWriter(Stream stream, CodeFileHeader header)
    {
        _stream = stream;
        byte[] bytes = header.ToBytes();
        stream.Write(bytes);
        Bytes = bytes.Length;
    }

    public int Blocks { get; private set; }

    public long Rows { get; private set; }

    /// <summary>Number of bytes written so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Writes a block of at least one row.</summary>
    public void Write(int rows, ReadOnlySpan<byte> bytes)
    {
        WriteFrame(rows, bytes);
        Blocks++;
        Rows += rows;
    }

    public void WriteEnd()
    {
        Span<byte> totals = stackalloc byte[CodeFileReader.EndBytes];
        BinaryPrimitives.WriteInt32LittleEndian(totals, Blocks);
        BinaryPrimitives.WriteInt64LittleEndian(totals[sizeof(int)..], Rows);
        WriteFrame(0, totals);
    }

    void WriteFrame(int rows, ReadOnlySpan<byte> bytes)
    {
        Span<byte> start = stackalloc byte[CodeFileReader.StartBytes], end = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(start, rows);
        BinaryPrimitives.WriteInt32LittleEndian(start[4..], bytes.Length);
        Checksum checksum = CodeFileReader.ChecksumOfStart(Blocks, start);
        BinaryPrimitives.WriteUInt32LittleEndian(start[8..], checksum.Value);
        checksum.Add(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(end, checksum.Value);
        _stream.Write(start);
        _stream.Write(bytes);
        _stream.Write(end);
        Bytes += start.Length + bytes.Length + end.Length;
    }
}

/// <summary>Reads a file of compressed codes from the current position of a stream to its end, and no further.</summary>
internal sealed class CodeFileReader(Stream stream)
{
    public const int StartBytes = 12, EndBytes = 12;

    /// <summary>The maximum number of rows in a block.</summary>
    public const int MaxRows = 1 << 16;

    // The most that an array holds.
    const int MaxBytes = 0x7FFFFFC7;

    const int BytesAtOnce = 1 << 20;

    long _rows, _bytesOfBlocks;

    public CodeFileHeader Header { get; } = CodeFileHeader.Read(stream);

    /// <summary>Number of blocks read so far.</summary>
    public int Blocks { get; private set; }

    /// <summary>Number of bytes read so far.</summary>
    public long Bytes => Header.Length + _bytesOfBlocks;

    /// <summary>Reads the next block.</summary>
    /// <param name="skip">Whether its bytes are not needed; they are not checked then.</param>
    /// <returns>The block; the end of the file is one without rows.</returns>
    /// <exception cref="InvalidDataException">The block is damaged or the file was cut off.</exception>
    public CodeBlock Read(bool skip = false)
    {
        Span<byte> start = stackalloc byte[StartBytes];
        if (stream.ReadAtLeast(start, StartBytes, throwOnEndOfStream: false) < StartBytes)
            throw Truncated();
        int rows = BinaryPrimitives.ReadInt32LittleEndian(start), length = BinaryPrimitives.ReadInt32LittleEndian(start[4..]);
        Checksum checksum = ChecksumOfStart(Blocks, start);
        if (checksum.Value != BinaryPrimitives.ReadUInt32LittleEndian(start[8..]))
        {
            throw new InvalidDataException(
                $"Block {Blocks} (from row {_rows} on) is damaged: the checksum of its size does not match, so that later blocks cannot be "
                + "found either. Restore the file from a copy.");
        }
        if (rows is < 0 or > MaxRows || length is < 0 or > MaxBytes)
        {
            throw new InvalidDataException(
                $"Block {Blocks} (from row {_rows} on) has {rows} rows in {length} bytes; expected are at most {MaxRows} rows in at most "
                + $"{MaxBytes} bytes. No compressor wrote it: restore the file from a copy.");
        }
        var block = new CodeBlock(Blocks, _rows, rows, []);
        if (stream.CanSeek && stream.Length - stream.Position < (long)length + sizeof(uint))
            throw Truncated();
        if (skip && rows > 0)
            Skip((long)length + sizeof(uint));
        else
            block = block with { Bytes = ReadBytes(block, length, checksum) };
        if (rows == 0)
            CheckEnd(block);
        Blocks++;
        _rows += rows;
        _bytesOfBlocks += StartBytes + (long)length + sizeof(uint);
        return block;
    }

    /// <summary>The checksum of the start of a block, to which that of its bytes is added.</summary>
    public static Checksum ChecksumOfStart(int number, ReadOnlySpan<byte> start)
    {
        var checksum = new Checksum();
        checksum.Add(number);
        checksum.Add(start[..8]);
        return checksum;
    }

    byte[] ReadBytes(CodeBlock block, int length, Checksum checksum)
    {
        // In pieces that grow, so that a forged length takes no more memory than a few times what the stream holds.
        byte[] bytes = new byte[Math.Min(length, BytesAtOnce)];
        Fill(bytes);
        while (bytes.Length < length)
        {
            int done = bytes.Length;
            Array.Resize(ref bytes, (int)Math.Min(length, 2L * done));
            Fill(bytes.AsSpan(done));
        }
        Span<byte> end = stackalloc byte[sizeof(uint)];
        Fill(end);
        checksum.Add(bytes);
        if (checksum.Value != BinaryPrimitives.ReadUInt32LittleEndian(end))
        {
            throw new InvalidDataException(
                $"{block} is damaged: its checksum does not match. Restore the file from a copy; the other blocks can be read without it.");
        }
        return bytes;
    }

    void Fill(Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw Truncated();
    }

    void Skip(long length)
    {
        if (stream.CanSeek)
        {
            stream.Seek(length, SeekOrigin.Current);
            return;
        }
        byte[] buffer = new byte[1 << 16];
        for (int read; length > 0; length -= read)
        {
            read = stream.Read(buffer, 0, (int)Math.Min(length, buffer.Length));
            if (read == 0)
                throw Truncated();
        }
    }

    void CheckEnd(CodeBlock end)
    {
        if (end.Bytes.Length != EndBytes || BinaryPrimitives.ReadInt32LittleEndian(end.Bytes) != Blocks
            || BinaryPrimitives.ReadInt64LittleEndian(end.Bytes.AsSpan(sizeof(int))) != _rows)
        {
            throw new InvalidDataException($"The end of the file does not belong to its {Blocks} blocks of {_rows} rows: blocks are "
                + "missing. Restore the file from a copy.");
        }
    }

    InvalidDataException Truncated() => new(
        $"The compressed codes end within block {Blocks} (from row {_rows} on): the file was cut off. The blocks before it can be read.");
}

/// <summary>CRC-32C, the cyclic redundancy check of RFC 3720.</summary>
internal sealed class Checksum
{
    uint _remainder = uint.MaxValue;

    public uint Value => ~_remainder;

    public void Add(int value) => _remainder = BitOperations.Crc32C(_remainder, (uint)value);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            _remainder = BitOperations.Crc32C(_remainder, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            _remainder = BitOperations.Crc32C(_remainder, value);
    }
}

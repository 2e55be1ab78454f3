using System.Buffers.Binary;

namespace Microsoft.ML.VqVae.Compression;

/// <summary>The start of a file of compressed codes. Numbers are little-endian.</summary>
/// <remarks>
/// <para>The file: the header, blocks of rows, and an end. The header: 8 bytes that identify the format; its version, 2 bytes; the number
/// of the following bytes before the checksum, 2 bytes; the fingerprint of the prior, 32 bytes; the number of codes to choose from and of
/// classes, 4 bytes each; the dimensions of the codes of a row, 4 bytes each; the checksum of all this, 4 bytes.</para>
/// <para>A block: its number of rows and of bytes, 4 bytes each; the checksum of these and of the number of the block, 4 bytes; its bytes;
/// the checksum of all this, 4 bytes. The end is a block of 0 rows, whose bytes are the number of blocks, 4 bytes, and of rows,
/// 8 bytes.</para>
/// </remarks>
/// <param name="Fingerprint">The SHA-256 digest of the prior.</param>
/// <param name="Codes">K: number of codes to choose from.</param>
/// <param name="Classes">Number of classes that the codes are conditioned on; 0 for none.</param>
/// <param name="Dimensions">The dimensions of the codes of a row; empty if rows may be of any length.</param>
internal sealed record CodeFileHeader(byte[] Fingerprint, int Codes, int Classes, int[] Dimensions)
{
    public const int Version = 1;

    const int FixedBytes = 12, FingerprintBytes = 32, SizesBytes = 8, MaxDimensions = 16;

    // The first byte and the ends of lines show whether the file was taken for text on its way, as in PNG.
    static ReadOnlySpan<byte> Magic => [0x8B, (byte)'V', (byte)'Q', (byte)'C', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Number of bytes of the header.</summary>
    public int Length => FixedBytes + FingerprintBytes + SizesBytes + sizeof(int) * Dimensions.Length + sizeof(uint);

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)(bytes.Length - FixedBytes - sizeof(uint)));
        Fingerprint.CopyTo(bytes, FixedBytes);
        Span<byte> rest = bytes.AsSpan(FixedBytes + FingerprintBytes);
        foreach (int number in (int[])[Codes, Classes, .. Dimensions])
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, number);
            rest = rest[sizeof(int)..];
        }
        BinaryPrimitives.WriteUInt32LittleEndian(rest, ChecksumOf(bytes.AsSpan(..^sizeof(uint))));
        return bytes;
    }

    /// <summary>Reads the header at the current position of a stream.</summary>
    /// <exception cref="InvalidDataException">There is none, it is of another version, or it is damaged.</exception>
    public static CodeFileHeader Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[FixedBytes];
        int found = stream.ReadAtLeast(start, FixedBytes, throwOnEndOfStream: false);
        if (!start[..Math.Min(found, Magic.Length)].SequenceEqual(Magic[..Math.Min(found, Magic.Length)]) || found == 0)
        {
            string bytes = found == 0 ? "nothing" : Convert.ToHexString(start[..Math.Min(found, Magic.Length)]);
            throw new InvalidDataException($"The stream holds no compressed codes: it must start with {Convert.ToHexString(Magic)}, but "
                + $"starts with {bytes}.");
        }
        if (found < FixedBytes)
            throw Truncated();
        int version = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]), length = BinaryPrimitives.ReadUInt16LittleEndian(start[10..]);
        if (version != Version)
        {
            throw new InvalidDataException($"The compressed codes are of version {version} of the format; this library reads version "
                + $"{Version}. Update the library, or restore the file if its header is damaged.");
        }
        int dimensions = (length - FingerprintBytes - SizesBytes) / sizeof(int);
        if (dimensions is < 0 or > MaxDimensions || length != FingerprintBytes + SizesBytes + sizeof(int) * dimensions)
            throw Damaged();
        byte[] all = new byte[FixedBytes + length + sizeof(uint)];
        start.CopyTo(all);
        int wanted = all.Length - FixedBytes;
        if (stream.ReadAtLeast(all.AsSpan(FixedBytes), wanted, throwOnEndOfStream: false) < wanted)
            throw Truncated();
        if (ChecksumOf(all.AsSpan(..^sizeof(uint))) != BinaryPrimitives.ReadUInt32LittleEndian(all.AsSpan(^sizeof(uint)..)))
            throw Damaged();
        int[] numbers = [.. Enumerable.Range(0, 2 + dimensions).Select(index =>
            BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(FixedBytes + FingerprintBytes + sizeof(int) * index)))];
        return new CodeFileHeader(all[FixedBytes..(FixedBytes + FingerprintBytes)], numbers[0], numbers[1], numbers[2..]);
    }

    public override string ToString()
    {
        string size = Dimensions.Length == 0 ? "any number" : string.Join('×', Dimensions);
        return $"{size} of {Codes} codes a row, {(Classes == 0 ? "no" : Classes)} conditions";
    }

    static InvalidDataException Truncated() => new("The compressed codes end within their header: the file was cut off.");

    static InvalidDataException Damaged() => new(
        "The header of the compressed codes is damaged: its checksum does not match. Restore the file from a copy.");

    static uint ChecksumOf(ReadOnlySpan<byte> bytes)
    {
        var checksum = new Checksum();
        checksum.Add(bytes);
        return checksum.Value;
    }
}

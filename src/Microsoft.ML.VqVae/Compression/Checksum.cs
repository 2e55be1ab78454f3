using System.Buffers.Binary;
using System.Numerics;

namespace Microsoft.ML.VqVae.Compression;

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

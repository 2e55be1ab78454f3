using System.Buffers.Binary;
using System.IO.Compression;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// The file format of MNIST and its relatives: two zero bytes, the value type (8 is a byte), the number of dimensions, each dimension as a
/// big-endian 32-bit number, then the values; often packed by gzip, whatever the name.
/// </summary>
internal sealed record IdxFile(string Path, int[] Dimensions, byte[] Values)
{
    const byte UnsignedByte = 8;

    public static IdxFile Read(string path, int rank)
    {
        byte[] content = ReadBytes(path);
        int header = 4 + 4 * rank;
        if (content.Length < header || content[0] != 0 || content[1] != 0 || content[2] != UnsignedByte || content[3] != rank)
        {
            throw new DataSetException(
                $"'{path}' is no IDX file of bytes with {rank} dimension{(rank == 1 ? "" : "s")}: expected it to start with "
                + $"00 00 08 {rank:x2}, found {string.Join(' ', content.Take(4).Select(value => value.ToString("x2")))}.");
        }
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(axis => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4 + 4 * axis)))];
        Int128 expected = dimensions.Aggregate((Int128)1, (size, dimension) => size * Math.Max(dimension, 0));
        if (content.Length - header != expected)
        {
            throw new DataSetException(
                $"'{path}' is damaged: its header announces {string.Join(" × ", dimensions)} = {expected:N0} values, "
                + $"but {content.Length - header:N0} follow. Fetch the file again.");
        }
        return expected > 0
            ? new IdxFile(path, dimensions, content[header..])
            : throw new DataSetException($"'{path}' holds no values: its dimensions are {string.Join(" × ", dimensions)}.");
    }

    static byte[] ReadBytes(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (!content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return content;
        try
        {
            using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            gzip.CopyTo(unpacked);
            return unpacked.ToArray();
        }
        catch (InvalidDataException damage)
        {
            throw new DataSetException($"'{path}' cannot be unpacked: {damage.Message} Fetch the file again.");
        }
    }
}

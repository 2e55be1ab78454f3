using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>
/// An animated PNG (PNG specification, third edition, section 11.3.5), with true colors unlike GIF. Browsers play it; programs without
/// support for the chunks acTL, fcTL and fdAT show the first frame.
/// </summary>
internal sealed class AnimatedPng(int width, int height, int milliseconds)
{
    static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
    static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(value =>
        Enumerable.Range(0, 8).Aggregate((uint)value, (crc, _) => (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1))];

    readonly List<byte[]> _frames = [];

    public int Width => width;

    public int Height => height;

    public void Add(Canvas canvas)
    {
        if (canvas.Width != width || canvas.Height != height)
            throw new ArgumentException($"The frame has {canvas.Width}×{canvas.Height} pixels; expected are {width}×{height}.");
        using var packed = new MemoryStream();
        using (var stream = new ZLibStream(packed, CompressionLevel.Optimal))
        {
            byte[] line = new byte[1 + width * 3];
            for (int y = 0; y < height; y++)
            {
                // The first byte of a line, 0, means no filter.
                canvas.CopyRow(y, line.AsSpan(1));
                stream.Write(line);
            }
        }
        _frames.Add(packed.ToArray());
    }

    public void Save(string path)
    {
        using FileStream file = File.Create(path);
        file.Write(Signature);
        // 8 bits per channel: red, green and blue.
        Chunk(file, "IHDR", [.. Number(width), .. Number(height), 8, 2, 0, 0, 0]);
        // The number of frames, and 0 for an endless loop.
        Chunk(file, "acTL", [.. Number(_frames.Count), .. Number(0)]);
        int sequence = 0;
        for (int frame = 0; frame < _frames.Count; frame++)
        {
            byte[] delay = [(byte)(milliseconds >> 8), (byte)milliseconds, 1000 >> 8, 1000 & 255];
            Chunk(file, "fcTL",
                [.. Number(sequence++), .. Number(width), .. Number(height), .. Number(0), .. Number(0), .. delay, 0, 0]);
            if (frame == 0)
                Chunk(file, "IDAT", _frames[0]);
            else
                Chunk(file, "fdAT", [.. Number(sequence++), .. _frames[frame]]);
        }
        Chunk(file, "IEND", []);
    }

    static void Chunk(Stream file, string type, byte[] content)
    {
        byte[] checkedPart = [.. Encoding.ASCII.GetBytes(type), .. content];
        file.Write(Number(content.Length));
        file.Write(checkedPart);
        uint crc = uint.MaxValue;
        foreach (byte value in checkedPart)
            crc = CrcTable[(crc ^ value) & 255] ^ (crc >> 8);
        file.Write(Number(unchecked((int)~crc)));
    }

    static byte[] Number(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}

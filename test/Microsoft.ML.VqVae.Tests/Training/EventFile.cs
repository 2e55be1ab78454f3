using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Reads TensorBoard's event files: records of length, its checksum, data, their checksum; each record a message of protocol
/// buffers (tensorflow/core/util/event.proto, framework/summary.proto).</summary>
internal static class EventFile
{
    public sealed record Scalar(string Tag, long Step, float Value);

    public sealed record Image(string Tag, long Step, int Height, int Width, byte[] Encoded);

    public static (List<Scalar> Scalars, List<Image> Images) ReadFolder(string folder)
    {
        List<Scalar> scalars = [];
        List<Image> images = [];
        foreach (string file in Directory.GetFiles(folder, "*tfevents*").Order(StringComparer.Ordinal))
        {
            byte[][] records = [.. Records(File.ReadAllBytes(file))];
            CollectionAssert.AreEqual("brain.Event:2"u8.ToArray(), Bytes(records[0], 3)[0], "The first event is the version of the file.");
            foreach (byte[] record in records[1..])
            {
                long step = (long)Numbers(record, 2).SingleOrDefault();
                foreach (byte[] value in Bytes(Bytes(record, 5).Single(), 1))
                {
                    string tag = Encoding.UTF8.GetString(Bytes(value, 1).Single());
                    if (Bytes(value, 4) is [byte[] image])
                        images.Add(new(tag, step, (int)Numbers(image, 1).Single(), (int)Numbers(image, 2).Single(), Bytes(image, 4).Single()));
                    else
                        scalars.Add(new(tag, step, BitConverter.UInt32BitsToSingle((uint)Numbers(value, 2, wire: 5).SingleOrDefault())));
                }
            }
        }
        return (scalars, images);
    }

    static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int at = 0; at < file.Length;)
        {
            Assert.IsGreaterThanOrEqualTo(16, file.Length - at, "A record is cut off.");
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Check(file.AsSpan(at, 8), file.AsSpan(at + 8));
            byte[] data = file[(at + 12)..(at + 12 + length)];
            Check(data, file.AsSpan(at + 12 + length));
            yield return data;
            at += 16 + length;
        }
    }

    static void Check(ReadOnlySpan<byte> data, ReadOnlySpan<byte> expected)
    {
        // CRC-32C, bit by bit, and the mask of TensorFlow's records.
        uint crc = uint.MaxValue;
        foreach (byte one in data)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
        }
        crc = ~crc;
        Assert.AreEqual((crc >> 15 | crc << 17) + 0xA282EAD8u, BinaryPrimitives.ReadUInt32LittleEndian(expected));
    }

    static byte[][] Bytes(byte[] message, int field) =>
        [.. Fields(message).Where(found => found.Field == field && found.Bytes is not null).Select(found => found.Bytes!)];

    static IEnumerable<ulong> Numbers(byte[] message, int field, int wire = 0) =>
        Fields(message).Where(found => found.Field == field && found.Wire == wire).Select(found => found.Number);

    static List<(int Field, int Wire, ulong Number, byte[]? Bytes)> Fields(byte[] message)
    {
        List<(int, int, ulong, byte[]?)> fields = [];
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Variable();
            (int field, int wire) = ((int)(key >> 3), (int)(key & 7));
            switch (wire)
            {
                case 0:
                    fields.Add((field, wire, Variable(), null));
                    break;
                case 1:
                    fields.Add((field, wire, BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)), null));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Variable();
                    fields.Add((field, wire, 0, message[at..(at + length)]));
                    at += length;
                    break;
                case 5:
                    fields.Add((field, wire, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)), null));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {wire} of field {field}.");
            }
        }
        return fields;

        ulong Variable()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = message[at++];
                value |= (ulong)(next & 127) << shift;
                if (next < 128)
                    return value;
            }
        }
    }
}

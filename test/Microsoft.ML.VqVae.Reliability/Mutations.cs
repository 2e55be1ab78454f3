using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>A mutated file.</summary>
/// <param name="Text">The mutation in words.</param>
/// <param name="Bytes">The file.</param>
/// <param name="IsDamage">Whether the file was damaged after it was written, so that a digest notices it; otherwise another content was
/// written, with a right digest or none.</param>
internal sealed record Mutant(string Text, byte[] Bytes, bool IsDamage);

/// <summary>Mutations of bytes, as disks and networks make them.</summary>
internal static class ByteMutations
{
    public static (string Text, byte[] Bytes) Apply(byte[] good, Random random)
    {
        byte[] bytes = [.. good];
        int at = random.Next(bytes.Length), other = random.Next(bytes.Length);
        int length = 1 + random.Next(Math.Min(64, bytes.Length)), first = random.Next(bytes.Length - length + 1);
        switch (random.Next(10))
        {
            case 0 or 1 or 2:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return (Text($"a bit of byte {at}"), bytes);
            case 3:
                int count = 2 + random.Next(7);
                for (int i = 0; i < count; i++)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return (Text($"{count} bits"), bytes);
            case 4:
                bytes[at] = (byte)random.Next(256);
                return (Text($"byte {at} is {bytes[at]}"), bytes);
            case 5:
                return (Text($"cut to {at} bytes"), bytes[..at]);
            case 6:
                bytes.AsSpan(first, length).Clear();
                return (Text($"{length} zeros from byte {first}"), bytes);
            case 7:
                byte[] inserted = new byte[length];
                random.NextBytes(inserted);
                return (Text($"{length} bytes inserted at {at}"), [.. bytes[..at], .. inserted, .. bytes[at..]]);
            case 8:
                return (Text($"{length} bytes removed at {first}"), [.. bytes[..first], .. bytes[(first + length)..]]);
            default:
                (bytes[at], bytes[other]) = (bytes[other], bytes[at]);
                return (Text($"bytes {at} and {other} exchanged"), bytes);
        }
    }

    static string Text(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>Extreme values in place of each value of a JSON text, as a program could write them.</summary>
internal static class JsonMutations
{
    const string Mark = "@@leaf@@";

    // Null removes the property.
    static readonly string?[] _extremes =
    [
        null, "null", "0", "-1", "1", "2", "7", "5000", "46341", "1048576", "2147483647", "-2147483648", "9223372036854775807", "0.5",
        "1e-300", "1e300", "-1e300", "true", "false", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"NaN\"", "[]", "[0]", "[null]", "[2147483647]",
        "{}", "long",
    ];

    /// <summary>Number of mutants of a text.</summary>
    public static int Count(string json) => Paths(JsonNode.Parse(json)!, []).Count() * _extremes.Length;

    /// <summary>A mutant of a text: each leaf and array with each extreme value.</summary>
    public static (string Text, string Json) Apply(string json, int number)
    {
        JsonNode root = JsonNode.Parse(json)!;
        object[] path = Paths(root, []).ElementAt(number / _extremes.Length);
        string? extreme = _extremes[number % _extremes.Length];
        JsonNode owner = path[..^1].Aggregate(root, (node, step) => Step(node, step)!);
        string name = string.Join('.', path);
        if (extreme is null)
        {
            if (owner is JsonObject properties)
                properties.Remove((string)path[^1]);
            else
                ((JsonArray)owner).RemoveAt((int)path[^1]);
            return ($"without {name}", root.ToJsonString());
        }
        if (owner is JsonObject parent)
            parent[(string)path[^1]] = Mark;
        else
            ((JsonArray)owner)[(int)path[^1]] = Mark;
        string value = extreme == "long" ? $"\"{new string('n', 20_000)}\"" : extreme;
        return ($"{name} is {extreme}", root.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal));
    }

    static JsonNode? Step(JsonNode node, object step) => step is int index ? node[index] : node[(string)step];

    static IEnumerable<object[]> Paths(JsonNode? node, object[] path)
    {
        IEnumerable<object> steps = node switch
        {
            JsonObject properties => properties.Select(property => (object)property.Key),
            // Numbers of a list are alike.
            JsonArray items => Enumerable.Range(0, Math.Min(2, items.Count)).Select(index => (object)index),
            _ => [],
        };
        IEnumerable<object[]> inner = steps.SelectMany(step => Paths(Step(node!, step), [.. path, step]));
        return path.Length > 0 && node is not JsonObject ? inner.Prepend(path) : inner;
    }
}

/// <summary>The JSON header of safetensors, and the stream with another one.</summary>
internal static class SafetensorsMutations
{
    const int LengthBytes = 8;

    /// <summary>The header without the digest.</summary>
    public static string ReadHeader(byte[] stream)
    {
        JsonObject header = JsonNode.Parse(stream.AsSpan(LengthBytes, Length(stream)))!.AsObject();
        (header["__metadata__"] as JsonObject)?.Remove(SafetensorsHeader.DigestName);
        return header.ToJsonString();
    }

    public static byte[] ReplaceHeader(byte[] stream, string header)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), length = new byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. stream[(LengthBytes + Length(stream))..]];
    }

    static int Length(byte[] stream) => (int)BinaryPrimitives.ReadInt64LittleEndian(stream);
}

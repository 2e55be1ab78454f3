using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>The JSON header of a safetensors stream: the names, types, shapes and positions of the tensors.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The name of the metadata with the SHA-256 of the stream.</summary>
    internal const string DigestName = "vqvae.sha256";

    const string MetadataName = "__metadata__";
    const int LengthBytes = 8, DigestDigits = 64, MaxDimensions = 64, MaxMessage = 1000;

    // The text before the digest. No other text of a header can hold it, since quotation marks within texts are escaped.
    static ReadOnlySpan<byte> DigestMark => "\"vqvae.sha256\":\""u8;

    // The limit of the reference implementation: a foreign file's first bytes must not make us allocate gigabytes.
    const ulong LongestHeader = 100_000_000;

    // In ascending order of the reference implementation, which lays out the data by descending type, so that it stays aligned.
    static readonly (string Name, ScalarType Type, int Bytes)[] Types =
    [
        ("BOOL", ScalarType.Bool, 1), ("U8", ScalarType.Byte, 1), ("I8", ScalarType.Int8, 1), ("I16", ScalarType.Int16, 2),
        ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2), ("I32", ScalarType.Int32, 4), ("F32", ScalarType.Float32, 4),
        ("F64", ScalarType.Float64, 8), ("I64", ScalarType.Int64, 8),
    ];

    SafetensorsHeader(IReadOnlyList<Entry> entries, IReadOnlyDictionary<string, string> metadata, string? digest)
    {
        Entries = entries;
        Metadata = metadata;
        Digest = digest;
    }

    /// <summary>One tensor of the stream; <see cref="Begin"/> and <see cref="End"/> count bytes from the end of the header.</summary>
    internal sealed record Entry(string Name, ScalarType Type, long[] Shape, long Begin, long End);

    /// <summary>The tensors in the order of their data, which they cover without gaps.</summary>
    internal IReadOnlyList<Entry> Entries { get; }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The digest that the header gives; null if it gives none.</summary>
    internal string? Digest { get; }

    /// <summary>The bytes of the header, its length included, with zeros in place of the digest.</summary>
    internal byte[] WithoutDigest { get; private init; } = [];

    internal long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    internal static string NameOf(ScalarType type) => Array.Find(Types, t => t.Type == type).Name ?? type.ToString();

    internal static List<KeyValuePair<string, Tensor>> Sort(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var sorted = tensors.OrderByDescending(t => Rank(t.Key, t.Value.dtype)).ThenBy(t => t.Key, StringComparer.Ordinal).ToList();
        var names = new HashSet<string>(StringComparer.Ordinal) { MetadataName };
        foreach ((string? name, Tensor _) in sorted)
        {
            if (names.Add(name))
                continue;
            throw new ArgumentException(
                $"A tensor cannot be named '{name}': names must be unique and other than {MetadataName}.", nameof(tensors));
        }

        return sorted;
    }

    /// <summary>The bytes of a header, its length included, with a digest of zeros.</summary>
    internal static byte[] Format(List<KeyValuePair<string, Tensor>> sorted, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata?.ContainsKey(DigestName) == true)
            throw new ArgumentException($"No metadata can be named '{DigestName}': that is the digest.", nameof(metadata));
        var buffer = new ArrayBufferWriter<byte>();
        // As little escaping as in the reference implementation; the header is never put into HTML.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            foreach ((string? name, string? text) in (metadata ?? new Dictionary<string, string>())
                .Append(new(DigestName, new string('0', DigestDigits))).OrderBy(m => m.Key, StringComparer.Ordinal))
                json.WriteString(name, text);
            json.WriteEndObject();

            long begin = 0L;
            foreach ((string? name, Tensor? tensor) in sorted)
            {
                (string Name, ScalarType Type, int Bytes) type = Types[Rank(name, tensor.dtype)];
                long end = begin + (tensor.NumberOfElements * type.Bytes);
                json.WriteStartObject(name);
                json.WriteString("dtype", type.Name);
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", [begin, end]);
                json.WriteEndObject();
                begin = end;
            }

            json.WriteEndObject();
        }

        // Spaces fill the header up to a multiple of 8 bytes, which aligns the data.
        int length = (buffer.WrittenCount + 7) / 8 * 8;
        byte[] header = new byte[LengthBytes + length];
        BinaryPrimitives.WriteInt64LittleEndian(header, length);
        header.AsSpan(LengthBytes).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header.AsSpan(LengthBytes));
        return header;
    }

    /// <summary>Puts a digest in place of the zeros.</summary>
    internal static void SetDigest(byte[] header, byte[] digest) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest)).CopyTo(header, header.AsSpan().IndexOf(DigestMark) + DigestMark.Length);

    internal static SafetensorsHeader Read(Stream stream, string source)
    {
        byte[] lengthBytes = new byte[LengthBytes];
        int found = stream.ReadAtLeast(lengthBytes, LengthBytes, throwOnEndOfStream: false);
        if (found < LengthBytes)
            throw new InvalidDataException($"{source} is truncated: a safetensors stream begins with {LengthBytes} bytes, found {found}.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length is < 2 or > LongestHeader)
            throw Bad(source, $"its header would be {length} bytes long, expected 2 to {LongestHeader}.");
        // Read in pieces as they come: a wrong length must not make us allocate much.
        var header = new MemoryStream();
        header.Write(lengthBytes);
        CopyExactly(stream, header, (int)length, source);
        byte[] bytes = header.ToArray();
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(LengthBytes));
            return Parse(document.RootElement, bytes, source);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{source} is not a safetensors stream: its header is not JSON ({e.Message})", e);
        }
        catch (InvalidOperationException e)
        {
            // The names and texts of a document are decoded when they are asked for.
            throw new InvalidDataException($"{source} is not a safetensors stream: its header has text that is not Unicode ({e.Message})", e);
        }
    }

    static SafetensorsHeader Parse(JsonElement root, byte[] header, string source)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Bad(source, $"its header is a JSON {root.ValueKind}, expected an object.");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var entries = new List<Entry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!names.Add(property.Name))
                throw Bad(source, $"its header names '{property.Name}' twice.");
            if (property.Name == MetadataName)
                ReadMetadata(property.Value, metadata, source);
            else
                entries.Add(ReadEntry(property.Name, property.Value, source));
        }

        entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long end = 0L;
        foreach (Entry entry in entries)
        {
            if (entry.Begin != end)
                throw Bad(source, $"the data of tensor '{entry.Name}' begins at byte {entry.Begin}, expected {end}: there must be no gap.");
            end = entry.End;
        }

        if (!metadata.Remove(DigestName, out string? digest))
            return new SafetensorsHeader(entries, metadata, digest: null);
        int place = header.AsSpan().IndexOf(DigestMark) + DigestMark.Length;
        if (place >= DigestMark.Length && digest.Length == DigestDigits)
            header.AsSpan(place, DigestDigits).Fill((byte)'0');
        return new SafetensorsHeader(entries, metadata, digest) { WithoutDigest = header };
    }

    static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata, string source)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Bad(source, $"its metadata is a JSON {element.ValueKind}, expected an object.");
        foreach (JsonProperty text in element.EnumerateObject())
        {
            if (text.Value.ValueKind != JsonValueKind.String)
                throw Bad(source, $"its metadata '{text.Name}' is a JSON {text.Value.ValueKind}, expected a string.");
            if (!metadata.TryAdd(text.Name, text.Value.GetString()!))
                throw Bad(source, $"its metadata names '{text.Name}' twice.");
        }
    }

    static Entry ReadEntry(string name, JsonElement element, string source)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Bad(source, $"tensor '{name}' is described by a JSON {element.ValueKind}, expected an object.");
        if (element.EnumerateObject().GroupBy(property => property.Name).FirstOrDefault(group => group.Count() > 1)?.Key is string twice)
            throw Bad(source, $"tensor '{name}' has '{twice}' twice.");
        string? typeName =
            element.TryGetProperty("dtype", out JsonElement dtype) && dtype.ValueKind == JsonValueKind.String ? dtype.GetString() : null;
        (string Name, ScalarType Type, int Bytes) type = Array.Find(Types, t => t.Name == typeName);
        if (type.Name is null)
            throw Bad(source, $"tensor '{name}' has dtype '{typeName}', expected one of {string.Join(", ", Types.Select(t => t.Name))}.");
        long[] shape = Numbers(name, element, "shape", source);
        long[] offsets = Numbers(name, element, "data_offsets", source);
        if (offsets.Length != 2 || offsets[0] > offsets[1])
            throw Bad(source, $"tensor '{name}' has data_offsets [{string.Join(", ", offsets)}], expected a start and an end.");
        if (shape.Length > MaxDimensions)
            throw Bad(source, $"tensor '{name}' has {shape.Length} dimensions, expected at most {MaxDimensions}.");
        // Without the zeros, as the strides of a tensor are computed: an empty tensor can be too large too.
        var stride = (Int128)type.Bytes;
        foreach (long size in shape)
        {
            stride *= Math.Max(1, size);
            if (stride > long.MaxValue)
                throw Bad(source, $"tensor '{name}' of shape [{string.Join(", ", shape)}] is too large.");
        }

        Int128 expected = shape.Contains(0) ? 0 : stride;
        if (offsets[1] - offsets[0] != expected)
        {
            throw Bad(source, $"tensor '{name}', {typeName} of shape [{string.Join(", ", shape)}], takes {expected} bytes, " +
                $"found data_offsets [{string.Join(", ", offsets)}], {offsets[1] - offsets[0]} bytes.");
        }

        return new Entry(name, type.Type, shape, offsets[0], offsets[1]);
    }

    static long[] Numbers(string name, JsonElement element, string property, string source)
    {
        var numbers = new List<long>();
        if (!element.TryGetProperty(property, out JsonElement array) || array.ValueKind != JsonValueKind.Array)
            throw Bad(source, $"tensor '{name}' has no array '{property}'.");
        foreach (JsonElement item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long number) || number < 0)
                throw Bad(source, $"tensor '{name}' has {property} {array}, expected whole numbers from 0 up.");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    static int Rank(string name, ScalarType type)
    {
        int rank = Array.FindIndex(Types, t => t.Type == type);
        return rank >= 0
            ? rank
            : throw new ArgumentException($"Tensor '{name}' is of type {type}, which safetensors does not know.", nameof(type));
    }

    static void CopyExactly(Stream from, MemoryStream to, int count, string source)
    {
        byte[] piece = new byte[Math.Min(count, 1 << 16)];
        for (int left = count; left > 0;)
        {
            int read = from.Read(piece, 0, Math.Min(left, piece.Length));
            if (read == 0)
            {
                throw new InvalidDataException(
                    $"{source} is truncated or not a safetensors stream: its header takes {count} bytes, found {count - left}.");
            }

            to.Write(piece, 0, read);
            left -= read;
        }
    }

    static InvalidDataException Bad(string source, string problem) => new($"{source} is not a safetensors stream: "
        + (problem.Length > MaxMessage ? $"{problem.AsSpan(0, MaxMessage)}…" : problem));
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>Reads and writes tensors in the safetensors format (https://github.com/huggingface/safetensors), as Python's package does:
/// the length of a JSON header (8 bytes, little-endian), the header, the raw data of one tensor after the other.</summary>
public static class Safetensors
{
    /// <summary>Writes tensors to a stream, from its current position on. The stream need not be seekable. The same tensors and texts
    /// always produce the same bytes.</summary>
    /// <param name="stream">The destination; it is left open.</param>
    /// <param name="tensors">The tensors by name, on any device; their order does not matter.</param>
    /// <param name="metadata">Texts by name, or null.</param>
    /// <exception cref="ArgumentException">A name appears twice, or a tensor has an element type that the format lacks.</exception>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var sorted = SafetensorsHeader.Sort(tensors);
        stream.Write(SafetensorsHeader.Format(sorted, metadata));
        foreach (var (_, tensor) in sorted)
        {
            using var scope = NewDisposeScope();
            ForEachSpan(tensor.detach().cpu().contiguous(), bytes => stream.Write(bytes));
        }
    }

    /// <summary>Writes a file, first under a temporary name beside it: an interruption leaves an existing file whole.</summary>
    /// <param name="path">The file; one that exists is replaced and keeps its permissions.</param>
    /// <param name="tensors">The tensors by name, on any device.</param>
    /// <param name="metadata">Texts by name, or null.</param>
    /// <exception cref="ArgumentException">A name appears twice, or a tensor has an element type that the format lacks.</exception>
    public static void WriteFile(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));
    }

    /// <summary>Reads tensors from a stream's current position to the end of the last tensor, and no further. The stream need not be
    /// seekable.</summary>
    /// <param name="stream">The stream; it is left open.</param>
    /// <param name="source">The name of the stream in error messages: a file name, for example.</param>
    /// <returns>The tensors, on the CPU, in no <c>DisposeScope</c>; dispose it to free them.</returns>
    /// <exception cref="InvalidDataException">The stream is truncated or not in the format.</exception>
    public static SafetensorsContent Read(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(source);
        var header = SafetensorsHeader.Read(stream, source);
        if (stream.CanSeek && stream.Length - stream.Position < header.DataLength)
        {
            throw new InvalidDataException(
                $"{source} is truncated: its tensors take {header.DataLength} bytes, found {stream.Length - stream.Position}.");
        }

        var tensors = new Dictionary<string, Tensor>(header.Entries.Count);
        try
        {
            foreach (var entry in header.Entries)
            {
                var tensor = empty(entry.Shape, entry.Type, CPU).DetachFromDisposeScope();
                tensors.Add(entry.Name, tensor);
                ForEachSpan(tensor, bytes => stream.ReadExactly(bytes));
            }
        }
        catch (Exception e)
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            if (e is not EndOfStreamException)
                throw;
            var entry = header.Entries[tensors.Count - 1];
            throw new InvalidDataException(
                $"{source} is truncated: it ends within tensor '{entry.Name}', bytes {entry.Begin} to {entry.End} of its data.", e);
        }

        return new SafetensorsContent(source, tensors, header.Metadata);
    }

    /// <summary>Reads a file, which must end with the last tensor.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors, on the CPU, in no <c>DisposeScope</c>; dispose it to free them.</returns>
    /// <exception cref="InvalidDataException">The file is truncated, longer than its header says, or not in the format.</exception>
    public static SafetensorsContent ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        using var stream = File.OpenRead(path);
        var content = Read(stream, path);
        if (stream.Position == stream.Length)
            return content;
        content.Dispose();
        throw new InvalidDataException($"{path} has {stream.Length - stream.Position} bytes after its last tensor; expected none.");
    }

    // A span holds less than 2 GB, a tensor may hold more. In pieces, both directions work for any size.
    static void ForEachSpan(Tensor contiguous, SpanAction action)
    {
        const long PieceBytes = 1 << 30;
        var count = contiguous.NumberOfElements;
        var piece = PieceBytes / Math.Max(1, contiguous.ElementSize);
        if (count == 0)
            return;
        if (count <= piece)
        {
            action(contiguous.bytes);
            return;
        }

        using var flat = contiguous.view(-1);
        for (long start = 0; start < count; start += piece)
        {
            using var part = flat.narrow(0, start, Math.Min(piece, count - start));
            action(part.bytes);
        }
    }

    delegate void SpanAction(Span<byte> bytes);
}

/// <summary>The content of a safetensors stream. It owns its tensors.</summary>
public sealed class SafetensorsContent : IDisposable
{
    internal SafetensorsContent(string source, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Source = source;
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>The name of the stream in error messages.</summary>
    public string Source { get; }

    /// <summary>The tensors by name, on the CPU.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>The metadata by name; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Copies the tensors whose name starts with <paramref name="prefix"/> into tensors of the same name without it, usually a
    /// network's <c>state_dict()</c>. Nothing is copied unless everything fits.</summary>
    /// <param name="targets">The tensors to fill, on any device.</param>
    /// <param name="prefix">Beginning of the names to copy; the empty text takes all.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, is not expected, or has another shape or element type; the message lists
    /// them.</exception>
    public void CopyTo(IReadOnlyDictionary<string, Tensor> targets, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(targets);
        var problems = new List<string>();
        foreach (var (name, target) in targets)
        {
            if (!Tensors.TryGetValue(prefix + name, out var tensor))
                problems.Add($"tensor '{prefix + name}' is missing");
            else if (tensor.dtype != target.dtype || !tensor.shape.SequenceEqual(target.shape))
                problems.Add($"tensor '{prefix + name}' is {Describe(tensor)}, expected {Describe(target)}");
        }

        foreach (var name in Tensors.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (!targets.ContainsKey(name[prefix.Length..]))
                problems.Add($"tensor '{name}' was not expected");
        }

        if (problems.Count > 0)
            throw new InvalidDataException($"{Source} does not fit the network: {string.Join("; ", problems)}.");
        using var _ = no_grad();
        foreach (var (name, target) in targets)
            target.copy_(Tensors[prefix + name]);
    }

    static string Describe(Tensor tensor) => $"{SafetensorsHeader.NameOf(tensor.dtype)} [{string.Join(", ", tensor.shape)}]";

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>Reads and writes tensors in the safetensors format (https://github.com/huggingface/safetensors), as Python's package does:
/// the length of a JSON header (8 bytes, little-endian), the header, the raw data of one tensor after the other.</summary>
/// <remarks>What is written has a digest, the metadata <c>vqvae.sha256</c>: the SHA-256 of all bytes of the stream, in hexadecimal digits,
/// with zeros in place of the digest itself. Reading compares it, so that damage is noticed; a stream without it is read as it is.</remarks>
public static class Safetensors
{
    // A stream that cannot seek does not tell its length: more than this is not allocated before it has come.
    const int TrustedBytes = 1 << 26;

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
        List<KeyValuePair<string, Tensor>> sorted = SafetensorsHeader.Sort(tensors);
        byte[] header = SafetensorsHeader.Format(sorted, metadata);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        ForEachTensor(sorted, bytes => hash.AppendData(bytes));
        SafetensorsHeader.SetDigest(header, hash.GetHashAndReset());
        stream.Write(header);
        ForEachTensor(sorted, bytes => stream.Write(bytes));
    }

    static void ForEachTensor(List<KeyValuePair<string, Tensor>> tensors, SpanAction action)
    {
        foreach ((string _, Tensor? tensor) in tensors)
        {
            using DisposeScope scope = NewDisposeScope();
            ForEachSpan(tensor.detach().cpu().contiguous(), action);
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
    /// <exception cref="InvalidDataException">The stream is truncated or not in the format, or has another digest than its own.</exception>
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
        using IncrementalHash? hash = header.Digest is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash?.AppendData(header.WithoutDigest);
        try
        {
            foreach (SafetensorsHeader.Entry entry in header.Entries)
                tensors.Add(entry.Name, ReadTensor(stream, source, entry, hash));
            if (hash is not null && !header.Digest!.Equals(Convert.ToHexStringLower(hash.GetHashAndReset()), StringComparison.OrdinalIgnoreCase))
            {
                throw new InvalidDataException($"{source} is damaged, or was changed after it was written: its bytes have another SHA-256 "
                    + $"than its metadata '{SafetensorsHeader.DigestName}' says. Save it again; where the change is intended, remove that "
                    + "metadata.");
            }
        }
        catch
        {
            foreach (Tensor tensor in tensors.Values)
                tensor.Dispose();
            throw;
        }

        return new SafetensorsContent(source, tensors, header.Metadata, header.Digest is not null);
    }

    static Tensor ReadTensor(Stream stream, string source, SafetensorsHeader.Entry entry, IncrementalHash? hash)
    {
        Tensor? tensor = null;
        try
        {
            Queue<byte[]>? arrived = stream.CanSeek || entry.End - entry.Begin <= TrustedBytes ? null : ReadPieces(stream, entry);
            tensor = Allocate(entry, source).DetachFromDisposeScope();
            ForEachSpan(tensor, bytes =>
            {
                if (arrived is null)
                    stream.ReadExactly(bytes);
                for (int at = 0; arrived is not null && at < bytes.Length; at += TrustedBytes)
                    arrived.Dequeue().CopyTo(bytes[at..]);
                hash?.AppendData(bytes);
            });
            return tensor;
        }
        catch (EndOfStreamException exception)
        {
            tensor?.Dispose();
            throw new InvalidDataException(
                $"{source} is truncated: it ends within tensor '{entry.Name}', bytes {entry.Begin} to {entry.End} of its data.", exception);
        }
        catch
        {
            tensor?.Dispose();
            throw;
        }
    }

    static Queue<byte[]> ReadPieces(Stream stream, SafetensorsHeader.Entry entry)
    {
        var pieces = new Queue<byte[]>();
        for (long left = entry.End - entry.Begin; left > 0; left -= TrustedBytes)
        {
            byte[] piece = new byte[Math.Min(left, TrustedBytes)];
            stream.ReadExactly(piece);
            pieces.Enqueue(piece);
        }
        return pieces;
    }

    static Tensor Allocate(SafetensorsHeader.Entry entry, string source)
    {
        try
        {
            return empty(entry.Shape, entry.Type, CPU);
        }
        catch (ExternalException exception)
        {
            throw new InvalidDataException(
                $"{source}: tensor '{entry.Name}' takes {entry.End - entry.Begin} bytes, which cannot be allocated.", exception);
        }
    }

    /// <summary>Reads a file, which must end with the last tensor.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors, on the CPU, in no <c>DisposeScope</c>; dispose it to free them.</returns>
    /// <exception cref="InvalidDataException">The file is truncated, longer than its header says, or not in the format.</exception>
    public static SafetensorsContent ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        using FileStream stream = File.OpenRead(path);
        SafetensorsContent content = Read(stream, path);
        if (stream.Position == stream.Length)
            return content;
        content.Dispose();
        throw new InvalidDataException($"{path} has {stream.Length - stream.Position} bytes after its last tensor; expected none.");
    }

    // A span holds less than 2 GB, a tensor may hold more. In pieces, both directions work for any size.
    static void ForEachSpan(Tensor contiguous, SpanAction action)
    {
        const long PieceBytes = 1 << 30;
        long count = contiguous.NumberOfElements;
        long piece = PieceBytes / Math.Max(1, contiguous.ElementSize);
        if (count == 0)
            return;
        if (count <= piece)
        {
            action(contiguous.bytes);
            return;
        }

        using Tensor flat = contiguous.view(-1);
        for (long start = 0; start < count; start += piece)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(piece, count - start));
            action(part.bytes);
        }
    }

    delegate void SpanAction(Span<byte> bytes);
}

/// <summary>The content of a safetensors stream. It owns its tensors.</summary>
public sealed class SafetensorsContent : IDisposable
{
    const int MaxProblems = 20;

    internal SafetensorsContent(
        string source, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata, bool hasDigest)
    {
        Source = source;
        Tensors = tensors;
        Metadata = metadata;
        HasDigest = hasDigest;
    }

    /// <summary>The name of the stream in error messages.</summary>
    public string Source { get; }

    /// <summary>The tensors by name, on the CPU.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>The metadata by name, without the digest; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether the stream had a digest, which was compared.</summary>
    internal bool HasDigest { get; }

    /// <summary>The number of values of all tensors.</summary>
    internal long Values => Tensors.Values.Sum(tensor => tensor.NumberOfElements);

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
        foreach ((string? name, Tensor? target) in targets)
        {
            if (!Tensors.TryGetValue(prefix + name, out Tensor? tensor))
                problems.Add($"tensor '{prefix + name}' is missing");
            else if (tensor.dtype != target.dtype || !tensor.shape.SequenceEqual(target.shape))
                problems.Add($"tensor '{prefix + name}' is {Describe(tensor)}, expected {Describe(target)}");
        }

        foreach (string? name in Tensors.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (!targets.ContainsKey(name[prefix.Length..]))
                problems.Add($"tensor '{name}' was not expected");
        }

        if (problems.Count > 0)
        {
            string more = problems.Count > MaxProblems ? $"; and {problems.Count - MaxProblems} more" : "";
            throw new InvalidDataException($"{Source} does not fit the network: {string.Join("; ", problems.Take(MaxProblems))}{more}.");
        }
        using IDisposable _ = no_grad();
        foreach ((string? name, Tensor? target) in targets)
            target.copy_(Tensors[prefix + name]);
    }

    static string Describe(Tensor tensor) => $"{SafetensorsHeader.NameOf(tensor.dtype)} [{string.Join(", ", tensor.shape)}]";

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in Tensors.Values)
            tensor.Dispose();
    }
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>What a safetensors stream held. It owns its tensors.</summary>
public sealed class SafetensorsContent : IDisposable
{
    internal SafetensorsContent(string source, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Source = source;
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Where it was read from, as error messages name it.</summary>
    public string Source { get; }

    /// <summary>The tensors by name, on the CPU.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>The texts by name; empty where the stream has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Copies the tensors whose name begins with <paramref name="prefix"/> into tensors of the same name without it, usually a
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

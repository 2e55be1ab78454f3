using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>Reads and writes tensors in the safetensors format (https://github.com/huggingface/safetensors), as Python's package does.</summary>
public static class Safetensors
{
    /// <summary>Writes tensors to a stream, from its current position on. The stream need not be seekable.</summary>
    /// <param name="stream">Where to write; it is left open.</param>
    /// <param name="tensors">The tensors by name, on any device; their order does not matter.</param>
    /// <param name="metadata">Texts by name, or null.</param>
    /// <exception cref="ArgumentException">A name appears twice, or a tensor is of an element type that the format does not know.</exception>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        throw new NotImplementedException();

    /// <summary>Writes a file: first under a temporary name in the same folder, so that an interruption leaves an existing file whole.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="tensors">The tensors by name, on any device.</param>
    /// <param name="metadata">Texts by name, or null.</param>
    public static void WriteFile(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        throw new NotImplementedException();

    /// <summary>Reads tensors from a stream's current position to the end of the last tensor, and no further. The stream need not be
    /// seekable.</summary>
    /// <param name="stream">Where to read; it is left open.</param>
    /// <param name="source">What the stream is, for error messages: a file name, for example.</param>
    /// <returns>The tensors, on the CPU, in no <c>DisposeScope</c>; dispose it to free them.</returns>
    /// <exception cref="InvalidDataException">The stream is truncated or not in the format.</exception>
    public static SafetensorsContent Read(Stream stream, string source) => throw new NotImplementedException();

    /// <summary>Reads a file, which must end with the last tensor.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors, on the CPU, in no <c>DisposeScope</c>; dispose it to free them.</returns>
    /// <exception cref="InvalidDataException">The file is truncated, longer than its header says, or not in the format.</exception>
    public static SafetensorsContent ReadFile(string path) => throw new NotImplementedException();
}

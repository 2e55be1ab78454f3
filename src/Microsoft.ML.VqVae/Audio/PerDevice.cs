using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>A constant matrix, copied once to every device that asks for it.</summary>
internal sealed class PerDevice : IDisposable
{
    readonly float[] _values;
    readonly long[] _shape;
    readonly Dictionary<string, Tensor> _copies = [];

    public PerDevice(double[,] matrix)
    {
        _shape = [matrix.GetLength(0), matrix.GetLength(1)];
        _values = [.. MemoryMarshal.CreateSpan(ref matrix[0, 0], matrix.Length).ToArray().Select(value => (float)value)];
    }

    /// <summary>The matrix as Float32 on a device. It stays this object's own.</summary>
    public Tensor On(Device device)
    {
        string name = device.ToString();
        lock (_copies)
        {
            if (!_copies.TryGetValue(name, out Tensor? copy))
            {
                copy = tensor(_values, device: device).view(_shape).DetachFromDisposeScope();
                _copies.Add(name, copy);
            }
            return copy;
        }
    }

    public void Dispose()
    {
        lock (_copies)
        {
            foreach (Tensor copy in _copies.Values)
                copy.Dispose();
            _copies.Clear();
        }
    }
}

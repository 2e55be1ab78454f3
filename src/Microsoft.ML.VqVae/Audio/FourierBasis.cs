using System.Runtime.InteropServices;
using static TorchSharp.torch;
namespace Microsoft.ML.VqVae.Audio;

/// <summary>The discrete Fourier transform of windows as matrices, the Hann window included.</summary>
internal static class FourierBasis
{
    /// <summary>[window, 2 · points]: from samples to the real parts, then the imaginary parts, of the spectrum.</summary>
    public static double[,] Forward(MelSpectrogramOptions options)
    {
        int window = options.WindowLength, points = options.FftLength / 2 + 1;
        double[,] basis = new double[window, 2 * points];
        for (int sample = 0; sample < window; sample++)
        {
            double weight = Hann(sample, window);
            for (int point = 0; point < points; point++)
            {
                (double sine, double cosine) = Angle(sample, point, options.FftLength);
                basis[sample, point] = weight * cosine;
                basis[sample, points + point] = -weight * sine;
            }
        }
        return basis;
    }

    /// <summary>[2 · points, window]: from a spectrum back to samples, times the window once more.</summary>
    public static double[,] Inverse(MelSpectrogramOptions options)
    {
        int window = options.WindowLength, points = options.FftLength / 2 + 1;
        double[,] basis = new double[2 * points, window];
        for (int point = 0; point < points; point++)
        {
            // All points but the first and the last stand for their mirror image too.
            double share = (point == 0 || point == points - 1 ? 1.0 : 2.0) / options.FftLength;
            for (int sample = 0; sample < window; sample++)
            {
                double weight = share * Hann(sample, window);
                (double sine, double cosine) = Angle(sample, point, options.FftLength);
                basis[point, sample] = weight * cosine;
                basis[points + point, sample] = -weight * sine;
            }
        }
        return basis;
    }

    public static double Hann(int sample, int window) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * sample / window);

    // The product is reduced before the division: angles of many turns lose digits.
    static (double Sine, double Cosine) Angle(int sample, int point, int length) =>
        Math.SinCos(2 * Math.PI * ((long)sample * point % length) / length);
}

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

    /// <summary>The matrix as Float32 on a device, owned by this object.</summary>
    public Tensor On(Device device)
    {
        string name = device.ToString();
        lock (_copies)
        {
            if (!_copies.TryGetValue(name, out Tensor? copy))
            {
                // A tensor of inference mode could not be saved for a backward pass later.
                using IDisposable? normalMode = is_inference_mode_enabled() ? inference_mode(false) : null;
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

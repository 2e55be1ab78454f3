using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// The µ-law companding of a waveform to 256 levels (µ = 255), as WaveNet uses it (arXiv 1609.03499, section 2.2; ITU-T G.711 up to its
/// piecewise approximation): f(x) = sign(x) · ln(1 + µ|x|) / ln(1 + µ), and code = ⌊(f(x) + 1) / 2 · µ + 1/2⌋.
/// </summary>
/// <remarks>Spans and tensors give exactly the same codes: both compare with the same 255 thresholds.</remarks>
public static class MuLaw
{
    /// <summary>The number of codes.</summary>
    public const int Levels = 256;

    /// <summary>The code of silence (0).</summary>
    public const byte Silence = 128;

    const int Mu = Levels - 1;

    static readonly float[] Values = [.. Enumerable.Range(0, Levels).Select(code => Expand(2.0 * code / Mu - 1))];

    // Threshold k lies between codes k and k + 1.
    static readonly float[] Thresholds = [.. Enumerable.Range(1, Mu).Select(code => Expand((2.0 * code - 1) / Mu - 1))];

    static float Expand(double companded) => (float)(Math.Sign(companded) * (Math.Pow(Levels, Math.Abs(companded)) - 1) / Mu);

    /// <summary>The code of a sample.</summary>
    /// <param name="sample">A sample; beyond -1 to 1 it counts as the nearer of the two.</param>
    /// <returns>From 0 (for -1) to 255 (for 1, and for NaN).</returns>
    public static byte Encode(float sample)
    {
        // The number of thresholds that the sample reaches.
        int low = 0, high = Mu;
        while (low < high)
        {
            int middle = (low + high) / 2;
            // NaN, which compares as false, reaches all of them, as in bucketize.
            if (sample < Thresholds[middle])
                high = middle;
            else
                low = middle + 1;
        }
        return (byte)low;
    }

    /// <summary>The sample of a code.</summary>
    /// <param name="code">The code.</param>
    /// <returns>From -1 to 1.</returns>
    public static float Decode(byte code) => Values[code];

    /// <summary>The codes of a waveform.</summary>
    /// <param name="waveform">The samples.</param>
    /// <param name="codes">The destination of the codes; of the same length.</param>
    public static void Encode(ReadOnlySpan<float> waveform, Span<byte> codes)
    {
        SameLength(waveform.Length, codes.Length);
        for (int i = 0; i < waveform.Length; i++)
            codes[i] = Encode(waveform[i]);
    }

    /// <summary>The samples of codes.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="waveform">The destination of the samples; of the same length.</param>
    public static void Decode(ReadOnlySpan<byte> codes, Span<float> waveform)
    {
        SameLength(codes.Length, waveform.Length);
        for (int i = 0; i < codes.Length; i++)
            waveform[i] = Decode(codes[i]);
    }

    /// <summary>The codes of waveforms, on their device.</summary>
    /// <param name="waveform">Samples as Float32, of any shape.</param>
    /// <returns>Codes from 0 to 255 as Int64, of the same shape.</returns>
    public static Tensor Encode(Tensor waveform)
    {
        ArgumentNullException.ThrowIfNull(waveform);
        using DisposeScope scope = NewDisposeScope();
        return waveform.detach().contiguous().bucketize(tensor(Thresholds, device: waveform.device), right: true)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal static OnnxValue ToOnnx(OnnxValue waveform)
    {
        using Tensor thresholds = tensor(Thresholds);
        return waveform.Reached(thresholds);
    }

    /// <summary>The samples of codes, on their device.</summary>
    /// <param name="codes">Codes from 0 to 255 as Int64, of any shape.</param>
    /// <returns>Samples from -1 to 1 as Float32, of the same shape.</returns>
    public static Tensor Decode(Tensor codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        using DisposeScope scope = NewDisposeScope();
        return tensor(Values, device: codes.device).index_select(0, codes.reshape(-1)).view(codes.shape).MoveToOuterDisposeScope();
    }

    static void SameLength(int from, int to)
    {
        if (from != to)
            throw new ArgumentException($"There are {from} values to convert: expected is room for as many, found is room for {to}.");
    }
}

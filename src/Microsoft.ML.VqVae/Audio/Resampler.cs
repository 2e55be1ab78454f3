using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Changes the sample rate of a waveform by band-limited interpolation: a sinc in a Kaiser window, cut off below half of the lower of
/// the two rates.
/// </summary>
/// <remarks>
/// The filter is evaluated exactly at every output sample, or, for pairs of rates with so many fractions of a sample that their weights
/// would take more than 16 MB, from a fine table with an error below 1e-7. There is no delay: output sample m is the value at the time of
/// input sample m · from/to. Frequencies below 0.91 of half of the lower rate pass unchanged; those above half of the lower rate are
/// suppressed by 85 dB or more. Beyond its ends the waveform counts as zero. One instance may be used from several threads.
/// </remarks>
public sealed class Resampler
{
    const int ZeroCrossings = 64;
    const double Rolloff = 0.955, KaiserShape = 8.96;

    // The length of the filter grows with the ratio: this is 768 kHz to 100 Hz, the rates of WaveHeader, and four megabytes.
    const int MaxRatio = 7_680;

    const int MaxKeptWeights = 1 << 22, StepsPerZeroCrossing = 4096;

    // The filter from its middle to its end, for rates of too many phases: it is the same for all, but for its scale in time.
    static readonly Lazy<double[]> Table = new(() =>
        [.. Enumerable.Range(0, ZeroCrossings * StepsPerZeroCrossing + 1).Select(step => Filter((double)step / StepsPerZeroCrossing))]);

    readonly int _up, _down, _taps;
    readonly double _cutoff, _halfWidth;

    // For each of the possible fractions of an input sample, the weights of the input samples around it, computed when first needed; null
    // if they would be too many.
    readonly float[]?[]? _phases;

    /// <summary>Prepares a change of rate.</summary>
    /// <param name="fromRate">Samples per second of the input; at least 1.</param>
    /// <param name="toRate">Samples per second of the output; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate is below 1, or that of the input is more than 7,680 times that of the
    /// output.</exception>
    public Resampler(int fromRate, int toRate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fromRate);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toRate);
        if (fromRate > (long)toRate * MaxRatio)
        {
            throw new ArgumentOutOfRangeException(nameof(fromRate), fromRate,
                $"Expected is at most {MaxRatio} times the rate of the output, {toRate} Hz, but the rate of the input is {fromRate} Hz.");
        }
        (FromRate, ToRate) = (fromRate, toRate);
        int common = (int)BigInteger.GreatestCommonDivisor(fromRate, toRate);
        (_up, _down) = (toRate / common, fromRate / common);
        _cutoff = Rolloff * Math.Min(1, (double)toRate / fromRate);
        _halfWidth = ZeroCrossings / _cutoff;
        // Input samples from floor(time) - taps/2 + 1 to floor(time) + taps/2 can lie within the window.
        _taps = 2 * ((int)Math.Ceiling(_halfWidth) + 1);
        _phases = (long)_up * _taps <= MaxKeptWeights ? new float[_up][] : null;
    }

    /// <summary>Samples per second of the input.</summary>
    public int FromRate { get; }

    /// <summary>Samples per second of the output.</summary>
    public int ToRate { get; }

    /// <summary>The number of output samples: the length times to/from, rounded up.</summary>
    /// <param name="inputLength">The number of input samples.</param>
    /// <returns>The number of output samples.</returns>
    public long OutputLength(long inputLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputLength);
        return (long)(((Int128)inputLength * _up + _down - 1) / _down);
    }

    /// <summary>Changes the rate of a whole waveform.</summary>
    /// <param name="waveform">The samples at <see cref="FromRate"/>.</param>
    /// <returns>The samples at <see cref="ToRate"/>; a copy where the rates are the same.</returns>
    /// <exception cref="ArgumentException">The samples at <see cref="ToRate"/> do not fit into an array.</exception>
    public float[] Resample(ReadOnlySpan<float> waveform)
    {
        if (_up == _down)
            return waveform.ToArray();
        long length = OutputLength(waveform.Length);
        if (length > Array.MaxLength || waveform.Length > Array.MaxLength - _taps)
        {
            throw new ArgumentException(
                $"{waveform.Length} samples at {FromRate} Hz, {length} at {ToRate} Hz, do not fit into an array; expected is a shorter "
                + "waveform.", nameof(waveform));
        }
        float[] output = new float[length];
        // Zeros around the input, so that no output needs to look at the ends.
        int margin = _taps / 2;
        float[] padded = new float[waveform.Length + 2 * margin];
        waveform.CopyTo(padded.AsSpan(margin));
        float[] scratch = _phases is null ? new float[_taps] : [];
        long whole = 0, fraction = 0;
        for (int m = 0; m < output.Length; m++)
        {
            float[] weights = _phases is null ? FromTable(fraction, scratch) : _phases[fraction] ??= Phase(fraction);
            output[m] = Dot(padded.AsSpan((int)whole + 1, _taps), weights);
            fraction += _down;
            whole += fraction / _up;
            fraction %= _up;
        }
        return output;
    }

    float[] Phase(long fraction)
    {
        double[] weights = new double[_taps];
        double sum = 0, time = (double)fraction / _up + _taps / 2 - 1;
        for (int k = 0; k < _taps; k++)
        {
            double place = Math.Abs(_cutoff * (time - k));
            if (place >= ZeroCrossings)
                continue;
            weights[k] = Filter(place);
            sum += weights[k];
        }
        // A constant stays exactly constant.
        return [.. weights.Select(weight => (float)(weight / sum))];
    }

    // The same, between the entries of the table, into memory that is used again.
    float[] FromTable(long fraction, float[] weights)
    {
        double[] table = Table.Value;
        double sum = 0, time = (double)fraction / _up + _taps / 2 - 1;
        for (int k = 0; k < _taps; k++)
        {
            double place = Math.Abs(_cutoff * (time - k)) * StepsPerZeroCrossing;
            int step = (int)place;
            double weight = step >= table.Length - 1 ? 0 : table[step] + (place - step) * (table[step + 1] - table[step]);
            weights[k] = (float)weight;
            sum += weight;
        }
        float scale = (float)(1 / sum);
        for (int k = 0; k < _taps; k++)
            weights[k] *= scale;
        return weights;
    }

    // The filter at a distance from its middle, in zero crossings of the sinc; not normalized.
    static double Filter(double place)
    {
        double share = place / ZeroCrossings;
        return Sinc(place) * BesselI0(KaiserShape * Math.Sqrt(Math.Max(0, 1 - share * share)));
    }

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    // The modified Bessel function of order 0, by its power series.
    static double BesselI0(double x)
    {
        double sum = 1, term = 1, quarter = x * x / 4;
        for (int k = 1; term > 1e-17 * sum; k++)
        {
            term *= quarter / ((double)k * k);
            sum += term;
        }
        return sum;
    }

    static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        ReadOnlySpan<Vector<float>> leftVectors = MemoryMarshal.Cast<float, Vector<float>>(left);
        ReadOnlySpan<Vector<float>> rightVectors = MemoryMarshal.Cast<float, Vector<float>>(right);
        Vector<float> sums = Vector<float>.Zero;
        for (int i = 0; i < leftVectors.Length && i < rightVectors.Length; i++)
            sums += leftVectors[i] * rightVectors[i];
        float sum = Vector.Sum(sums);
        for (int i = leftVectors.Length * Vector<float>.Count; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }
}

/// <summary>The resamplers to one rate that were used last: files of one rate share one, and odd rates do not pile up. May be used from
/// several threads.</summary>
internal sealed class ResamplerCache(int toRate)
{
    /// <summary>The number of rates that are kept.</summary>
    public const int Capacity = 4;

    // The last used first.
    readonly List<Resampler> _resamplers = [];

    public int Count
    {
        get
        {
            lock (_resamplers)
                return _resamplers.Count;
        }
    }

    public Resampler From(int rate)
    {
        lock (_resamplers)
        {
            int place = _resamplers.FindIndex(known => known.FromRate == rate);
            Resampler resampler = place >= 0 ? _resamplers[place] : new Resampler(rate, toRate);
            if (place < 0 && _resamplers.Count == Capacity)
                place = Capacity - 1;
            if (place >= 0)
                _resamplers.RemoveAt(place);
            _resamplers.Insert(0, resampler);
            return resampler;
        }
    }
}

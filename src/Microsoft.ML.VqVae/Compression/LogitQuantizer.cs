using static System.FormattableString;

namespace Microsoft.ML.VqVae.Compression;

/// <summary>
/// Weights of symbols from logits that two machines need not compute to the last bit: logits are rounded to multiples of 1/64, and an
/// encoder moves all of them by a small offset where one is so close to a limit of rounding that another machine might round it the other
/// way.
/// </summary>
/// <remarks>Rounding costs some 10⁻⁵ bits a symbol. With logits in double precision, whose differences between machines, batch sizes and
/// numbers of threads are some 10⁻¹⁴, an offset is rarely needed: for 512 symbols once in 16,000.</remarks>
internal sealed class LogitQuantizer(int symbols)
{
    /// <summary>Number of offsets to choose from, in sixteenths of the rounding step.</summary>
    public const int Offsets = 16;

    /// <summary>The maximum difference of logits between encoder and decoder.</summary>
    public const double Tolerance = 1.0 / (1 << 30);

    /// <summary>The maximum of a logit. Beyond it, double precision is not much finer than the tolerance.</summary>
    public const double MaxLogit = 1 << 16;

    const int StepsPerUnit = 64;
    const double Margin = Tolerance * StepsPerUnit;

    // e^(−1/64) · 2⁶⁴. Whole numbers, since Math.Exp may differ from system to system.
    const ulong Decay = 0xFC07F55FF77D2494;

    // e^(−n/64) · 2³⁰ for n = 0, 1, … until it rounds to 0.
    static readonly uint[] Weight = [.. Weights()];

    // Logits that lie lower than the largest by more than this weigh nothing, even if both are off by the tolerance.
    static readonly double Reach = (Weight.Length + 2.0) / StepsPerUnit;

    static readonly SymbolFrequencies OffsetFrequencies = new([(1 << 16) - Offsets + 1, .. Enumerable.Repeat(1u, Offsets - 1)]);

    readonly uint[] _weights = new uint[symbols];
    readonly long[] _steps = new long[symbols];

    /// <summary>The frequencies of offsets: 0 costs next to nothing, any other 16 bits.</summary>
    public static SymbolFrequencies FrequenciesOfOffsets => OffsetFrequencies;

    /// <summary>The weights of the latest call of <see cref="TryQuantize"/>.</summary>
    public ReadOnlySpan<uint> QuantizedWeights => _weights;

    /// <summary>Rounds logits to weights.</summary>
    /// <param name="logits">A logit for each symbol; −∞ for impossible ones.</param>
    /// <param name="offset">The offset in sixteenths of a step, 0 to <see cref="Offsets"/> − 1.</param>
    /// <returns>Whether logits that differ from these by up to the <see cref="Tolerance"/> result in the same weights.</returns>
    /// <exception cref="ArgumentException">A logit is NaN, none is finite, or one is above <see cref="MaxLogit"/>.</exception>
    public bool TryQuantize(ReadOnlySpan<double> logits, int offset)
    {
        double largest = double.NegativeInfinity;
        foreach (double logit in logits)
        {
            // NaN is neither.
            if (!(logit <= MaxLogit))
            {
                throw new ArgumentException(
                    Invariant($"A logit is {logit}; expected are finite numbers of at most {MaxLogit}."), nameof(logits));
            }
            largest = Math.Max(largest, logit);
        }
        if (largest < -MaxLogit)
        {
            throw new ArgumentException(
                Invariant($"The largest logit is {largest}; expected is a finite number of at least {-MaxLogit}."), nameof(logits));
        }
        double shift = (double)offset / Offsets;
        bool isSafe = true;
        long top = long.MinValue;
        for (int symbol = 0; symbol < logits.Length; symbol++)
        {
            if (logits[symbol] < largest - Reach)
            {
                _steps[symbol] = long.MinValue / 2;
                continue;
            }
            double position = logits[symbol] * StepsPerUnit + shift, step = Math.Floor(position), beyond = position - step;
            isSafe &= beyond >= Margin && beyond <= 1 - Margin;
            _steps[symbol] = (long)step;
            top = Math.Max(top, (long)step);
        }
        for (int symbol = 0; symbol < logits.Length; symbol++)
        {
            long below = top - _steps[symbol];
            _weights[symbol] = below < Weight.Length ? Weight[below] : 0;
        }
        return isSafe;
    }

    static IEnumerable<uint> Weights()
    {
        for (ulong power = 1UL << 62; power >= 1UL << 31; power = Math.BigMul(power, Decay, out _))
            yield return (uint)(power + (1UL << 31) >> 32);
    }
}

namespace Microsoft.ML.VqVae.Compression;

/// <summary>Whole frequencies of symbols, at least 1 each, which sum to <see cref="Total"/>. They follow from weights by whole numbers
/// alone, so that they are the same on every machine.</summary>
internal sealed class SymbolFrequencies
{
    public const int TotalBits = 24;
    public const uint Total = 1 << TotalBits;

    /// <summary>The maximum number of symbols: a sixteenth of the total goes to their frequencies of at least 1.</summary>
    public const int MaxSymbols = 1 << 20;

    // Digits after the point of the factor from weights to frequencies.
    const int FactorBits = 62 - TotalBits;

    readonly uint[] _starts;

    /// <param name="symbols">Number of symbols, at most <see cref="MaxSymbols"/>.</param>
    public SymbolFrequencies(int symbols) => _starts = new uint[symbols + 1];

    /// <summary>Frequencies in proportion to weights.</summary>
    public SymbolFrequencies(ReadOnlySpan<uint> weights) : this(weights.Length) => Set(weights);

    /// <summary>The sum of the frequencies of the symbols before one.</summary>
    public uint Start(int symbol) => _starts[symbol];

    /// <summary>The frequency of a symbol.</summary>
    public uint Of(int symbol) => _starts[symbol + 1] - _starts[symbol];

    /// <summary>The symbol whose share holds a number below <see cref="Total"/>.</summary>
    public int Find(uint number)
    {
        int at = Array.BinarySearch(_starts, number);
        return at >= 0 ? at : ~at - 1;
    }

    /// <summary>Sets frequencies in proportion to weights. What rounding leaves goes to the first symbol of the largest weight.</summary>
    /// <param name="weights">A weight for each symbol, at least one of them above 0.</param>
    public void Set(ReadOnlySpan<uint> weights)
    {
        ulong sum = 0;
        int largest = 0;
        for (int symbol = 0; symbol < weights.Length; symbol++)
        {
            sum += weights[symbol];
            if (weights[symbol] > weights[largest])
                largest = symbol;
        }
        ulong factor = ((ulong)(Total - (uint)weights.Length) << FactorBits) / sum;
        uint start = 0;
        for (int symbol = 0; symbol < weights.Length; symbol++)
        {
            _starts[symbol] = start;
            start += 1 + (uint)(weights[symbol] * factor >> FactorBits);
        }
        uint left = Total - start;
        for (int symbol = largest + 1; symbol < weights.Length; symbol++)
            _starts[symbol] += left;
        _starts[weights.Length] = Total;
    }
}

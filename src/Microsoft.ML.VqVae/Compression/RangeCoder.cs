namespace Microsoft.ML.VqVae.Compression;

/// <summary>
/// Range coding (Martin, "Range encoding", 1979): a sequence of symbols becomes a number in [0, 1) by dividing an interval for each symbol
/// in proportion to the frequencies. A symbol of probability p takes −log2 p bits; the end of a sequence takes a byte at most.
/// </summary>
/// <remarks>The interval is [low, low + range), where low lacks the bytes that are written already. The range is kept at 2⁵⁶ or more, so
/// that dividing it by 2²⁴ rounds a frequency off by less than 2⁻³². A sum that runs over adds one to the bytes written so far.</remarks>
internal sealed class RangeEncoder
{
    readonly List<byte> _bytes = [];
    ulong _low, _range = ulong.MaxValue;

    /// <summary>Appends a symbol.</summary>
    public void Encode(SymbolFrequencies frequencies, int symbol) => Encode(frequencies.Start(symbol), frequencies.Of(symbol));

    /// <summary>Appends a symbol by its share of <see cref="SymbolFrequencies.Total"/>.</summary>
    /// <param name="start">The sum of the frequencies of the symbols before it.</param>
    /// <param name="frequency">Its frequency, at least 1.</param>
    public void Encode(uint start, uint frequency)
    {
        _range >>= SymbolFrequencies.TotalBits;
        Add(_range * start);
        _range *= frequency;
        for (; _range < RangeDecoder.MinRange; _range <<= 8)
            Write();
    }

    /// <summary>Ends the sequence.</summary>
    /// <returns>Its bytes, without zeros at the end, which a decoder reads from there on.</returns>
    public byte[] Finish()
    {
        // The lowest number of the interval whose bytes after the first are 0: the interval is at least that wide.
        Add(RangeDecoder.MinRange - 1);
        Write();
        int length = _bytes.Count;
        while (length > 0 && _bytes[length - 1] == 0)
            length--;
        return [.. _bytes[..length]];
    }

    void Add(ulong part)
    {
        _low += part;
        if (_low >= part)
            return;
        int last = _bytes.Count - 1;
        while (++_bytes[last] == 0)
            last--;
    }

    void Write()
    {
        _bytes.Add((byte)(_low >> RangeDecoder.TopShift));
        _low <<= 8;
    }
}

/// <summary>Reads the symbols that a <see cref="RangeEncoder"/> wrote, given the same frequencies.</summary>
internal sealed class RangeDecoder
{
    public const int TopShift = 56;
    public const ulong MinRange = 1UL << TopShift;

    readonly ReadOnlyMemory<byte> _bytes;
    // The number minus the start of the interval, as far as it is read.
    ulong _number, _range = ulong.MaxValue;
    int _read;

    public RangeDecoder(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        for (int i = 0; i < sizeof(ulong); i++)
            Read();
    }

    /// <summary>Reads the next symbol. Bytes that are not from an encoder give any symbols, but no error.</summary>
    public int Decode(SymbolFrequencies frequencies)
    {
        _range >>= SymbolFrequencies.TotalBits;
        int symbol = frequencies.Find((uint)Math.Min(_number / _range, SymbolFrequencies.Total - 1));
        _number -= _range * frequencies.Start(symbol);
        _range *= frequencies.Of(symbol);
        for (; _range < MinRange; _range <<= 8)
            Read();
        return symbol;
    }

    void Read()
    {
        _number = (_number << 8) | (_read < _bytes.Length ? _bytes.Span[_read] : 0u);
        _read++;
    }
}

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

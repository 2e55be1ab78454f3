using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Compression;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A row of codes, from 0, and the class that it is conditioned on; 0 without classes.</summary>
internal sealed record CodeRow(int[] Codes, int Class)
{
    /// <summary>The checksum of decoded rows, which shows whether they are the compressed ones.</summary>
    public static uint ChecksumOf(IEnumerable<CodeRow> rows)
    {
        var checksum = new Checksum();
        foreach (CodeRow row in rows)
        {
            checksum.Add(row.Class);
            checksum.Add(MemoryMarshal.AsBytes(row.Codes.AsSpan()));
        }
        return checksum.Value;
    }
}

/// <summary>
/// Compresses blocks of rows with the probabilities of a prior. The encoder computes the logits of whole rows, the decoder those of one
/// code after the other; both in double precision, in which the difference stays far below <see cref="LogitQuantizer.Tolerance"/>.
/// </summary>
/// <remarks>The bytes of a block: the checksum of its rows; if rows may be of any length, the number of codes of each row, seven bits a
/// byte, the lowest first; then one sequence of symbols: the class of each row; for the first code of the rows, then for the second and so
/// on, the offset of each row, then the code of each row.</remarks>
internal sealed class BlockCoder
{
    /// <summary>Number of logits that are computed at once when rows are compressed, and copied at once when they are
    /// decompressed.</summary>
    public const long DefaultMaxLogits = 1 << 23;

    /// <summary>Number of codes of a block whose rows may be of any length. A few bytes can hold any number of likely codes, so nothing
    /// else limits what a forged block asks for.</summary>
    public const long DefaultMaxCodes = 1 << 24;

    readonly PriorModel _model;
    readonly long _maxLogits;
    readonly int _codes;
    readonly SymbolFrequencies? _classes;

    /// <param name="model">The prior in double precision.</param>
    /// <param name="maxLogits">Number of logits to compute or to copy at once; those of a row in any case.</param>
    /// <param name="maxCodes">Number of codes of a block whose rows may be of any length, each as long as the longest.</param>
    public BlockCoder(PriorModel model, long maxLogits = DefaultMaxLogits, long maxCodes = DefaultMaxCodes)
    {
        (_model, _maxLogits, MaxCodes, _codes) = (model, maxLogits, maxCodes, model.Description.Format.Codes);
        if (model.Description.Conditions is CategorySet set)
            _classes = new SymbolFrequencies(Array.ConvertAll(set.Rows, rows => (uint)rows));
    }

    /// <summary>Number of codes of a block whose rows may be of any length, each as long as the longest.</summary>
    public long MaxCodes { get; }

    /// <summary>Whether a block has room for so many rows with so many codes in the longest. The prior says how many codes a row has where
    /// their number is fixed.</summary>
    public bool Fits(long rows, long longest) => _model.Description.Format.Length is not null || rows * longest <= MaxCodes;

    /// <summary>A copy of a prior in double precision, on the same device.</summary>
    public static PriorModel InDoublePrecision(PriorModel model)
    {
        using SharedNetwork.Holding holding = model.Hold();
        CodePrior? network = null;
        try
        {
            network = model.Description.CreateNetwork(seed: 0);
            network.to(ScalarType.Float64).to(model.Device);
            using DisposeScope scope = NewDisposeScope();
            using IDisposable withoutGradients = no_grad();
            Dictionary<string, Tensor> weights = model.Network.state_dict();
            foreach ((string name, Tensor weight) in network.state_dict())
                weight.copy_(weights[name]);
            return new PriorModel(model.Description, network, model.Device);
        }
        catch
        {
            network?.Dispose();
            throw;
        }
    }

    /// <summary>Compresses rows.</summary>
    /// <exception cref="InvalidOperationException">The logits of the network are no finite numbers or not in double precision.</exception>
    public byte[] Encode(IReadOnlyList<CodeRow> rows, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, CodeRow.ChecksumOf(rows));
        bytes.Write(checksum);
        using (var lengths = new BinaryWriter(bytes, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            if (_model.Description.Format.Length is null)
            {
                foreach (CodeRow row in rows)
                    lengths.Write7BitEncodedInt(row.Codes.Length);
            }
        }
        var coder = new RangeEncoder();
        if (_classes is not null)
        {
            foreach (CodeRow row in rows)
                coder.Encode(_classes, row.Class);
        }
        foreach (CodedSymbol[] symbols in SymbolsOfPlaces(rows, cancellation))
        {
            foreach (CodedSymbol symbol in symbols)
                coder.Encode(LogitQuantizer.FrequenciesOfOffsets, symbol.Offset);
            foreach (CodedSymbol symbol in symbols)
                coder.Encode(symbol.Start, symbol.Frequency);
        }
        bytes.Write(coder.Finish());
        return bytes.ToArray();
    }

    /// <summary>Decompresses rows.</summary>
    /// <returns>The rows, and whether they are those that were compressed: not if this machine computes other logits.</returns>
    /// <exception cref="InvalidDataException">No compressor of this prior wrote the block.</exception>
    public (CodeRow[] Rows, bool AreRight) Decode(CodeBlock block, CancellationToken cancellation)
    {
        (uint checksum, int[] lengths, ReadOnlyMemory<byte> symbols) = ReadStart(block);
        int count = block.Rows;
        CodeRow[] rows = Array.ConvertAll(lengths, length => new CodeRow(new int[length], 0));
        var coder = new RangeDecoder(symbols);
        for (int row = 0; row < count && _classes is not null; row++)
            rows[row] = rows[row] with { Class = coder.Decode(_classes) };

        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int longest = rows.Max(row => row.Codes.Length);
        var quantizer = new LogitQuantizer(_codes);
        var frequencies = new SymbolFrequencies(_codes);
        using CodeSteps steps = _model.Network.Begin(count, longest, Classes(rows));
        int[] offsets = new int[count];
        int together = (int)Math.Clamp(_maxLogits / _codes, 1, count);
        for (int i = 0; i < longest; i++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            cancellation.ThrowIfCancellationRequested();
            Tensor logits = steps.NextLogits();
            int[] present = [.. Enumerable.Range(0, count).Where(row => i < rows[row].Codes.Length)];
            foreach (int row in present)
                offsets[row] = coder.Decode(LogitQuantizer.FrequenciesOfOffsets);
            long[] next = new long[count];
            // In parts, as those of all rows may be more bytes than a span takes.
            foreach (IGrouping<int, int> part in present.GroupBy(row => row / together))
            {
                using DisposeScope partScope = NewDisposeScope();
                int first = part.Key * together;
                ReadOnlySpan<double> numbers = Numbers(logits.narrow(0, first, Math.Min(together, count - first)));
                foreach (int row in part)
                {
                    Quantize(quantizer, numbers.Slice((row - first) * _codes, _codes), offsets[row]);
                    frequencies.Set(quantizer.QuantizedWeights);
                    next[row] = rows[row].Codes[i] = coder.Decode(frequencies);
                }
            }
            if (i + 1 < longest)
                steps.Accept(tensor(next).to(_model.Device));
        }
        return (rows, CodeRow.ChecksumOf(rows) == checksum);
    }

    /// <summary>Reads the checksum of the rows and the number of codes of each, and finds the bytes of the symbols.</summary>
    (uint Checksum, int[] Lengths, ReadOnlyMemory<byte> Symbols) ReadStart(CodeBlock block)
    {
        byte[] bytes = block.Bytes;
        if (bytes.Length < sizeof(uint))
            throw Forged(block, $"it has {bytes.Length} bytes; expected are {sizeof(uint)} or more");
        int[] lengths = new int[block.Rows];
        using var start = new MemoryStream(bytes, sizeof(uint), bytes.Length - sizeof(uint));
        using var reader = new BinaryReader(start);
        try
        {
            for (int row = 0; row < lengths.Length; row++)
                lengths[row] = _model.Description.Format.Length ?? reader.Read7BitEncodedInt();
        }
        catch (Exception problem) when (problem is FormatException or EndOfStreamException)
        {
            throw Forged(block, "the numbers of codes of its rows cannot be read", problem);
        }
        if (lengths.Min() < 1 || !Fits(lengths.Length, lengths.Max()))
        {
            throw Forged(block, $"its {lengths.Length} rows have {lengths.Min()} to {lengths.Max()} codes; expected are from 1 to "
                + $"{MaxCodes / lengths.Length}");
        }
        return (BinaryPrimitives.ReadUInt32LittleEndian(bytes), lengths, bytes.AsMemory(sizeof(uint) + (int)start.Position));
    }

    static InvalidDataException Forged(CodeBlock block, string problem, Exception? inner = null) => new(
        $"{block} is whole, but no compressor wrote it: {problem}. Restore the file from a copy.", inner);

    /// <summary>The symbols of the first code of all rows, of the second of those that have one, and so on.</summary>
    IEnumerable<CodedSymbol[]> SymbolsOfPlaces(IReadOnlyList<CodeRow> rows, CancellationToken cancellation)
    {
        int longest = rows.Max(row => row.Codes.Length);
        CodedSymbol[,] symbols = new CodedSymbol[longest, rows.Count];
        int together = (int)Math.Clamp(_maxLogits / ((long)longest * _codes), 1, rows.Count);
        for (int first = 0; first < rows.Count; first += together)
        {
            cancellation.ThrowIfCancellationRequested();
            Fill(symbols, first, [.. rows.Skip(first).Take(together)]);
        }
        for (int i = 0; i < longest; i++)
            yield return [.. Enumerable.Range(0, rows.Count).Where(row => i < rows[row].Codes.Length).Select(row => symbols[i, row])];
    }

    void Fill(CodedSymbol[,] symbols, int first, CodeRow[] rows)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int longest = rows.Max(row => row.Codes.Length);
        long[] codes = new long[rows.Length * longest];
        for (int row = 0; row < rows.Length; row++)
        {
            for (int i = 0; i < rows[row].Codes.Length; i++)
                codes[row * longest + i] = rows[row].Codes[i];
        }
        Tensor logits = _model.Network.Logits(tensor(codes, [rows.Length, longest]).to(_model.Device), Classes(rows));
        var quantizer = new LogitQuantizer(_codes);
        var frequencies = new SymbolFrequencies(_codes);
        for (int i = 0; i < longest; i++)
        {
            using DisposeScope positionScope = NewDisposeScope();
            ReadOnlySpan<double> here = Numbers(logits.select(1, i));
            for (int row = 0; row < rows.Length; row++)
            {
                if (i >= rows[row].Codes.Length)
                    continue;
                int offset = 0;
                while (!Quantize(quantizer, here.Slice(row * _codes, _codes), offset))
                {
                    if (++offset == LogitQuantizer.Offsets)
                        throw new InvalidOperationException($"No offset keeps the {_codes} logits of a code clear of rounding limits.");
                }
                frequencies.Set(quantizer.QuantizedWeights);
                int code = rows[row].Codes[i];
                symbols[i, first + row] = new CodedSymbol(offset, frequencies.Start(code), frequencies.Of(code));
            }
        }
    }

    Tensor? Classes(CodeRow[] rows) =>
        _classes is null ? null : tensor(Array.ConvertAll(rows, row => (long)row.Class)).to(_model.Device);

    ReadOnlySpan<double> Numbers(Tensor logits) => logits.dtype == ScalarType.Float64
        ? MemoryMarshal.Cast<byte, double>(logits.cpu().contiguous().bytes)
        : throw new InvalidOperationException(
            $"The logits of {_model.Network.GetType().Name} are {logits.dtype}; compressing needs Float64. Create the tensors of a custom "
            + "network in the type of its parameters, which are Float64 here.");

    bool Quantize(LogitQuantizer quantizer, ReadOnlySpan<double> logits, int offset)
    {
        try
        {
            return quantizer.TryQuantize(logits, offset);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidOperationException(
                $"{_model.Network.GetType().Name} cannot compress: {problem.Message} Train the prior again, with a lower learning rate.",
                problem);
        }
    }

    readonly record struct CodedSymbol(int Offset, uint Start, uint Frequency);
}

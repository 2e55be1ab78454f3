using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Compression;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Compresses codes without loss with the probabilities of a trained prior: a row takes as many bits as the prior's column of bits says.
/// With the codec whose codes they are, it compresses images, series or speech with loss.
/// </summary>
/// <remarks>
/// <para>A file holds blocks of rows, each compressed and checked by itself, and the fingerprint of the prior: only a compressor of a prior
/// with the same weights decompresses it. The classes that rows are conditioned on are part of the file.</para>
/// <para>Codes come back exactly as they were, or an <see cref="InvalidDataException"/> is thrown. The prior is evaluated in double
/// precision, and what compressing and decompressing need to agree on does not change as long as their logits differ by less than 2⁻³⁰
/// (10⁻⁹): neither the size of the blocks nor the number of threads nor the processor matters, nor whether a GPU computes.</para>
/// <para>A compressor is thread-safe. It owns native memory, a copy of the prior's weights as they are when it is created; dispose
/// it.</para>
/// </remarks>
/// <example>
/// <code>
/// using var compressor = new CodeCompressor(prior);
/// using (FileStream file = File.Create("images.vqc"))
///     compressor.Compress(codec.Transform(images), file);
/// using (FileStream file = File.OpenRead("images.vqc"))
///     images = codec.Decoder("Pixels").Transform(compressor.Decompress(ml, file));
/// </code>
/// </example>
public sealed class CodeCompressor : IDisposable
{
    /// <summary>The maximum number of codes of a codebook: 2²⁰.</summary>
    public const int MaxCodes = SymbolFrequencies.MaxSymbols;

    /// <summary>The maximum number of rows in a block.</summary>
    public const int MaxRowsPerBlock = CodeFileReader.MaxRows;

    const int DefaultRowsPerBlock = 256, DefaultCodesPerBlock = 1 << 14;

    readonly PriorModel _model;
    readonly PriorColumns _columns;
    readonly BlockCoder _coder;
    readonly CodeFileHeader _header;
    readonly int? _rowsPerBlock;
    bool _disposed;

    /// <summary>Creates a compressor with the weights that a prior has now.</summary>
    /// <param name="prior">The prior; it can be disposed afterwards.</param>
    /// <param name="rowsPerBlock">Number of rows that are compressed together: more rows take less memory in the file, and more while they
    /// are decompressed. From 1 to <see cref="MaxRowsPerBlock"/>; null, the default, for 256, or fewer so that a block has at most 16,384
    /// codes. Blocks of rows of any length have fewer rows in any case where there would be more than 2²⁴ codes. Decompressing takes the
    /// blocks as they are in the file.</param>
    /// <exception cref="ArgumentException">The number of rows is out of range, or the codebook has more than <see cref="MaxCodes"/>
    /// codes.</exception>
    /// <exception cref="ObjectDisposedException">The prior was disposed.</exception>
    public CodeCompressor(PriorTransformer prior, int? rowsPerBlock = null)
        : this(prior, rowsPerBlock, BlockCoder.DefaultMaxLogits, BlockCoder.DefaultMaxCodes)
    {
    }

    internal CodeCompressor(
        PriorTransformer prior, int? rowsPerBlock, long maxLogits, long maxCodes = BlockCoder.DefaultMaxCodes)
    {
        ArgumentNullException.ThrowIfNull(prior);
        if (rowsPerBlock is < 1 or > MaxRowsPerBlock)
        {
            throw new ArgumentOutOfRangeException(
                nameof(rowsPerBlock), rowsPerBlock, $"A block has from 1 to {MaxRowsPerBlock} rows; leave it null for the default.");
        }
        if (prior.Codes > MaxCodes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(prior), prior.Codes, $"Codes are compressed by their probabilities, of at most {MaxCodes} codes to choose from.");
        }
        (_columns, _rowsPerBlock) = (prior.Columns, rowsPerBlock);
        CodeFormat format = prior.Model.Description.Format;
        _header = new CodeFileHeader(
            FingerprintOf(prior.Model), format.Codes, prior.Model.Description.Conditions?.Count ?? 0, format.Dimensions);
        _model = BlockCoder.InDoublePrecision(prior.Model);
        _coder = new BlockCoder(_model, maxLogits, maxCodes);
    }

    /// <summary>The fingerprint of the prior, which is part of each file: a SHA-256 digest of its weights, classes and codes, in
    /// hexadecimal digits.</summary>
    public string ModelFingerprint => Convert.ToHexStringLower(_header.Fingerprint);

    /// <summary>The network in double precision.</summary>
    internal CodePrior Network => _model.Network;

    /// <summary>Compresses rows, block by block as they are read.</summary>
    /// <param name="data">The rows, of which the prior's column of codes and, if it has one, its column of conditions are read. There may
    /// be none.</param>
    /// <param name="output">The stream to write to from its current position on. It need not be seekable, and stays open.</param>
    /// <param name="cancellationToken">Cancels the work; what is written until then is no valid file.</param>
    /// <returns>The content and the size of what was written.</returns>
    /// <exception cref="ArgumentException">A column is missing or has another type than in the training of the prior.</exception>
    /// <exception cref="InvalidOperationException">A row has a missing code, a condition that is not in the training data of the prior, or
    /// more than 2²⁴ codes, where rows may be of any length.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">The compressor was disposed.</exception>
    public CompressedCodesInfo Compress(IDataView data, Stream output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(output);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CodeFormat format = _model.Description.Format;
        DataViewSchema.Column codes = format.Find(data.Schema, _columns.Codes);
        CategoryColumn? condition = _model.Description.Conditions?.Find(data.Schema, _columns.Condition!, "condition");
        using DataViewRowCursor cursor = data.GetRowCursor(condition is null ? [codes] : [codes, condition.Column]);
        var codeGetter = new CodeGetter(format.ToRequirements(codes), cursor);
        CategoryGetter? classGetter = condition is null ? null : new CategoryGetter(condition, cursor);

        var file = new CodeFileWriter(output, _header);
        List<CodeRow> block = [];
        int longest = 0;
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<long> row = codeGetter.Read();
            if (!_coder.Fits(1, row.Length))
            {
                throw new InvalidOperationException($"Row {cursor.Position} of codes column '{codes.Name}' has {row.Length} codes; expected "
                    + $"are at most {_coder.MaxCodes}. Split it into several rows.");
            }
            if (IsFull(block.Count, Math.Max(longest, row.Length)))
                WriteBlock();
            int[] copy = new int[row.Length];
            for (int i = 0; i < copy.Length; i++)
                copy[i] = (int)row[i];
            block.Add(new CodeRow(copy, classGetter?.Read() ?? 0));
            longest = Math.Max(longest, copy.Length);
        }
        if (block.Count > 0)
            WriteBlock();
        file.WriteEnd();
        return CompressedCodesInfo.Of(_header, file.Blocks, file.Rows, file.Bytes);

        void WriteBlock()
        {
            file.Write(block.Count, Coded(() => _coder.Encode(block, cancellationToken)));
            block.Clear();
            longest = 0;
        }
    }

    /// <summary>Decompresses all rows.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view.</param>
    /// <param name="input">A stream at the start of compressed codes. It need not be seekable; it is read to the end of these, and stays
    /// open.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>A data view in memory with a column of codes and, if the prior has conditions, one of conditions, with the names, types and
    /// annotations of the training data of the prior, which the decoder of a codec accepts.</returns>
    /// <exception cref="InvalidDataException">The stream holds no compressed codes, those of another prior, or a block that is damaged. The
    /// message names the block.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">The compressor was disposed.</exception>
    public IDataView Decompress(MLContext mlContext, Stream input, CancellationToken cancellationToken = default)
    {
        CheckArguments(mlContext, input);
        return ViewOf(mlContext, [.. Blocks(input, 0, cancellationToken).SelectMany(rows => rows)]);
    }

    /// <summary>Decompresses block by block, as the blocks are asked for, so that files of any size can be processed.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data views.</param>
    /// <param name="input">As for <see cref="Decompress"/>. Blocks that are skipped are not read if it is seekable.</param>
    /// <param name="firstBlock">The number of the first block to decompress, from 0. A later block can be read even if this one is
    /// damaged.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>A data view for each block, as <see cref="Decompress"/> returns it. Errors occur when the block is asked for.</returns>
    /// <exception cref="InvalidDataException">As for <see cref="Decompress"/>, or there is no such block.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">The compressor was disposed.</exception>
    public IEnumerable<IDataView> DecompressBlocks(
        MLContext mlContext, Stream input, int firstBlock = 0, CancellationToken cancellationToken = default)
    {
        CheckArguments(mlContext, input);
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        return Blocks(input, firstBlock, cancellationToken).Select(rows => ViewOf(mlContext, rows));
    }

    /// <summary>Reads the content and the size of compressed codes, without their prior.</summary>
    /// <param name="input">A stream at the start of compressed codes; it is read to the end of these, and stays open.</param>
    /// <returns>Their content and size.</returns>
    /// <exception cref="InvalidDataException">The stream holds no compressed codes, or they were cut off. Blocks are not checked for
    /// damage.</exception>
    public static CompressedCodesInfo ReadInfo(Stream input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var file = new CodeFileReader(input);
        CodeBlock block;
        do
            block = file.Read(skip: true);
        while (block.Rows > 0);
        return CompressedCodesInfo.Of(file.Header, block.Number, block.FirstRow, file.Bytes);
    }

    /// <summary>Frees the copy of the weights.</summary>
    public void Dispose()
    {
        _disposed = true;
        _model.Dispose();
    }

    IEnumerable<CodeRow[]> Blocks(Stream input, int firstBlock, CancellationToken cancellation)
    {
        var file = new CodeFileReader(input);
        CheckModel(file.Header);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            CodeBlock block = file.Read(skip: file.Blocks < firstBlock);
            if (block.Rows == 0)
            {
                if (firstBlock > 0 && block.Number <= firstBlock)
                {
                    throw new InvalidDataException(
                        $"There is no block {firstBlock}: the compressed codes have {block.Number}, numbered from 0.");
                }
                yield break;
            }
            if (block.Number < firstBlock)
                continue;
            (CodeRow[] rows, bool areRight) = Coded(() => _coder.Decode(block, cancellation));
            yield return areRight ? rows : throw new InvalidDataException(
                $"{block} is whole, but decompresses to other codes than were compressed: this machine computes the logits of the prior "
                + "differently by more than 2⁻³⁰. Decompress it with the version of the library and of libtorch that compressed it.");
        }
    }

    void CheckModel(CodeFileHeader header)
    {
        if (header.Fingerprint.AsSpan().SequenceEqual(_header.Fingerprint))
            return;
        throw new InvalidDataException(
            $"The codes were compressed with another prior: its fingerprint is {Convert.ToHexStringLower(header.Fingerprint)} ({header}), "
            + $"that of this prior is {ModelFingerprint} ({_header}). Load the model that they were compressed with.");
    }

    /// <summary>Whether another row of some length must go to the next block.</summary>
    bool IsFull(int rows, int longest) => !_coder.Fits(rows + 1, longest) || (_rowsPerBlock is int most ? rows == most
        : rows == DefaultRowsPerBlock || (rows > 0 && (rows + 1L) * longest > DefaultCodesPerBlock));

    /// <summary>Keeps the network while it computes.</summary>
    T Coded<T>(Func<T> work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using SharedNetwork.Holding holding = _model.Hold();
        return work();
    }

    void CheckArguments(MLContext mlContext, Stream input)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(_disposed, this);
    }

    IDataView ViewOf(MLContext mlContext, CodeRow[] rows)
    {
        uint[][] keys = Array.ConvertAll(rows, row => Array.ConvertAll(row.Codes, code => (uint)code + 1));
        return SampledCodes.View(mlContext, keys, Array.ConvertAll(rows, row => row.Class), _model.Description, _columns);
    }

    /// <summary>The digest of all that the probabilities and the meaning of codes follow from, except settings of the network that are not
    /// seen in its weights: if they differ, so do the decompressed codes, which have a checksum.</summary>
    static byte[] FingerprintOf(PriorModel model)
    {
        PriorDescription description = model.Description;
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        model.AppendWeights(digest);
        string[] classes = description.Conditions is CategorySet set
            ? [.. set.Rows.Select((rows, index) => $"{set.NameOf(index)}: {rows.ToString(CultureInfo.InvariantCulture)}")] : [];
        string[] lines =
        [
            model.Network.GetType().Name, description.Format.Codes.ToString(CultureInfo.InvariantCulture),
            string.Join(' ', description.Format.Dimensions.Select(size => size.ToString(CultureInfo.InvariantCulture))), .. classes,
        ];
        digest.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return digest.GetHashAndReset();
    }
}

/// <summary>The content and the size of compressed codes.</summary>
/// <param name="ModelFingerprint">The fingerprint of the prior that they were compressed with; see
/// <see cref="CodeCompressor.ModelFingerprint"/>.</param>
/// <param name="Codes">K: number of codes to choose from.</param>
/// <param name="Dimensions">The dimensions of the codes of a row; empty if rows may be of any length.</param>
/// <param name="Conditions">Number of conditions of the prior; 0 for none.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="Bytes">Number of bytes, all included.</param>
public sealed record CompressedCodesInfo(
    string ModelFingerprint, int Codes, IReadOnlyList<int> Dimensions, int Conditions, long Rows, int Blocks, long Bytes)
{
    internal static CompressedCodesInfo Of(CodeFileHeader header, int blocks, long rows, long bytes) => new(
        Convert.ToHexStringLower(header.Fingerprint), header.Codes, header.Dimensions, header.Classes, rows, blocks, bytes);
}

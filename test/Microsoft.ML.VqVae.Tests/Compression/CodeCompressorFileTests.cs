using System.Buffers.Binary;
using Microsoft.ML.VqVae.Compression;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>Files in blocks: access to one of them, streams of any kind, errors, cancellation, native memory.</summary>
[TestClass]
public sealed class CodeCompressorFileTests
{
    readonly MLContext _ml = new(seed: 1);

    byte[] Compressed(CodeCompressor compressor, int rows = 10)
    {
        using var stream = new MemoryStream();
        compressor.Compress(TinyCodes.Grids(_ml, rows), stream);
        return stream.ToArray();
    }

    IEnumerable<List<object[]>> Blocks(CodeCompressor compressor, byte[] bytes, int first = 0) =>
        compressor.DecompressBlocks(_ml, new MemoryStream(bytes), first).Select(block => Values.Read(block));

    List<object[]> Rows(int first, int count) => Values.Read(TinyCodes.Grids(_ml, first + count), "Codes", "Label")[first..];

    /// <summary>A stream of a network: one way, and a few bytes at a time.</summary>
    sealed class Wire(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 5)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 5));
    }

    [TestMethod]
    public void Blocks_are_read_one_after_another_or_from_any_of_them_on()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var compressor = new CodeCompressor(prior, rowsPerBlock: 4);
        byte[] bytes = Compressed(compressor);
        List<object[]>[] blocks = [.. Blocks(compressor, bytes)];
        Assert.HasCount(3, blocks);
        Values.AreEqual(Rows(0, 4), blocks[0]);
        Values.AreEqual(Rows(8, 2), blocks[2]);
        Values.AreEqual(Rows(4, 4), Blocks(compressor, bytes, first: 1).First());
        Values.AreEqual(Rows(8, 2), Values.Read(compressor.DecompressBlocks(_ml, new Wire(bytes), 2).Single()));
        foreach (int number in (int[])[3, 12])
        {
            Assert.Contains($"no block {number}: the compressed codes have 3, numbered from 0",
                Assert.ThrowsExactly<InvalidDataException>(() => Blocks(compressor, bytes, number).ToArray()).Message);
        }
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => compressor.DecompressBlocks(_ml, new MemoryStream(bytes), -1));
    }

    [TestMethod]
    public void A_damaged_block_is_named_and_the_others_can_be_read()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var compressor = new CodeCompressor(prior, rowsPerBlock: 4);
        byte[] bytes = Compressed(compressor);
        // A header of 68 bytes, then the first block.
        int length = bytes[72];
        bytes[68 + 12 + length + 4 + 12 + 5]++;
        Assert.Contains("Block 1 (rows 4 to 7) is damaged",
            Assert.ThrowsExactly<InvalidDataException>(() => compressor.Decompress(_ml, new MemoryStream(bytes))).Message);
        List<object[]> first = [];
        Assert.ThrowsExactly<InvalidDataException>(() =>
        {
            foreach (List<object[]> block in Blocks(compressor, bytes))
                first = block;
        });
        Values.AreEqual(Rows(0, 4), first);
        Values.AreEqual(Rows(8, 2), Blocks(compressor, bytes, first: 2).Single());
    }

    [TestMethod]
    public void Streams_need_not_be_seekable_and_may_hold_more()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var compressor = new CodeCompressor(prior, rowsPerBlock: 3);
        byte[] bytes = Compressed(compressor);
        Values.AreEqual(Rows(0, 10), Values.Read(compressor.Decompress(_ml, new Wire(bytes))));
        CompressedCodesInfo info = CodeCompressor.ReadInfo(new Wire(bytes));
        Assert.AreEqual((10L, 4, (long)bytes.Length, 5, 3), (info.Rows, info.Blocks, info.Bytes, info.Codes, info.Conditions));
        CollectionAssert.AreEqual((int[])[3, 4, 1], info.Dimensions.ToArray());
        Assert.AreEqual(compressor.ModelFingerprint, info.ModelFingerprint);

        using var several = new MemoryStream([1, 2, .. bytes, .. bytes, 3]);
        several.Position = 2;
        Values.AreEqual(Rows(0, 10), Values.Read(compressor.Decompress(_ml, several)));
        Values.AreEqual(Rows(0, 10), Values.Read(compressor.Decompress(_ml, several)));
        Assert.AreEqual(3, several.ReadByte());
    }

    [TestMethod]
    public void A_block_has_at_most_as_many_codes_as_the_default_says()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        using var compressor = new CodeCompressor(prior);
        TinyCodes.Line[] rows = [.. Enumerable.Range(0, 9).Select(number =>
            new TinyCodes.Line { Codes = [.. Enumerable.Range(0, number == 4 ? 5000 : 1).Select(i => (uint)(i * i % 5 + 1))] })];
        using var stream = new MemoryStream();
        // The long row lies with two others, since with a third the block would be filled up to 4 · 5000.
        Assert.AreEqual(3, compressor.Compress(_ml.Data.LoadFromEnumerable(rows), stream).Blocks);
        stream.Position = 0;
        Values.AreEqual([.. rows.Select(row => new object[] { row.Codes })], Values.Read(compressor.Decompress(_ml, stream)));
    }

    [TestMethod]
    public void The_codes_of_another_prior_are_refused()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml), free = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using CodeCompressor compressor = new(prior), unconditioned = new(free), same = new(prior);
        byte[] bytes = Compressed(compressor);
        Assert.AreEqual(compressor.ModelFingerprint, same.ModelFingerprint);
        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => unconditioned.Decompress(_ml, new MemoryStream(bytes))).Message;
        Assert.Contains($"its fingerprint is {compressor.ModelFingerprint} (3×4×1 of 5 codes a row, 3 conditions), that of this prior is "
            + $"{unconditioned.ModelFingerprint} (3×4×1 of 5 codes a row, no conditions)", message);

        // A compressor keeps the weights that the prior had; one that is made later has others.
        string path = Path.GetTempFileName();
        try
        {
            prior.SaveWeights(path);
            using (SafetensorsContent weights = Microsoft.ML.VqVae.Persistence.Safetensors.ReadFile(path))
            {
                weights.Tensors["codes"].add_(1e-3);
                Microsoft.ML.VqVae.Persistence.Safetensors.WriteFile(path, weights.Tensors);
            }
            prior.LoadWeights(path);
        }
        finally
        {
            File.Delete(path);
        }
        Values.AreEqual(Rows(0, 10), Values.Read(compressor.Decompress(_ml, new MemoryStream(bytes))));
        using var later = new CodeCompressor(prior);
        Assert.ThrowsExactly<InvalidDataException>(() => later.Decompress(_ml, new MemoryStream(bytes)));
    }

    [TestMethod]
    [DataRow("Block 0 (rows 0 to 3) is whole, but no compressor wrote it: it has 3 bytes; expected are 4 or more", 4, new byte[] { 1, 2, 3 })]
    [DataRow("the numbers of codes of its rows cannot be read", 4, new byte[] { 1, 2, 3, 4, 5 })]
    [DataRow("the numbers of codes of its rows cannot be read", 1, new byte[] { 1, 2, 3, 4, 255, 255, 255, 255, 255, 255 })]
    [DataRow("its 1 rows have 2147483647 to 2147483647 codes; expected are from 1 to 16777216", 1,
        new byte[] { 1, 2, 3, 4, 255, 255, 255, 255, 7 })]
    [DataRow("its 1 rows have -1 to -1 codes", 1, new byte[] { 1, 2, 3, 4, 255, 255, 255, 255, 15 })]
    [DataRow("its 2 rows have 0 to 3 codes; expected are from 1 to 8388608", 2, new byte[] { 1, 2, 3, 4, 0, 3 })]
    [DataRow("Block 0 (from row 0 on) has 65537 rows in 4 bytes; expected are at most 65536 rows", 65537, new byte[] { 1, 2, 3, 4 })]
    public void A_block_that_no_compressor_wrote_is_named(string problem, int rows, byte[] content)
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        using var compressor = new CodeCompressor(prior);
        using var stream = new MemoryStream();
        new CodeFileWriter(stream, HeaderOf(compressor)).Write(rows, content);
        stream.Position = 0;
        Assert.Contains(problem, Assert.ThrowsExactly<InvalidDataException>(() => compressor.Decompress(_ml, stream)).Message);
    }

    [TestMethod]
    [DataRow(int.MaxValue, "Block 0 (from row 0 on) has 1 rows in 2147483647 bytes")]
    [DataRow(int.MaxValue - 100, "end within block 0")]
    public void A_length_beyond_the_end_of_a_stream_takes_no_memory(int length, string problem)
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        using var compressor = new CodeCompressor(prior);
        byte[] start = new byte[CodeFileReader.StartBytes];
        BinaryPrimitives.WriteInt32LittleEndian(start, 1);
        BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(8), CodeFileReader.ChecksumOfStart(0, start).Value);
        byte[] bytes = [.. HeaderOf(compressor).ToBytes(), .. start, 1, 2, 3];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(problem, Assert.ThrowsExactly<InvalidDataException>(() => compressor.Decompress(_ml, new Wire(bytes))).Message);
        Assert.IsLessThan(10_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    static CodeFileHeader HeaderOf(CodeCompressor compressor) =>
        new(Convert.FromHexString(compressor.ModelFingerprint), TinyCodes.Codes, Classes: 0, []);

    [TestMethod]
    public void Rows_of_any_length_go_to_more_blocks_where_there_are_too_many_codes()
    {
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        using var compressor = new CodeCompressor(prior, rowsPerBlock: 9, BlockCoder.DefaultMaxLogits, maxCodes: 30);
        IDataView data = TinyCodes.Lines(_ml, 9);
        using var stream = new MemoryStream();
        // Of 3, 10 and 6 codes, of 13 and 9, of 5 and 12, and of 8 and 4: 30 have room for as many of the longest.
        Assert.AreEqual(4, compressor.Compress(data, stream).Blocks);
        stream.Position = 0;
        Values.AreEqual(Values.Read(data, "Codes"), Values.Read(compressor.Decompress(_ml, stream)));
        using var narrow = new CodeCompressor(prior, rowsPerBlock: 1, BlockCoder.DefaultMaxLogits, maxCodes: 9);
        Assert.Contains("Row 1 of codes column 'Codes' has 10 codes; expected are at most 9. Split it into several rows.",
            Assert.ThrowsExactly<InvalidOperationException>(() => narrow.Compress(data, new MemoryStream())).Message);
    }

    [TestMethod]
    public void A_saved_and_loaded_prior_decompresses_the_file()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var file = new MemoryStream();
        _ml.Model.Save(prior, null, file);
        byte[] bytes;
        using (var compressor = new CodeCompressor(prior))
            bytes = Compressed(compressor);
        file.Position = 0;
        using var loaded = (PriorTransformer)new MLContext().Model.Load(file, out _);
        using var other = new CodeCompressor(loaded);
        Values.AreEqual(Rows(0, 10), Values.Read(other.Decompress(_ml, new MemoryStream(bytes))));
    }

    [TestMethod]
    public void Unsuitable_rows_and_settings_are_named()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var compressor = new CodeCompressor(prior);
        using var stream = new MemoryStream();
        TinyCodes.Grid[] missing = TinyCodes.Grids(5);
        missing[3].Codes[2] = 0;
        Assert.Contains("Row 3 of codes column 'Codes' has no code in slot 2", Assert.ThrowsExactly<InvalidOperationException>(
            () => compressor.Compress(TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(missing)), stream)).Message);
        Assert.Contains("Label", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => compressor.Compress(_ml.Data.LoadFromEnumerable(missing), stream)).Message);
        Assert.Contains("from 1 to 65536 rows", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new CodeCompressor(prior, rowsPerBlock: 0)).Message);

        var disposed = new CodeCompressor(prior);
        byte[] bytes = Compressed(disposed);
        IEnumerable<IDataView> started = disposed.DecompressBlocks(_ml, new MemoryStream(bytes));
        disposed.Dispose();
        disposed.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Compressed(disposed));
        Assert.ThrowsExactly<ObjectDisposedException>(() => started.First());
        prior.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => new CodeCompressor(prior));
        Values.AreEqual(Rows(0, 10), Values.Read(compressor.Decompress(_ml, new MemoryStream(bytes))));
    }

    [TestMethod]
    public void A_network_without_double_precision_or_with_infinite_logits_is_named()
    {
        foreach ((bool inSingle, string text) in (ReadOnlySpan<(bool, string)>)
        [
            (true, "The logits of ConstantPrior are Float32; compressing needs Float64"),
            (false, "ConstantPrior cannot compress: A logit is NaN"),
        ])
        {
            PriorOptions options = TinyCodes.Options(1);
            options.CustomNetwork = new ConstantPriorOptions { InSingle = inSingle };
            using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(TinyCodes.Grids(_ml, 6));
            using var compressor = new CodeCompressor(prior);
            Assert.Contains(text, Assert.ThrowsExactly<InvalidOperationException>(() => Compressed(compressor)).Message);
        }
    }

    [TestMethod]
    public void Work_can_be_cancelled()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        using var compressor = new CodeCompressor(prior, rowsPerBlock: 4);
        byte[] bytes = Compressed(compressor);
        using var source = new CancellationTokenSource();
        using IEnumerator<IDataView> blocks = compressor.DecompressBlocks(
            _ml, new MemoryStream(bytes), cancellationToken: source.Token).GetEnumerator();
        Assert.IsTrue(blocks.MoveNext());
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => blocks.MoveNext());
        Assert.ThrowsExactly<OperationCanceledException>(
            () => compressor.Decompress(_ml, new MemoryStream(bytes), source.Token));
        Assert.ThrowsExactly<OperationCanceledException>(
            () => compressor.Compress(TinyCodes.Grids(_ml, 9), new MemoryStream(), source.Token));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void No_tensor_stays_alive(bool grid)
    {
        using PriorTransformer prior = grid ? TinyCodes.UntrainedGrid(_ml) : TinyCodes.UntrainedLine(_ml);
        IDataView data = grid ? TinyCodes.Grids(_ml, 9) : TinyCodes.Lines(_ml, 9);
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow.
        long network = Growth(() => prior.Model.Description.CreateNetwork(seed: 1).to(ScalarType.Float64).Dispose());
        Assert.AreEqual(network, Growth(() =>
        {
            using var compressor = new CodeCompressor(prior, rowsPerBlock: 4);
            Assert.AreEqual(0, Growth(() =>
            {
                using var stream = new MemoryStream();
                compressor.Compress(data, stream);
                stream.Position = 0;
                _ = compressor.Decompress(_ml, stream);
            }));
        }));
    }
}

/// <summary>A prior whose logits are all alike, and of no use to a compressor.</summary>
public sealed class ConstantPriorOptions : CodePriorOptions
{
    public bool InSingle { get; set; }

    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed)
    {
        ArgumentNullException.ThrowIfNull(grid);
        return new ConstantPrior(grid.Codes, conditions, InSingle);
    }
}

/// <summary>Logits in single precision whatever its parameters are, or NaN in double precision.</summary>
public sealed class ConstantPrior : CodePrior
{
    readonly TorchSharp.Modules.Parameter level;
    readonly bool _inSingle;

    public ConstantPrior(int codes, int conditions, bool inSingle) : base(nameof(ConstantPrior))
    {
        (Codes, Conditions, _inSingle) = (codes, conditions, inSingle);
        level = new TorchSharp.Modules.Parameter(zeros(1));
        RegisterComponents();
    }

    public override int Codes { get; }

    public override int Conditions { get; }

    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map)
    {
        ArgumentNullException.ThrowIfNull(codes);
        Tensor logits = level.expand(codes.shape[0], codes.shape[1], Codes);
        return _inSingle ? logits.to(ScalarType.Float32) : level.dtype == ScalarType.Float64 ? logits * double.NaN : logits * 1;
    }
}

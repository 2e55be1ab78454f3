using Microsoft.ML.VqVae.Compression;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>The container: what is written is read, and a byte that is changed, missing or in another place is found and named.</summary>
[TestClass]
public sealed class CodeFileTests
{
    static readonly CodeFileHeader Header = new([.. Enumerable.Range(0, 32).Select(i => (byte)(7 * i))], 512, 10, [7, 7, 1]);

    static readonly (int Rows, byte[] Bytes)[] Blocks = [(4, [1, 2, 3, 4, 5, 6, 7, 8, 9]), (4, [9, 8, 7, 6, 5, 4, 3, 2, 1]), (1, [])];

    static byte[] Write()
    {
        using var stream = new MemoryStream();
        var file = new CodeFileWriter(stream, Header);
        foreach ((int rows, byte[] bytes) in Blocks)
            file.Write(rows, bytes);
        file.WriteEnd();
        Assert.AreEqual(stream.Length, file.Bytes);
        return stream.ToArray();
    }

    static List<CodeBlock> Read(Stream stream, bool skip = false)
    {
        var file = new CodeFileReader(stream);
        List<CodeBlock> blocks = [];
        while (file.Read(skip) is { Rows: > 0 } block)
            blocks.Add(block);
        Assert.AreEqual(stream.Position, file.Bytes);
        return blocks;
    }

    static string Complaint(byte[] bytes, bool skip = false)
    {
        using var stream = new MemoryStream(bytes);
        return Assert.ThrowsExactly<InvalidDataException>(() => Read(stream, skip)).Message;
    }

    [TestMethod]
    public void What_is_written_is_read()
    {
        byte[] bytes = Write();
        using var stream = new MemoryStream([.. bytes, 42, 43]);
        var file = new CodeFileReader(stream);
        CollectionAssert.AreEqual(Header.Fingerprint, file.Header.Fingerprint);
        CollectionAssert.AreEqual(Header.Dimensions, file.Header.Dimensions);
        Assert.AreEqual((Header.Codes, Header.Classes), (file.Header.Codes, file.Header.Classes));
        stream.Position = 0;
        List<CodeBlock> blocks = Read(stream);
        Assert.AreEqual(bytes.Length, stream.Position);
        CollectionAssert.AreEqual(Blocks.Select(block => block.Rows).ToArray(), blocks.Select(block => block.Rows).ToArray());
        CollectionAssert.AreEqual((long[])[0, 4, 8], blocks.Select(block => block.FirstRow).ToArray());
        for (int i = 0; i < Blocks.Length; i++)
            CollectionAssert.AreEqual(Blocks[i].Bytes, blocks[i].Bytes);
        stream.Position = 0;
        Assert.HasCount(3, Read(stream, skip: true));
        Assert.AreEqual(bytes.Length, stream.Position);
    }

    // Where the parts of the file are: 12 + 32 + 8 + 3 · 4 + 4 bytes of header, then blocks of 12 + bytes + 4, and 28 of the end.
    static string PartAt(int position) => position < 68 ? "header" : position < 93 ? "lock 0" : position < 118 ? "lock 1"
        : position < 134 ? "lock 2" : "nd of the file";

    [TestMethod]
    public void Every_damaged_byte_is_found_and_its_part_is_named()
    {
        byte[] whole = Write();
        Assert.HasCount(68 + 25 + 25 + 16 + 28, whole);
        for (int position = 0; position < whole.Length; position++)
        {
            foreach (byte change in (byte[])[1, 128, 255])
            {
                byte[] damaged = [.. whole];
                damaged[position] ^= change;
                string message = Complaint(damaged);
                string expected = position < 8 ? "holds no compressed codes" : position < 10 ? "version"
                    : position is >= 134 and < 146 ? "Block 3 (from row 9 on)" : PartAt(position);
                Assert.Contains(expected, message, $"byte {position}");
            }
        }
    }

    [TestMethod]
    public void Every_cut_is_found_and_its_place_is_named()
    {
        byte[] whole = Write();
        for (int length = 0; length < whole.Length; length++)
        {
            foreach (bool skip in (bool[])[false, true])
            {
                string message = Complaint(whole[..length], skip);
                string expected = length == 0 ? "starts with nothing" : length < 68 ? "within their header"
                    : $"within block {(length < 93 ? 0 : length < 118 ? 1 : length < 134 ? 2 : 3)} ";
                Assert.Contains(expected, message, $"{length} bytes");
            }
        }
    }

    [TestMethod]
    public void Blocks_in_another_order_or_left_out_are_found()
    {
        byte[] whole = Write();
        byte[] swapped = [.. whole[..68], .. whole[93..118], .. whole[68..93], .. whole[118..]];
        Assert.Contains("Block 0 (from row 0 on) is damaged", Complaint(swapped));
        byte[] shortened = [.. whole[..118], .. whole[134..]];
        Assert.Contains("Block 2 (from row 8 on) is damaged", Complaint(shortened));
    }

    [TestMethod]
    public void An_end_that_counts_other_blocks_is_found()
    {
        using var stream = new MemoryStream();
        var file = new CodeFileWriter(stream, Header);
        file.Write(0, new byte[CodeFileReader.EndBytes]);
        stream.Position = 0;
        // An end whose checksums are right, but whose numbers are those of no rows and no blocks, after none.
        Assert.IsEmpty(Read(stream));
        stream.SetLength(0);
        file = new CodeFileWriter(stream, Header);
        file.Write(5, [1]);
        file.Write(0, new byte[CodeFileReader.EndBytes]);
        stream.Position = 0;
        Assert.Contains("does not belong to its 1 blocks of 5 rows",
            Assert.ThrowsExactly<InvalidDataException>(() => Read(stream)).Message);
    }

    [TestMethod]
    public void Files_of_other_kinds_and_versions_are_told_apart()
    {
        Assert.Contains("must start with 8B5651430D0A1A0A, but starts with 89504E470D0A1A0A",
            Complaint([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0]));
        Assert.Contains("starts with 6869", Complaint("hi"u8.ToArray()));
        byte[] later = Write();
        later[8] = 2;
        Assert.Contains("version 2 of the format; this library reads version 1. Update the library", Complaint(later));
    }
}

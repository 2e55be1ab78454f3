using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>The safetensors format: its bytes, and what happens to a stream that is not in it.</summary>
[TestClass]
public sealed class SafetensorsTests
{
    // What Python's package writes for these tensors (' stands for ", ` for \"): the header is compact JSON, its tensors ordered by
    // descending type, then by name, and filled up with spaces to a multiple of 8.
    const string GoldenHeader =
        "{'__metadata__':{'format':'pt'},'b':{'dtype':'I64','shape':[2],'data_offsets':[0,16]}," +
        "'a':{'dtype':'F32','shape':[2,1],'data_offsets':[16,24]},'é `':{'dtype':'BOOL','shape':[],'data_offsets':[24,25]}}";

    // The same with the digest: SHA-256 of all bytes with zeros in its place, as Python's hashlib computes it.
    const string GoldenDigest = "253bbcf03b7deaa9e7f9bfb9881a763784527f85770d5f3f1f0df214e8404879";

    static readonly byte[] GoldenData =
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // I64 1, -2
        0x00, 0x00, 0xC0, 0x3F, 0x00, 0x00, 0x00, 0xC0, // F32 1.5, -2
        1, // BOOL true
    ];

    [TestMethod]
    public void Writes_the_bytes_of_the_reference_implementation()
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["é \""] = tensor(true),
            ["a"] = tensor(new[] { 1.5f, -2f }).view(2, 1),
            ["b"] = tensor(new[] { 1L, -2L }),
        };
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        CollectionAssert.AreEqual(GoldenWithDigest(), stream.ToArray());
        stream.Position = 0;
        using SafetensorsContent content = Safetensors.Read(stream, "golden");
        CollectionAssert.AreEqual(new[] { "format" }, content.Metadata.Keys.ToArray(), "The digest is no metadata of the caller.");
    }

    [TestMethod]
    public void Every_flipped_bit_is_noticed_or_changes_nothing()
    {
        byte[] golden = GoldenWithDigest();
        int unnoticed = 0;
        for (int bit = 0; bit < 8 * golden.Length; bit++)
        {
            byte[] damaged = [.. golden];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                using SafetensorsContent content = Safetensors.Read(new MemoryStream(damaged), "damaged");
                CollectionAssert.AreEqual(GoldenData[..16], content.Tensors["b"].bytes.ToArray());
                CollectionAssert.AreEqual(GoldenData[16..24], content.Tensors["a"].bytes.ToArray());
                Assert.IsTrue(content.Tensors["é \""].item<bool>());
                unnoticed++;
            }
            catch (InvalidDataException exception)
            {
                Assert.Contains("damaged", exception.Message);
            }
        }
        // Those of the name of the digest, without which a stream is one of another writer, and the case of its digits.
        Assert.IsLessThan(8 * (SafetensorsHeader.DigestName.Length + 64), unnoticed);
    }

    [TestMethod]
    public void A_changed_stream_says_what_to_do()
    {
        byte[] changed = GoldenWithDigest();
        changed[^9]++;
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new Trickle(changed), "w.safetensors")).Message;
        foreach (string word in (string[])["w.safetensors is damaged", "SHA-256", "remove that metadata"])
            Assert.Contains(word, message);
        using Tensor one = ones(1);
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(
            Stream.Null, [new("a", one)], new Dictionary<string, string> { [SafetensorsHeader.DigestName] = "mine" }));
    }

    [TestMethod]
    public void A_stream_of_unknown_length_is_not_believed()
    {
        // A terabyte, of which eight bytes come.
        byte[] huge = Framed("""{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}""", new byte[8]);
        long before = GC.GetTotalAllocatedBytes();
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new Trickle(huge), "huge")).Message;
        Assert.Contains("huge is truncated", message);
        Assert.IsLessThan(1L << 28, GC.GetTotalAllocatedBytes() - before);
    }

    [TestMethod]
    public void A_large_tensor_comes_through_a_stream_that_cannot_seek()
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor large = arange(20_000_000, dtype: ScalarType.Int32);
        using var stream = new MemoryStream();
        Safetensors.Write(stream, [new("large", large)]);
        using SafetensorsContent content = Safetensors.Read(new Pipe(stream.ToArray()), "pipe");
        Assert.IsTrue(content.Tensors["large"].Equals(large));
    }

    [TestMethod]
    public void Reads_the_bytes_of_the_reference_implementation_and_no_further()
    {
        using var stream = new Trickle([.. Golden(), 42]);
        using SafetensorsContent content = Safetensors.Read(stream, "golden");
        Assert.AreEqual("pt", content.Metadata["format"]);
        Assert.HasCount(3, content.Tensors);
        CollectionAssert.AreEqual(new[] { 1L, -2L }, content.Tensors["b"].data<long>().ToArray());
        CollectionAssert.AreEqual(new[] { 1.5f, -2f }, content.Tensors["a"].data<float>().ToArray());
        CollectionAssert.AreEqual(new[] { 2L, 1L }, content.Tensors["a"].shape);
        Assert.IsTrue(content.Tensors["é \""].item<bool>());
        Assert.AreEqual(42, stream.ReadByte());
    }

    [TestMethod]
    public void Every_type_comes_back_bit_for_bit()
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor numbers = tensor(new[] { 0.1f, -3f, 100f, 7f, 1e-3f, 2f }).view(2, 3);
        ScalarType[] types =
        [
            ScalarType.Bool, ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64,
            ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64,
        ];
        Dictionary<string, Tensor> tensors = types.ToDictionary(t => t.ToString(), t => (t == ScalarType.Byte ? numbers.abs() : numbers).to(t));
        tensors.Add("transposed", numbers.t());
        tensors.Add("empty", empty(0, 4));
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors);
        stream.Position = 0;
        using SafetensorsContent content = Safetensors.Read(stream, "types");
        Assert.HasCount(tensors.Count, content.Tensors);
        foreach ((string? name, Tensor? expected) in tensors)
        {
            Tensor found = content.Tensors[name];
            Assert.AreEqual(expected.dtype, found.dtype, name);
            CollectionAssert.AreEqual(expected.shape, found.shape, name);
            CollectionAssert.AreEqual(expected.contiguous().bytes.ToArray(), found.bytes.ToArray(), name);
        }
    }

    [TestMethod]
    public void Tensors_of_a_content_survive_scopes_and_die_with_it()
    {
        long before = LiveTensors.Count();
        SafetensorsContent content;
        using (NewDisposeScope())
            content = Safetensors.Read(new MemoryStream(Golden()), "golden");
        Assert.AreEqual(1L, content.Tensors["b"].data<long>()[0]);
        content.Dispose();
        Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new Trickle(Golden()[..^1]), "short"));
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Copies_into_tensors_that_fit_and_lists_all_that_do_not()
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        using SafetensorsContent content = Safetensors.Read(new MemoryStream(Golden()), "golden");
        var targets = new Dictionary<string, Tensor> { ["b"] = zeros(2, ScalarType.Int64), ["a"] = zeros(2), ["c"] = zeros(1) };
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => content.CopyTo(targets));
        StringAssert.Contains(error.Message, "golden");
        StringAssert.Contains(error.Message, "tensor 'a' is F32 [2, 1], expected F32 [2]");
        StringAssert.Contains(error.Message, "tensor 'c' is missing");
        StringAssert.Contains(error.Message, "tensor 'é \"' was not expected");
        Assert.AreEqual(0L, targets["b"].sum().item<long>(), "nothing is copied unless everything fits");

        targets = new() { [""] = zeros(2, ScalarType.Int64) };
        content.CopyTo(targets, "b");
        Assert.AreEqual(-2L, targets[""][1].item<long>());
    }

    [TestMethod]
    public void Every_cut_of_a_stream_is_reported_as_truncated()
    {
        byte[] golden = Golden();
        for (int length = 0; length < golden.Length; length++)
        {
            foreach (Stream stream in new Stream[] { new MemoryStream(golden, 0, length), new Trickle(golden[..length]) })
            {
                InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(stream, "cut.safetensors"));
                StringAssert.Contains(error.Message, "cut.safetensors is truncated", $"{length} bytes");
            }
        }
    }

    [TestMethod]
    [DataRow("[]", "is a JSON Array")]
    [DataRow("{nonsense", "is not JSON")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", "'a' twice")]
    [DataRow("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", "'a' has dtype 'F31', expected one of BOOL")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "takes 8 bytes, found data_offsets [0, 4], 4 bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "'a' has shape [-1], expected whole numbers")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "'a' has shape [1.5], expected whole numbers")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at byte 4, expected 0")]
    [DataRow("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""",
        "byte 2, expected 4")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "expected a start and an end")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,4]}}""", "is too large")]
    [DataRow("""{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}""", "is too large")]
    [DataRow("""{"a":{"dtype":"F32","shape":[0,2147483648,8589934592],"data_offsets":[0,0]}}""", "is too large")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904,0],"data_offsets":[0,0]}}""", "is too large")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"dtype":"I32"}}""", "'a' has 'dtype' twice")]
    [DataRow("""{"a\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "text that is not Unicode")]
    [DataRow("""{"__metadata__":{"format":"\udc00"}}""", "text that is not Unicode")]
    [DataRow("""{"a":{"dtype":"\ud800","shape":[1],"data_offsets":[0,4]}}""", "text that is not Unicode")]
    [DataRow("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", "'a' has no array 'shape'")]
    [DataRow("""{"a":7}""", "'a' is described by a JSON Number")]
    [DataRow("""{"__metadata__":{"format":1}}""", "metadata 'format' is a JSON Number")]
    public void A_wrong_header_is_refused(string header, string expected)
    {
        var stream = new MemoryStream(Framed(header, new byte[8]));
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(stream, "bad.safetensors"));
        StringAssert.StartsWith(error.Message, "bad.safetensors is not a safetensors stream: ");
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void Long_headers_give_short_messages()
    {
        string sizes = string.Join(',', Enumerable.Repeat(1, 5000)), name = new('n', 5000);
        foreach (string header in (string[])[
            $$$"""{"a":{"dtype":"F32","shape":[{{{sizes}}}],"data_offsets":[0,4]}}""",
            $$$"""{"{{{name}}}":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"""])
        {
            string message = Assert.ThrowsExactly<InvalidDataException>(
                () => Safetensors.Read(new MemoryStream(Framed(header, new byte[8])), "long")).Message;
            Assert.IsLessThan(1200, message.Length);
        }
    }

    [TestMethod]
    public void A_foreign_file_is_refused()
    {
        byte[] zip = new byte[100];
        "PK\u0003\u0004\u0014\0\0\0"u8.CopyTo(zip);
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new MemoryStream(zip), "model.zip"));
        StringAssert.Contains(error.Message, "model.zip");
        zip.AsSpan(0, 8).Fill(0xFF);
        error = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new MemoryStream(zip), "noise"));
        StringAssert.Contains(error.Message, "header would be 18446744073709551615 bytes long");
    }

    [TestMethod]
    public void Names_and_types_that_cannot_be_written_are_refused()
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor one = ones(1);
        KeyValuePair<string, Tensor>[] twice = [new("a", one), new("a", one)];
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(Stream.Null, twice));
        KeyValuePair<string, Tensor>[] reserved = [new("__metadata__", one)];
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(Stream.Null, reserved));
        KeyValuePair<string, Tensor>[] complex = [new("z", one.to(ScalarType.ComplexFloat32))];
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(Stream.Null, complex));
        StringAssert.Contains(error.Message, "ComplexFloat32");
    }

    [TestMethod]
    public void A_file_is_replaced_whole_or_not_at_all()
    {
        string folder = Directory.CreateTempSubdirectory("vqvae-test-").FullName;
        try
        {
            using TorchSharp.DisposeScope scope = NewDisposeScope();
            string path = Path.Combine(folder, "weights.safetensors");
            Safetensors.WriteFile(path, [new("a", ones(1))]);
            byte[] bytes = File.ReadAllBytes(path);
            Assert.ThrowsExactly<ArgumentException>(() => Safetensors.WriteFile(path, [new("a", ones(1)), new("a", ones(1))]));
            CollectionAssert.AreEqual(bytes, File.ReadAllBytes(path));
            CollectionAssert.AreEqual(new[] { path }, Directory.GetFiles(folder));

            File.WriteAllBytes(path, [.. bytes, 0, 0]);
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.ReadFile(path)).Message, "2 bytes after its last tensor");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static byte[] Golden() => Framed(GoldenHeader.Replace('\'', '"').Replace("`", "\\\"", StringComparison.Ordinal), GoldenData);

    static byte[] GoldenWithDigest()
    {
        string header = GoldenHeader.Replace("'pt'", $"'pt','{SafetensorsHeader.DigestName}':'{GoldenDigest}'", StringComparison.Ordinal);
        return Framed(header.Replace('\'', '"').Replace("`", "\\\"", StringComparison.Ordinal), GoldenData);
    }

    static byte[] Framed(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        int length = (text.Length + 7) / 8 * 8;
        byte[] bytes = new byte[8 + length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        bytes.AsSpan(8, length).Fill((byte)' ');
        text.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + length);
        return bytes;
    }

    /// <summary>A stream that cannot seek and gives few bytes at a time, as a compressed entry of a model file does.</summary>
    sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 3));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 3)]);
    }

    /// <summary>A stream that cannot seek.</summary>
    sealed class Pipe(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

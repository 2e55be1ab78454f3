using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Models come back from files as they were, in any process; files that are damaged say so.</summary>
[TestClass]
public class ModelFileTests
{
    readonly MLContext _ml = new(seed: 1);
    string _folder = "";

    string ModelPath => Path.Combine(_folder, "model.zip");

    [TestInitialize]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("vqvae").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void A_loaded_model_has_the_same_schema_and_the_same_values()
    {
        IDataView data = Tiny.Data(_ml, 20);
        using ImageVqVaeTransformer transformer = Tiny.Untrained(codesPerPosition: 2);
        using ImageVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
        var chain = new TransformerChain<ITransformer>(transformer, decoder);
        _ml.Model.Save(chain, data.Schema, ModelPath);

        ITransformer loaded = new MLContext().Model.Load(ModelPath, out DataViewSchema inputSchema);
        using IDisposable? owner = loaded as IDisposable;
        Assert.AreEqual(data.Schema["Pixels"].Type, inputSchema["Pixels"].Type);
        IDataView expected = chain.Transform(data), actual = loaded.Transform(data);
        CollectionAssert.AreEqual(
            expected.Schema.Select(column => $"{column}").ToArray(), actual.Schema.Select(column => $"{column}").ToArray());
        Values.AreEqual(Values.Read(expected), Values.Read(actual));
        Values.AreEqual(Values.ReadByMapper(chain, data), Values.ReadByMapper(loaded, data));
        var encoder = (ImageVqVaeTransformer)((IEnumerable<ITransformer>)loaded).First();
        Assert.AreEqual(transformer.CodeGrid, encoder.CodeGrid);
        Assert.IsNull(encoder.TrainingSummary);
    }

    [TestMethod]
    public void A_transformer_alone_is_saved_and_loaded_too()
    {
        IDataView data = Tiny.Data(_ml, 5);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        _ml.Model.Save(transformer, null, ModelPath);
        ITransformer loaded = _ml.Model.Load(ModelPath, out _);
        using IDisposable? owner = loaded as IDisposable;
        Values.AreEqual(Values.Read(transformer.Transform(data)), Values.Read(loaded.Transform(data)));
    }

    [TestMethod]
    public void Another_process_loads_it_without_knowing_the_library()
    {
        Tiny.Row[] rows = Tiny.Rows(12);
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        _ml.Model.Save(transformer, data.Schema, ModelPath);
        string pixels = Path.Combine(_folder, "pixels.bin"), answers = Path.Combine(_folder, "codes.txt");
        File.WriteAllBytes(pixels, MemoryMarshal.AsBytes<float>(rows.SelectMany(row => row.Pixels).ToArray()).ToArray());

        LoaderProcess.Run([ModelPath, pixels, answers]);

        string[] expected = [.. Values.Read(transformer.Transform(data), "Codes").Select(row => string.Join(' ', (uint[])row[0]))];
        CollectionAssert.AreEqual(expected, File.ReadAllLines(answers));
    }

    [TestMethod]
    public void The_weights_in_the_file_are_the_ones_that_SaveWeights_writes()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        _ml.Model.Save(transformer, null, ModelPath);
        string weights = Path.Combine(_folder, "weights.safetensors");
        transformer.SaveWeights(weights);
        using ZipArchive archive = ZipFile.OpenRead(ModelPath);
        using Stream stream = archive.Entries.Single(entry => entry.Name == ModelFile.WeightsName).Open();
        using var inside = new MemoryStream();
        stream.CopyTo(inside);
        CollectionAssert.AreEqual(File.ReadAllBytes(weights), inside.ToArray());
        using SafetensorsContent content = Safetensors.ReadFile(weights);
        Assert.Contains("quantizer.codebook", content.Tensors.Keys);
        Assert.Contains("encoder.down.0.weight", content.Tensors.Keys);
    }

    [TestMethod]
    public void Weights_are_exchanged_between_transformers_of_one_shape()
    {
        IDataView data = Tiny.Data(_ml, 20);
        string weights = Path.Combine(_folder, "weights.safetensors");
        using ImageVqVaeTransformer source = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(data);
        using ImageVqVaeTransformer target = Tiny.Untrained(columns: new EncoderColumns("Pixels", "Codes", null, false, null, null));
        source.SaveWeights(weights);
        target.LoadWeights(weights);
        Values.AreEqual(Values.Read(source.Transform(data), "Codes"), Values.Read(target.Transform(data), "Codes"));
    }

    [TestMethod]
    public void Weights_of_another_shape_are_refused_and_change_nothing()
    {
        IDataView data = Tiny.Data(_ml, 5);
        string weights = Path.Combine(_folder, "weights.safetensors");
        using ImageVqVaeTransformer source = Tiny.Untrained(codesPerPosition: 2);
        using ImageVqVaeTransformer target = Tiny.Untrained();
        List<object[]> before = Values.Read(target.Transform(data));
        source.SaveWeights(weights);
        InvalidDataException exception = Assert.ThrowsExactly<InvalidDataException>(() => target.LoadWeights(weights));
        Assert.Contains("'encoder.project.weight'", exception.Message);
        Assert.Contains("expected", exception.Message);
        Assert.Contains(weights, exception.Message);
        Values.AreEqual(before, Values.Read(target.Transform(data)));
        File.WriteAllText(weights, "no weights at all, but some text");
        Assert.Contains(weights, Assert.ThrowsExactly<InvalidDataException>(() => target.LoadWeights(weights)).Message);
    }

    [TestMethod]
    public void Damaged_files_are_refused_in_words()
    {
        using ImageVqVaeTransformer transformer = Tiny.Untrained();
        _ml.Model.Save(transformer, null, ModelPath);
        byte[] whole = File.ReadAllBytes(ModelPath);

        Damage(ModelFile.WeightsName, weights => weights[..(weights.Length - 100)], "truncated", "weights.safetensors");
        Damage(ModelFile.WeightsName, weights => [.. Enumerable.Repeat((byte)'?', weights.Length)], "weights.safetensors");
        Damage(ModelFile.WeightsName, null, "no stream 'weights.safetensors'");
        // The version stands behind the eight letters of the model's signature: written by, and readable by. Raise both.
        Damage("Model.key", key => Patch(key, "VQVAEIMG", [0, 0, 2, 0, 0, 0, 2, 0]), "too new");
        Damage("Model.key", key => Patch(key, "\"Downsamp", Encoding.Latin1.GetBytes("XXXX")), "description");

        File.WriteAllBytes(ModelPath, whole[..(whole.Length / 2)]);
        Assert.Throws<Exception>(() => _ml.Model.Load(ModelPath, out _));
        File.WriteAllText(ModelPath, "this is no model");
        Assert.Throws<Exception>(() => _ml.Model.Load(ModelPath, out _));

        void Damage(string name, Func<byte[], byte[]>? change, params string[] words)
        {
            File.WriteAllBytes(ModelPath, whole);
            using (ZipArchive archive = ZipFile.Open(ModelPath, ZipArchiveMode.Update))
            {
                ZipArchiveEntry entry = archive.Entries.Where(entry => entry.Name == name).MaxBy(entry => entry.FullName.Length)!;
                using var content = new MemoryStream();
                using (Stream stream = entry.Open())
                    stream.CopyTo(content);
                string fullName = entry.FullName;
                entry.Delete();
                if (change is not null)
                {
                    using Stream stream = archive.CreateEntry(fullName).Open();
                    stream.Write(change(content.ToArray()));
                }
            }
            Exception exception = Assert.Throws<Exception>(() => _ml.Model.Load(ModelPath, out _));
            foreach (string word in words)
                Assert.Contains(word, exception.ToString());
        }
    }

    static byte[] Patch(byte[] bytes, string after, byte[] replacement)
    {
        // Strings of the model lie in the file as UTF-16, the signature as plain bytes.
        foreach (Encoding encoding in (Encoding[])[Encoding.Latin1, Encoding.Unicode])
        {
            byte[] mark = encoding.GetBytes(after);
            int at = bytes.AsSpan().IndexOf(mark);
            if (at < 0)
                continue;
            replacement.CopyTo(bytes, at + mark.Length);
            return bytes;
        }
        throw new InvalidOperationException($"'{after}' is not in the file.");
    }
}

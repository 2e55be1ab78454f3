using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Shards;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Parquet;
using Parquet.Schema;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>The encode command: shards of the rows of a data set, each in a process of its own.</summary>
[TestClass]
public sealed class ShardEncodingTests : IDisposable
{
    const int Rows = 300;

    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes a data set, and a model of a codec and a prior with the default batch size.</summary>
    (string Data, string Model) Write(int rows = Rows)
    {
        IDataView data = Tiny.Data(_ml, rows);
        string dataFile = _folder.File("rows.idv"), modelFile = _folder.File("model.zip");
        using (FileStream stream = File.Create(dataFile))
            _ml.Data.SaveAsBinary(data, stream);
        using ImageVqVaeTransformer codec = Tiny.Untrained(batchSize: NetworkOptions.DefaultPredictionBatchSize);
        PriorOptions options = TinyCodes.Options(3);
        options.PredictionBatchSize = NetworkOptions.DefaultPredictionBatchSize;
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codec.Transform(data));
        _ml.Model.Save(new TransformerChain<ITransformer>(codec, prior), data.Schema, modelFile);
        return (dataFile, modelFile);
    }

    static Process Start(params string[] arguments)
    {
        string? host = Environment.ProcessPath;
        var start = new ProcessStartInfo(host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "Samples.dll"), "encode", .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    static string Finish(Process process, int exitCode)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.IsTrue(process.WaitForExit(TimeSpan.FromMinutes(2)), "The process hangs.");
        Assert.AreEqual(exitCode, process.ExitCode, output.Result + error.Result);
        return output.Result + error.Result;
    }

    [TestMethod]
    [DataRow(".idv")]
    [DataRow(".parquet")]
    public void Shards_of_two_processes_are_one_pass_bit_for_bit(string extension)
    {
        (string data, string model) = Write();
        string[] Common(string shard, string name) =>
            ["--model", model, "--data", data, "--score", "--shard", shard, "--out", _folder.File(name + extension)];
        using Process first = Start(Common("1/2", "first")), second = Start(Common("2/2", "second"));
        Assert.Contains("Shard 1/2, 128 of 300 rows from row 0:", Finish(first, 0));
        Assert.Contains("Shard 2/2, 172 of 300 rows from row 128:", Finish(second, 0));
        using Process whole = Start(Common("1/1", "whole"));
        Finish(whole, 0);
        List<object[]> parts = [.. Read("first"), .. Read("second")], all = Read("whole");
        Assert.HasCount(Rows, all);
        Values.AreEqual(all, parts);

        // What ML.NET computes in this process.
        ITransformer loaded = _ml.Model.Load(model, out _);
        using (loaded as IDisposable)
        {
            List<object[]> expected = Values.Read(loaded.Transform(_ml.Data.LoadFromBinary(data)), "Codes", "Bits");
            for (int row = 0; row < Rows; row++)
            {
                CollectionAssert.AreEqual(Array.ConvertAll((uint[])expected[row][0], key => (int)key - 1), (int[])all[row][0]);
                Assert.AreEqual((float)expected[row][1], (float)all[row][1], 1e-3);
            }
        }

        List<object[]> Read(string name) =>
            extension == ".idv" ? ReadBinary(_folder.File(name + extension)) : ReadParquet(_folder.File(name + extension));
    }

    // Codes from 0, and scores.
    List<object[]> ReadBinary(string path)
    {
        IDataView view = _ml.Data.LoadFromBinary(path);
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(byte), Tiny.Codes), 4, 4, 1), view.Schema["Codes"].Type);
        // As the documentation says how a decoder takes them.
        IDataView keys = _ml.Transforms.Conversion.ConvertType("Codes", "Codes", DataKind.UInt32).Fit(view).Transform(view);
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels");
        Assert.HasCount((int)view.GetRowCount()!, Values.Read(decoder.Transform(keys), "Pixels"));
        return [.. Values.Read(keys, "Codes", "Bits").Select(row =>
            (object[])[Array.ConvertAll((uint[])row[0], key => (int)key - 1), row[1]])];
    }

    static List<object[]> ReadParquet(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return ReadAsync().GetAwaiter().GetResult();

        async Task<List<object[]>> ReadAsync()
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
            DataField[] fields = reader.Schema.GetDataFields();
            CollectionAssert.AreEqual((string[])["row", "codes/list/element", "score"], fields.Select(field => field.Path.ToString()).ToArray());
            Assert.AreEqual(typeof(byte), fields[1].ClrType);
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
            int rows = (int)group.RowCount;
            (long[] numbers, byte[] codes, float[] scores) = (new long[rows], new byte[rows * 16], new float[rows]);
            await group.ReadAsync<long>(fields[0], numbers);
            (int[] definitions, int[] repetitions) = (new int[rows * 16], new int[rows * 16]);
            await group.ReadRawAsync<byte>(fields[1], codes, definitions, repetitions);
            Assert.IsTrue(definitions.All(level => level == fields[1].MaxDefinitionLevel));
            CollectionAssert.AreEqual(Enumerable.Range(0, rows * 16).Select(i => i % 16 == 0 ? 0 : 1).ToArray(), repetitions);
            await group.ReadAsync<float>(fields[2], scores);
            CollectionAssert.AreEqual(Enumerable.Range(0, rows).Select(row => numbers[0] + row).ToArray(), numbers);
            return [.. Enumerable.Range(0, rows).Select(row =>
                (object[])[Array.ConvertAll(codes[(row * 16)..(row * 16 + 16)], code => (int)code), scores[row]])];
        }
    }

    [TestMethod]
    public void A_finished_shard_is_kept_and_a_broken_one_redone()
    {
        (string data, string model) = Write(100);
        string file = _folder.File("shard.parquet");
        var settings = new EncodeSettings { ModelFile = model, Data = data, Shard = new(1, 2), OutputFile = file };
        string Run() => ShardEncoding.Run(settings, CancellationToken.None);
        Assert.EndsWith($"written to '{file}'", Run());
        byte[] bytes = File.ReadAllBytes(file);
        File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.EndsWith("is complete and was kept", Run());
        Assert.AreEqual(2020, File.GetLastWriteTimeUtc(file).Year);

        // Cut off, altered, and with a broken record.
        File.WriteAllBytes(file, bytes[..^5]);
        Redone();
        byte[] altered = [.. bytes];
        altered[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, altered);
        Redone();
        File.WriteAllText(file + ".json", "{");
        Redone();
        // Other data of as many rows.
        string other = _folder.File("other.idv");
        File.Copy(data, other);
        settings = settings with { Data = other };
        Redone();
        Assert.IsEmpty(Directory.GetFiles(Path.GetDirectoryName(file)!, "*.tmp"));

        void Redone()
        {
            Assert.EndsWith($"written to '{file}'", Run());
            CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file));
            Assert.EndsWith("is complete and was kept", Run());
        }
    }

    [TestMethod]
    public void A_file_that_is_not_of_the_shard_is_not_replaced()
    {
        (string data, string model) = Write(100);
        string file = _folder.File("shard.parquet");
        var settings = new EncodeSettings { ModelFile = model, Data = data, Shard = new(1, 2), OutputFile = file };
        string Refused(EncodeSettings other) =>
            Assert.ThrowsExactly<DataSetException>(() => ShardEncoding.Run(other, CancellationToken.None)).Message;
        ShardEncoding.Run(settings, CancellationToken.None);
        byte[] bytes = File.ReadAllBytes(file), record = File.ReadAllBytes(file + ".json");
        string message = Refused(settings with { Shard = new(2, 2) });
        Assert.Contains("is of shard 1/2", message);
        Assert.Contains("this is shard 2/2", message);
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file));
        CollectionAssert.AreEqual(record, File.ReadAllBytes(file + ".json"));

        // What encode has not written, or no longer knows.
        File.Delete(file + ".json");
        Assert.Contains("exists without the record", Refused(settings));
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file));
        // An interruption between the two files leaves a record without a file.
        File.WriteAllBytes(file + ".json", record);
        File.Delete(file);
        Assert.EndsWith($"written to '{file}'", ShardEncoding.Run(settings, CancellationToken.None));
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file));
    }

    [TestMethod]
    public void Two_shards_that_are_written_to_one_file_at_once_do_not_both_succeed()
    {
        string file = _folder.File("shard.parquet");
        var first = new ShardRecord("1/2", 4, 0, 2, "Codes", null, "");
        var second = new ShardRange(2, 2);
        ShardRecord.RefuseOthers(file, second);
        WholeFile.Write(file, stream => stream.WriteByte(1), written => first.Write(file, written));
        Assert.IsTrue(first.IsOf(file));
        Assert.ThrowsExactly<DataSetException>(() =>
            WholeFile.Write(file, stream => stream.WriteByte(2), _ => ShardRecord.RefuseOthers(file, second)));
        Assert.IsTrue(first.IsOf(file));
        Assert.IsEmpty(Directory.GetFiles(_folder.Path, "*.tmp"));
    }

    [TestMethod]
    public void Images_with_classes_come_before_images_beside_them_and_the_default_data_have_a_path()
    {
        (_, string model) = Write(10);
        string data = Directory.CreateDirectory(_folder.File("images")).FullName, output = _folder.File("a.parquet");
        var settings = new EncodeSettings { ModelFile = model, Data = data, OutputFile = output };
        string Run(EncodeSettings settings) => ShardEncoding.Run(settings, CancellationToken.None);
        string Refused() => Assert.ThrowsExactly<DataSetException>(() => Run(settings with { Test = true })).Message;
        new Canvas(8, 8).Save(Path.Combine(data, "preview.png"));
        Assert.Contains("has image files without subfolders, which has no test part", Refused());
        settings = settings with { Data = _folder.File("rows.idv") };
        Assert.Contains("is one file of rows, which has no test part", Refused());
        settings = settings with { Data = data };
        // Images of 8×8, which the model takes.
        foreach ((string part, byte count) in (IEnumerable<(string, byte)>)[("train", 3), ("t10k", 2)])
        {
            File.WriteAllBytes(Path.Combine(data, $"{part}-images-idx3-ubyte"),
                [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 8, 0, 0, 0, 8, .. Enumerable.Repeat((byte)7, 64 * count)]);
            File.WriteAllBytes(Path.Combine(data, $"{part}-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, count, .. new byte[count]]);
        }
        Assert.Contains("3 of 3 rows", Run(settings));
        Assert.Contains("2 of 2 rows", Run(settings with { Test = true }));

        // The record says what the default data are.
        string? known = Environment.GetEnvironmentVariable(IdxImages.FolderVariable);
        try
        {
            Environment.SetEnvironmentVariable(IdxImages.FolderVariable, data);
            Assert.EndsWith($"written to '{output}'", Run(settings with { Data = null }));
            Assert.EndsWith("is complete and was kept", Run(settings));
            string other = Directory.CreateDirectory(_folder.File("other")).FullName;
            foreach (string path in Directory.GetFiles(data))
                File.Copy(path, Path.Combine(other, Path.GetFileName(path)));
            Environment.SetEnvironmentVariable(IdxImages.FolderVariable, other);
            Assert.EndsWith($"written to '{output}'", Run(settings with { Data = null }));
        }
        finally
        {
            Environment.SetEnvironmentVariable(IdxImages.FolderVariable, known);
        }
    }

    [TestMethod]
    public void A_row_without_codes_is_an_empty_list()
    {
        uint[][] rows = [[1, 2], [], [3], []];
        using var stream = new MemoryStream();
        CodesFile.WriteParquet(
            _ml.Data.LoadFromEnumerable(rows.Select(row => new Sound { Codes = row })), firstRow: 5, "Codes", score: null, stream, default);
        stream.Position = 0;
        CheckAsync().GetAwaiter().GetResult();

        async Task CheckAsync()
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
            DataField[] fields = reader.Schema.GetDataFields();
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
            long[] numbers = new long[group.RowCount];
            await group.ReadAsync<long>(fields[0], numbers);
            CollectionAssert.AreEqual(new long[] { 5, 6, 7, 8 }, numbers);
            (byte[] codes, int[] definitions, int[] repetitions) = (new byte[5], new int[5], new int[5]);
            await group.ReadRawAsync<byte>(fields[1], codes, definitions, repetitions);
            CollectionAssert.AreEqual(new byte[] { 0, 1, 2 }, codes[..3]);
            int there = fields[1].MaxDefinitionLevel;
            CollectionAssert.AreEqual(new[] { there, there, there - 1, there, there - 1 }, definitions);
            CollectionAssert.AreEqual(new[] { 0, 1, 0, 0, 0 }, repetitions);
        }
    }

    sealed class Sound
    {
        [KeyType(4)]
        public uint[] Codes { get; set; } = [];
    }

    [TestMethod]
    [DataRow(".parquet")]
    [DataRow(".idv")]
    public void An_interrupted_shard_leaves_no_file(string extension)
    {
        (string data, string model) = Write(100);
        string file = _folder.File("shard" + extension);
        Assert.Throws<OperationCanceledException>(() => ShardEncoding.Run(
            new EncodeSettings { ModelFile = model, Data = data, OutputFile = file }, new CancellationToken(canceled: true)));
        Assert.IsEmpty(Directory.GetFiles(Path.GetDirectoryName(file)!, "shard*"));
    }

    [TestMethod]
    [DataRow(1000L, 7)]
    [DataRow(64L, 3)]
    [DataRow(0L, 2)]
    [DataRow(6_000_000_000_000L, 1000)]
    public void Shards_follow_one_another_from_the_first_row_to_the_last(long rows, int count)
    {
        long next = 0;
        for (int number = 1; number <= count; number++)
        {
            (long first, long ofShard) = new ShardRange(number, count).Of(rows);
            Assert.AreEqual(next, first);
            Assert.IsTrue(ofShard >= 0 && (first % ShardRange.RowsOfBatch == 0 || first == rows));
            next += ofShard;
        }
        Assert.AreEqual(rows, next);
    }

    [TestMethod]
    public void A_shard_without_rows_is_an_empty_file()
    {
        (string data, string model) = Write(50);
        foreach (string name in (string[])["empty.idv", "empty.parquet"])
        {
            string line = ShardEncoding.Run(
                new EncodeSettings { ModelFile = model, Data = data, Shard = new(1, 2), OutputFile = _folder.File(name) }, CancellationToken.None);
            Assert.Contains("0 of 50 rows", line);
        }
        Assert.AreEqual(0, _ml.Data.LoadFromBinary(_folder.File("empty.idv")).GetRowCount());
    }

    [TestMethod]
    public void What_is_wrong_is_named()
    {
        (string data, string model) = Write(10);
        string Parsed(string shard) => Assert.ThrowsExactly<DataSetException>(() => ShardRange.Parse(shard)).Message;
        Assert.Contains("'0/4', which is out of range: shards are numbered from 1 to their number, 1/4 to 4/4", Parsed("0/4"));
        Assert.Contains("'5/4', which is out of range", Parsed("5/4"));
        Assert.Contains("'1/0', which is out of range", Parsed("1/0"));
        Assert.Contains("expected is the number of the shard and of all shards, as in 3/8", Parsed("3"));
        Assert.AreEqual(new ShardRange(3, 8), ShardRange.Parse("3/8"));
        using Process outOfRange = Start("--model", model, "--data", data, "--shard", "3/2", "--out", _folder.File("a.parquet"));
        Assert.Contains("error: --shard is '3/2', which is out of range", Finish(outOfRange, 1));

        string Complaint(EncodeSettings settings) =>
            Assert.ThrowsExactly<DataSetException>(() => ShardEncoding.Run(settings, CancellationToken.None)).Message;
        var valid = new EncodeSettings { ModelFile = model, Data = data, OutputFile = _folder.File("a.parquet") };
        Assert.Contains("expected is .parquet (Parquet) or .idv (ML.NET binary)", Complaint(valid with { OutputFile = "a.csv" }));
        Assert.Contains("'none.zip', given as --model, does not exist", Complaint(valid with { ModelFile = "none.zip" }));
        Assert.Contains("'no-folder', given as --data, does not exist", Complaint(valid with { Data = "no-folder" }));
        string picture = _folder.Write("photo.png", "no data view"u8.ToArray());
        Assert.Contains($"'{picture}', given as --data, is no file that SaveAsBinary", Complaint(valid with { Data = picture }));
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = Tiny.Data(_ml, 3);
        _ml.Model.Save(codec, rows.Schema, _folder.File("codec.zip"));
        Assert.Contains("holds no prior and no detector of anomalies",
            Complaint(valid with { ModelFile = _folder.File("codec.zip"), Score = true }));
        _ml.Model.Save(_ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows), rows.Schema, _folder.File("label.zip"));
        Assert.Contains("holds no codec", Complaint(valid with { ModelFile = _folder.File("label.zip") }));
    }
}

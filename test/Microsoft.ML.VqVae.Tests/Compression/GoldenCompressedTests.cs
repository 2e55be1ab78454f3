using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>Compressed files in test/golden/compressed, written with version 1 of the format on one machine: on any machine they give the
/// codes that were compressed, of the rows and with the priors in test/golden/models. The files stay as they are.</summary>
[TestClass]
public sealed class GoldenCompressedTests
{
    /// <summary>Set to 1, files that are missing are written: for a later version of the format, under other names.</summary>
    const string Write = "VQVAE_WRITE_COMPRESSED";

    const int RowsPerBlock = 2;

    public static IEnumerable<object[]> Priors => Directory.GetFiles(OlderModelFilesTests.Folder, "prior-*.zip")
        .Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal).Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Priors))]
    public void A_compressed_file_gives_the_codes_that_were_compressed(string name)
    {
        var ml = new MLContext();
        using var prior = (PriorTransformer)ml.Model.Load(Path.Combine(OlderModelFilesTests.Folder, name + ".zip"), out _);
        using var compressor = new CodeCompressor(prior, RowsPerBlock);
        IDataView rows = RecordedModel.Read(Path.Combine(OlderModelFilesTests.Folder, name + ".json")).Inputs
            .ToView(ml, OlderModelFilesTests.Folder);
        string path = Path.Combine(Repository.Root, "test", "golden", "compressed", name + ".vqc");
        if (Environment.GetEnvironmentVariable(Write) == "1" && !File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using FileStream created = File.Create(path);
            compressor.Compress(rows, created);
        }
        using FileStream file = File.OpenRead(path);
        string[] columns = prior.ConditionColumnName is string condition ? [prior.CodesColumnName, condition] : [prior.CodesColumnName];
        List<object[]> expected = Values.Read(rows, columns);
        Assert.IsGreaterThan(RowsPerBlock, expected.Count);
        Values.AreEqual(expected, Values.Read(compressor.Decompress(ml, file), columns));
        Assert.AreEqual(file.Length, file.Position);
    }
}

using System.Security.Cryptography;
using System.Text.Json;

namespace Microsoft.ML.VqVae.Samples.Shards;

/// <summary>The record of a finished shard, in a JSON file beside it: what it was made of, and a digest of its bytes.</summary>
/// <param name="Shard">The shard, as in 3/8.</param>
/// <param name="TotalRows">Number of rows of all shards.</param>
/// <param name="FirstRow">The first row, from 0.</param>
/// <param name="Rows">Number of rows of the shard.</param>
/// <param name="CodesColumn">The column of codes.</param>
/// <param name="ScoreColumn">The column of scores, or null.</param>
/// <param name="ModelSha256">The SHA-256 of the model file.</param>
/// <param name="Data">The path of the data that was opened, also where it is the default; null in records of older versions.</param>
/// <param name="IsTest">Whether the rows are those of the test part.</param>
/// <param name="FileBytes">The size of the file.</param>
/// <param name="FileSha256">The SHA-256 of the file.</param>
internal sealed record ShardRecord(
    string Shard, long TotalRows, long FirstRow, long Rows, string CodesColumn, string? ScoreColumn, string ModelSha256,
    string? Data = null, bool IsTest = false, long FileBytes = 0, string FileSha256 = "")
{
    static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static string PathOf(string file) => file + ".json";

    /// <summary>Whether the file is that of this record, to the last byte: not of another model or other data, cut off
    /// or altered.</summary>
    public bool IsOf(string file) => File.Exists(file) && Found(file) is ShardRecord found
        && this with { FileBytes = found.FileBytes, FileSha256 = found.FileSha256 } == found
        && new FileInfo(file).Length == found.FileBytes && DigestOf(file) == found.FileSha256;

    /// <summary>Refuses to replace what a shard has not written: a file of another shard, or one without a record.</summary>
    /// <exception cref="DataSetException">The file is not of this shard.</exception>
    public static void RefuseOthers(string file, ShardRange shard)
    {
        if (File.Exists(file) && !File.Exists(PathOf(file)))
        {
            throw new DataSetException($"'{file}', given as --out, exists without the record '{PathOf(file)}' that encode writes beside its "
                + "files: it would be replaced. Remove it, or give another --out.");
        }
        if (Found(file) is ShardRecord found && found.Shard != shard.ToString())
        {
            throw new DataSetException($"'{file}', given as --out, is of shard {found.Shard}, as its record '{PathOf(file)}' says; this is "
                + $"shard {shard}, which would replace it. Give each shard an --out of its own, or remove both files.");
        }
    }

    /// <summary>Writes the record of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="written">Where its complete content is, if it does not have its name yet.</param>
    public void Write(string file, string written)
    {
        ShardRecord finished = this with { FileBytes = new FileInfo(written).Length, FileSha256 = DigestOf(written) };
        WholeFile.Write(PathOf(file), stream => JsonSerializer.Serialize(stream, finished, Format));
    }

    /// <summary>The record beside a file; null if there is none, or a broken one.</summary>
    static ShardRecord? Found(string file)
    {
        try
        {
            return File.Exists(PathOf(file)) ? JsonSerializer.Deserialize<ShardRecord>(File.ReadAllText(PathOf(file)), Format) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string DigestOf(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

/// <summary>Writes files whole or not at all: under a temporary name first, which the finished file then gives up.</summary>
internal static class WholeFile
{
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="beforeNamed">Receives the path of the finished file before it gets its name; null for none.</param>
    public static void Write(string path, Action<Stream> write, Action<string>? beforeNamed = null)
    {
        string target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        // Two processes may write the same shard; the last one that ends wins.
        string temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            beforeNamed?.Invoke(temporary);
            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>Changes parts of a model file as a program could that writes such files: the checksums of the archive are right.</summary>
internal static class ModelArchive
{
    public const string KeyName = "Model.key";

    // Places in the header of ML.NET's model format (ModelHeader).
    const int StringTable = 0x20, StringChars = 0x30, StringCharsSize = 0x38, Tail = 0x80, Limit = 0x88, AssemblyName = 0x90;

    /// <summary>The content of an entry; of several with this name, that of the innermost folder.</summary>
    public static byte[] Read(byte[] model, string name)
    {
        using var archive = new ZipArchive(new MemoryStream(model));
        using Stream stream = Find(archive, name).Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>The names of the entries without folders.</summary>
    public static string[] Names(byte[] model)
    {
        using var archive = new ZipArchive(new MemoryStream(model));
        return [.. archive.Entries.Select(entry => entry.Name)];
    }

    /// <summary>The model with another content of an entry; without the entry where that is null.</summary>
    public static byte[] Replace(byte[] model, string name, byte[]? content)
    {
        var stream = new MemoryStream();
        stream.Write(model);
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            ZipArchiveEntry entry = Find(archive, name);
            string fullName = entry.FullName;
            entry.Delete();
            if (content is not null)
            {
                using Stream written = archive.CreateEntry(fullName).Open();
                written.Write(content);
            }
        }
        return stream.ToArray();
    }

    /// <summary>The JSON text of the model, without its digest.</summary>
    public static string ReadDescription(byte[] model)
    {
        string text = ReadText(Read(model, KeyName));
        int digest = text.LastIndexOf(",\"Sha256\":", StringComparison.Ordinal);
        return digest < 0 ? text : text[..digest] + "}";
    }

    /// <summary>The model with another JSON text, whose digest is added unless it is to be left out.</summary>
    public static byte[] ReplaceDescription(byte[] model, string text, bool withDigest = true)
    {
        byte[] key = Read(model, KeyName);
        string written = withDigest ? ModelFile.WithDigest(text) : text;
        // Character by character: a lone surrogate is written as it is.
        byte[] characters = [.. written.SelectMany(character => BitConverter.GetBytes(character))];
        (int start, int length) = ((int)Number(key, StringChars), (int)Number(key, StringCharsSize));
        byte[] changed = [.. key[..start], .. characters, .. key[(start + length)..]];
        foreach (int place in (int[])[Tail, Limit, AssemblyName])
            BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(place), Number(key, place) + characters.Length - length);
        BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(StringCharsSize), characters.Length);
        BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan((int)Number(key, StringTable)), characters.Length);
        return Replace(model, KeyName, changed);
    }

    static string ReadText(byte[] key) =>
        Encoding.Unicode.GetString(key, (int)Number(key, StringChars), (int)Number(key, StringCharsSize));

    static long Number(byte[] key, int place) => BinaryPrimitives.ReadInt64LittleEndian(key.AsSpan(place));

    static ZipArchiveEntry Find(ZipArchive archive, string name) =>
        archive.Entries.Where(entry => entry.Name == name).MaxBy(entry => entry.FullName.Length)!;
}

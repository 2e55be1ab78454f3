using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>
/// The 256 bytes in front of a model: where model, strings and the name of the loader's assembly lie, counted from the header's first byte.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct ModelHeader
{
    public const int Size = 0x100;
    private const ulong HeadMark = 0x4C45444F4D004C4D;
    private const ulong TailMark = 0x4D4C004D4F44454C;
    private const uint Version = 0x00010002;
    private const int LoaderSignatureLength = 24;

    [FieldOffset(0x00)] public ulong Mark;
    [FieldOffset(0x08)] public uint Written;
    [FieldOffset(0x0C)] public uint Readable;
    [FieldOffset(0x10)] public long FpModel;
    [FieldOffset(0x18)] public long CbModel;
    [FieldOffset(0x20)] public long FpStringTable;
    [FieldOffset(0x28)] public long CbStringTable;
    [FieldOffset(0x30)] public long FpStringChars;
    [FieldOffset(0x38)] public long CbStringChars;
    [FieldOffset(0x40)] public ulong ModelSignature;
    [FieldOffset(0x48)] public uint ModelVerWritten;
    [FieldOffset(0x4C)] public uint ModelVerReadable;
    [FieldOffset(0x50)] public fixed byte LoaderSignature[LoaderSignatureLength];
    [FieldOffset(0x80)] public long FpTail;
    [FieldOffset(0x88)] public long FpLim;
    [FieldOffset(0x90)] public long FpAssemblyName;
    [FieldOffset(0x98)] public uint CbAssemblyName;

    public void SetVersionInfo(VersionInfo version)
    {
        ModelSignature = version.ModelSignature;
        ModelVerWritten = version.VerWrittenCur;
        ModelVerReadable = version.VerReadableCur;
        string signature = version.LoaderSignature ?? "";
        Contracts.Check(signature.Length <= LoaderSignatureLength);
        for (int i = 0; i < LoaderSignatureLength; i++)
            LoaderSignature[i] = i < signature.Length ? checked((byte)signature[i]) : (byte)0;
    }

    public readonly string GetLoaderSignature()
    {
        var text = new StringBuilder();
        for (int i = 0; i < LoaderSignatureLength && LoaderSignature[i] != 0; i++)
            text.Append((char)LoaderSignature[i]);
        return text.ToString();
    }

    public readonly void CheckVersionInfo(VersionInfo expected)
    {
        Contracts.CheckDecode(ModelSignature == expected.ModelSignature, "Unknown file type");
        Contracts.CheckDecode(ModelVerReadable <= ModelVerWritten, "Corrupt file header");
        bool tooNew = ModelVerReadable > expected.VerWrittenCur;
        if (!tooNew && ModelVerWritten >= expected.VerWeCanReadBack)
            return;
        var product = typeof(VersionInfo).Assembly.GetName().Version;
        throw Contracts.ExceptDecode(null,
            $"Cause: ML.NET {product} {(tooNew ? "cannont" : "cannot")} read component '{expected.LoaderSignature}' of the model, " +
            $"because the model is too {(tooNew ? "new" : "old")}.\n" +
            $"Suggestion: Make sure the model is trained with ML.NET {product}{(tooNew ? " or older" : "")}.\n" +
            $"Debug details: {(tooNew ? "Maximum" : "Minimum")} expected version {ModelVerReadable}, got {expected.VerWrittenCur}.");
    }

    public static void BeginWrite(BinaryWriter writer) => writer.Write(new byte[Size]);

    /// <summary>Writes strings, assembly name and tail behind the model that was just written, then the header itself.</summary>
    public void EndWrite(BinaryWriter writer, long start, IReadOnlyList<string> strings, string assemblyName)
    {
        var stream = writer.BaseStream;
        Mark = HeadMark;
        Written = Readable = Version;
        FpModel = Size;
        CbModel = Here() - Size;
        if (strings.Count > 0)
        {
            FpStringTable = Here();
            long end = 0;
            foreach (string text in strings)
                writer.Write(end += text.Length * sizeof(char));
            FpStringChars = Here();
            CbStringTable = FpStringChars - FpStringTable;
            foreach (string text in strings)
                writer.Write(MemoryMarshal.AsBytes<char>(text));
            CbStringChars = end;
        }
        if (!string.IsNullOrEmpty(assemblyName))
        {
            FpAssemblyName = Here();
            writer.Write(MemoryMarshal.AsBytes<char>(assemblyName));
            CbAssemblyName = (uint)(assemblyName.Length * sizeof(char));
        }
        FpTail = Here();
        writer.Write(TailMark);
        FpLim = Here();
        writer.Flush();
        stream.Position = start;
        writer.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ModelHeader>(in this)));
        writer.Flush();
        stream.Position = start + FpLim;

        long Here()
        {
            writer.Flush();
            return stream.Position - start;
        }
    }

    /// <summary>Reads header, strings and assembly name, and leaves the reader at the model.</summary>
    public static ModelHeader BeginRead(BinaryReader reader, out long start, out string[] strings, out string assemblyName)
    {
        var stream = reader.BaseStream;
        start = stream.Position;
        byte[] bytes = reader.ReadBytes(Size);
        Contracts.CheckDecode(bytes.Length == Size, "The model file is truncated");
        var header = MemoryMarshal.Read<ModelHeader>(bytes);
        Contracts.CheckDecode(header.Mark == HeadMark, "Wrong file type");
        Contracts.CheckDecode(header.Readable <= header.Written, "Corrupt file header");
        Contracts.CheckDecode(header.Readable <= Version, "File is too new");
        Contracts.CheckDecode(header.FpModel == Size && header.CbModel >= 0 && header.FpLim == header.FpTail + sizeof(ulong) &&
            header.FpLim <= stream.Length - start, "Corrupt file header");
        strings = [];
        if (header.FpStringTable != 0)
        {
            stream.Position = start + header.FpStringTable;
            var ends = Enumerable.Range(0, checked((int)(header.CbStringTable / sizeof(long)))).Select(_ => reader.ReadInt64()).ToArray();
            strings = ends.Select((end, i) => ReadChars(reader, end - (i == 0 ? 0 : ends[i - 1]))).ToArray();
        }
        assemblyName = null;
        if (header.FpAssemblyName != 0)
        {
            stream.Position = start + header.FpAssemblyName;
            assemblyName = ReadChars(reader, header.CbAssemblyName);
        }
        stream.Position = start + header.FpTail;
        Contracts.CheckDecode(reader.ReadUInt64() == TailMark, "Corrupt model file tail");
        stream.Position = start + header.FpModel;
        return header;
    }

    private static string ReadChars(BinaryReader reader, long count)
    {
        byte[] bytes = count >= 0 && count <= reader.BaseStream.Length ? reader.ReadBytes((int)count) : [];
        Contracts.CheckDecode(bytes.Length == count, "Corrupt model file strings");
        return MemoryMarshal.Cast<byte, char>(bytes).ToString();
    }
}

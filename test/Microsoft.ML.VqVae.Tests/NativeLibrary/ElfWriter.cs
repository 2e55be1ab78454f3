using System.Text;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>Writes 64-bit little-endian ELF files with nothing but what decides about symbol versions: dynamic symbols and their versions,
/// versions that are needed and defined, and relocations.</summary>
internal sealed class ElfWriter
{
    public const int HeaderSize = 64;

    const uint StringTable = 3, Relocations = 9, RelocationsWithAddends = 4, DynamicSymbols = 11;
    const uint VersionDefinitions = 0x6ffffffd, VersionNeeds = 0x6ffffffe, SymbolVersions = 0x6fffffff;

    readonly List<byte> _texts = [0];

    /// <summary>A version that is needed of a library.</summary>
    public sealed record Need(string Version, ushort Index, ushort Flags = 0);

    /// <summary>Gets the versions that are needed, by library.</summary>
    public List<(string Library, Need[] Needs)> Libraries { get; } = [];

    /// <summary>Gets the versions that the file defines.</summary>
    public List<string> Definitions { get; } = [];

    /// <summary>Gets the dynamic symbols after the empty first one, each with the value in the table of versions.</summary>
    public List<(string Name, ushort Version)> Symbols { get; } = [];

    /// <summary>Gets the symbols of the relocations that the loader applies.</summary>
    public List<uint> RelocatedSymbols { get; } = [];

    /// <summary>Gets the symbols of relocations that a linker was asked to keep, and which are not loaded.</summary>
    public List<uint> KeptRelocatedSymbols { get; } = [];

    /// <summary>Gets or sets whether relocations have addends, as on x64.</summary>
    public bool WithAddends { get; set; } = true;

    /// <summary>Gets or sets whether the table of sections stands behind the header instead of at the end of the file.</summary>
    public bool TableFirst { get; set; }

    /// <summary>Gets the offset of the header of each section, after <see cref="Write"/>.</summary>
    public Dictionary<string, int> HeaderOffsets { get; } = [];

    /// <summary>Gets the offset of the content of each section, after <see cref="Write"/>.</summary>
    public Dictionary<string, int> ContentOffsets { get; } = [];

    public byte[] Write()
    {
        byte[] symbols = Content(writer =>
        {
            // Elf64_Sym: name, info, other, section, value, size.
            foreach ((string name, _) in Symbols.Prepend(("", (ushort)0)))
                Values(writer, Name(name), (byte)0x12, (byte)0, (ushort)0, 0ul, 0ul);
        });
        byte[] versions = Content(writer =>
        {
            foreach ((_, ushort version) in Symbols.Prepend(("", (ushort)0)))
                writer.Write(version);
        });
        (string Name, uint Type, ulong Flags, uint Link, int Info, byte[] Content)[] sections =
        [
            ("", 0, 0, 0, 0, []),
            ("symbols", DynamicSymbols, 2, 2, 1, symbols),
            ("texts", StringTable, 2, 0, 0, []),
            ("versions", SymbolVersions, 2, 1, 0, versions),
            ("needs", VersionNeeds, 2, 2, Libraries.Count, Content(WriteNeeds)),
            ("definitions", VersionDefinitions, 2, 2, Definitions.Count, Content(WriteDefinitions)),
            ("kept relocations", WithAddends ? RelocationsWithAddends : Relocations, 0, 0, 0,
                Content(writer => WriteRelocations(writer, KeptRelocatedSymbols))),
            ("relocations", WithAddends ? RelocationsWithAddends : Relocations, 2, 1, 0,
                Content(writer => WriteRelocations(writer, RelocatedSymbols))),
        ];
        sections[2].Content = [.. _texts];

        int tableSize = 64 * sections.Length, contentSize = sections.Sum(section => section.Content.Length);
        int table = TableFirst ? HeaderSize : HeaderSize + contentSize, content = TableFirst ? HeaderSize + tableSize : HeaderSize;
        byte[] headers = Content(writer =>
        {
            foreach ((string Name, uint Type, ulong Flags, uint Link, int Info, byte[] Content) section in sections)
            {
                // Elf64_Shdr: name, type, flags, address, offset, size, link, info, alignment, size of an entry.
                HeaderOffsets[section.Name] = table + (int)writer.BaseStream.Position;
                ContentOffsets[section.Name] = content;
                Values(writer, 0u, section.Type, section.Flags, 0ul, (ulong)content, (ulong)section.Content.Length, section.Link,
                    (uint)section.Info, 1ul, 0ul);
                content += section.Content.Length;
            }
        });
        return Content(writer =>
        {
            // Elf64_Ehdr: identification, type, machine, version, entry, program headers, section headers, flags, sizes and counts.
            writer.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            Values(writer, (ushort)3, (ushort)62, 1u, 0ul, 0ul, (ulong)table, 0u, (ushort)HeaderSize, (ushort)56, (ushort)0, (ushort)64,
                (ushort)sections.Length, (ushort)0);
            if (TableFirst)
                writer.Write(headers);
            foreach ((string Name, uint Type, ulong Flags, uint Link, int Info, byte[] Content) section in sections)
                writer.Write(section.Content);
            if (!TableFirst)
                writer.Write(headers);
        });
    }

    void WriteNeeds(BinaryWriter writer)
    {
        for (int i = 0; i < Libraries.Count; i++)
        {
            (string library, Need[] needs) = Libraries[i];
            // Elf64_Verneed: version, number of entries, library, offset of the first entry, offset of the next record.
            uint next = i == Libraries.Count - 1 ? 0u : 16 + 16 * (uint)needs.Length;
            Values(writer, (ushort)1, (ushort)needs.Length, Name(library), 16u, next);
            // Elf64_Vernaux: hash, flags, index, version, offset of the next entry.
            for (int j = 0; j < needs.Length; j++)
                Values(writer, 0u, needs[j].Flags, needs[j].Index, Name(needs[j].Version), j == needs.Length - 1 ? 0u : 16u);
        }
    }

    void WriteDefinitions(BinaryWriter writer)
    {
        for (int i = 0; i < Definitions.Count; i++)
        {
            // Elf64_Verdef: version, flags, index, number of names, hash, offset of the first name, offset of the next record.
            Values(writer, (ushort)1, (ushort)0, (ushort)(i + 1), (ushort)1, 0u, 20u, i == Definitions.Count - 1 ? 0u : 28u);
            // Elf64_Verdaux: name, offset of the next name.
            Values(writer, Name(Definitions[i]), 0u);
        }
    }

    void WriteRelocations(BinaryWriter writer, List<uint> symbols)
    {
        // Elf64_Rela: offset, symbol and type, addend.
        foreach (uint symbol in symbols)
        {
            Values(writer, 0x1000ul, (ulong)symbol << 32 | 6);
            if (WithAddends)
                writer.Write(0L);
        }
    }

    uint Name(string text)
    {
        uint offset = (uint)_texts.Count;
        _texts.AddRange(Encoding.ASCII.GetBytes(text + '\0'));
        return offset;
    }

    static byte[] Content(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    static void Values(BinaryWriter writer, params ReadOnlySpan<object> values)
    {
        foreach (object value in values)
        {
            switch (value)
            {
                case byte number:
                    writer.Write(number);
                    break;
                case ushort number:
                    writer.Write(number);
                    break;
                case uint number:
                    writer.Write(number);
                    break;
                case ulong number:
                    writer.Write(number);
                    break;
                default:
                    throw new ArgumentException($"{value.GetType()} is no type of a field of ELF.", nameof(values));
            }
        }
    }
}

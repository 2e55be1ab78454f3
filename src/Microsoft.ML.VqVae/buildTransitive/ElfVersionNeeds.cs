#nullable disable

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Microsoft.ML.VqVae.Build;

/// <summary>
/// The symbol versions that a 64-bit little-endian ELF file needs from one shared library, and the versions that such a library defines
/// (System V ABI, chapters 4 and 5; Linux Standard Base, "Symbol Versioning").
/// </summary>
/// <remarks>
/// A version that is needed refuses the whole file at load time where the library lacks it, even if no relocation uses a symbol of that
/// version. GCC 13 emits such a need for each file that includes &lt;iostream&gt; (<c>_ZSt21ios_base_library_initv</c>, GLIBCXX_3.4.32).
/// With the flag VER_FLG_WEAK in its entry the loader ignores it.
/// </remarks>
public sealed class ElfVersionNeeds
{
    private const uint RelocationsWithAddends = 4, Relocations = 9, DynamicSymbols = 11;
    private const uint VersionDefinitions = 0x6ffffffd, VersionNeeds = 0x6ffffffe, SymbolVersions = 0x6fffffff;
    private const long Allocated = 2;
    private const ushort Weak = 2;

    private readonly byte[] _file;
    private readonly List<Section> _sections = new List<Section>();
    private long _readsLeft;

    private ElfVersionNeeds(byte[] file)
    {
        _file = file;
        // The tables of a sound file do not overlap, and each value is read once; a damaged one must not keep the reader for hours.
        _readsLeft = 4L * file.Length;
        ReadSections();
    }

    /// <summary>Gets the strong version needs of a shared library, for example of <c>libstdc++.so.6</c>.</summary>
    /// <exception cref="InvalidDataException">The file is not a complete 64-bit little-endian ELF file.</exception>
    public static List<ElfVersionNeed> Read(byte[] file, string library)
    {
        var elf = new ElfVersionNeeds(file);
        var needs = new List<ElfVersionNeed>();
        foreach (Section section in elf.Sections(VersionNeeds))
        {
            foreach (long record in elf.Chain(section.Offset, 12))
            {
                // Elf64_Verneed: version, number of entries, name of the library, offset of the first entry, offset of the next record.
                elf.CheckVersion(record);
                if (elf.Text(section.Link, elf.UInt32(record + 4)) != library)
                    continue;
                foreach (long entry in elf.Chain(record + elf.UInt32(record + 8), 12))
                {
                    // Elf64_Vernaux: hash, flags, index, name, offset of the next entry.
                    if ((elf.UInt16(entry + 4) & Weak) != 0)
                        continue;
                    string name = elf.Text(section.Link, elf.UInt32(entry + 8));
                    needs.Add(new ElfVersionNeed(name, elf.UInt16(entry + 6) & 0x7fff, entry + 4));
                }
            }
        }
        if (needs.Count > 0)
            elf.FindUsedSymbols(needs);
        return needs;
    }

    /// <summary>Gets the names of the symbol versions that a shared library defines.</summary>
    /// <exception cref="InvalidDataException">The file is not a complete 64-bit little-endian ELF file.</exception>
    public static HashSet<string> ReadDefined(byte[] file)
    {
        var elf = new ElfVersionNeeds(file);
        var names = new HashSet<string>();
        foreach (Section section in elf.Sections(VersionDefinitions))
        {
            foreach (long record in elf.Chain(section.Offset, 16))
            {
                // Elf64_Verdef: version, flags, index, number of names, hash, offset of the first name, offset of the next record.
                elf.CheckVersion(record);
                names.Add(elf.Text(section.Link, elf.UInt32(record + elf.UInt32(record + 12))));
            }
        }
        return names;
    }

    /// <summary>Gets a copy of the file in which the given needs are weak.</summary>
    public static byte[] MakeWeak(byte[] file, IEnumerable<ElfVersionNeed> needs)
    {
        byte[] copy = (byte[])file.Clone();
        foreach (ElfVersionNeed need in needs)
            copy[need.FlagsOffset] |= (byte)Weak;
        return copy;
    }

    // The offsets of the records of a list. The loader follows it in the same way and does not look at the number of records.
    private IEnumerable<long> Chain(long first, int offsetOfNext)
    {
        long at = first;
        for (uint next = 1; next != 0; at += next)
        {
            yield return at;
            next = UInt32(at + offsetOfNext);
        }
    }

    private void CheckVersion(long record)
    {
        if (UInt16(record) != 1)
            throw new InvalidDataException("The ELF file has a table of symbol versions in version " + UInt16(record) + "; expected is 1.");
    }

    // Adds the names of the symbols to which relocations refer: these the loader must find. Relocations that are not loaded belong to
    // another table of symbols.
    private void FindUsedSymbols(List<ElfVersionNeed> needs)
    {
        Section symbols = Sections(DynamicSymbols).FirstOrDefault();
        Section versions = Sections(SymbolVersions).FirstOrDefault();
        if (symbols == null || versions == null)
            throw new InvalidDataException("The ELF file needs symbol versions, but has no table of dynamic symbols or of their versions.");
        var used = new HashSet<uint>();
        foreach (Section section in Sections(Relocations).Concat(Sections(RelocationsWithAddends)))
        {
            if ((section.Flags & Allocated) == 0)
                continue;
            long size = section.Type == Relocations ? 16 : 24;
            for (long at = section.Offset; at + size <= section.Offset + section.Size; at += size)
                used.Add(UInt32(at + 12));
        }
        used.Remove(0);
        ILookup<int, ElfVersionNeed> needsOfVersion = needs.ToLookup(need => need.Index);
        foreach (uint symbol in used)
        {
            if (2L * symbol + 2 > versions.Size || 24L * symbol + 24 > symbols.Size)
            {
                throw new InvalidDataException("The ELF file has a relocation with symbol " + symbol
                    + ", which is outside its tables of dynamic symbols.");
            }
            int version = UInt16(versions.Offset + 2L * symbol) & 0x7fff;
            foreach (ElfVersionNeed need in needsOfVersion[version])
                need.UsedSymbols.Add(Text(symbols.Link, UInt32(symbols.Offset + 24L * symbol)));
        }
    }

    private void ReadSections()
    {
        if (_file.Length < 64 || _file[0] != 0x7f || _file[1] != 'E' || _file[2] != 'L' || _file[3] != 'F')
            throw new InvalidDataException("The file is not an ELF file.");
        if (_file[4] != 2 || _file[5] != 1)
            throw new InvalidDataException("The ELF file is not a 64-bit little-endian one.");
        // Elf64_Ehdr: e_shoff at 40, e_shentsize at 58, e_shnum at 60.
        long table = Int64(40);
        int size = UInt16(58), count = UInt16(60);
        if (count == 0 || size < 64)
            throw new InvalidDataException("The ELF file has no section table.");
        for (int i = 0; i < count; i++)
        {
            // Elf64_Shdr: name, type, flags, address, offset, size, link, info.
            long at = Checked(table + (long)i * size, size);
            var section = new Section
            {
                Type = UInt32(at + 4), Flags = Int64(at + 8), Offset = Int64(at + 24), Size = Int64(at + 32), Link = UInt32(at + 40),
            };
            _sections.Add(section);
        }
    }

    private IEnumerable<Section> Sections(uint type) =>
        _sections.Where(section => section.Type == type && section.Size != 0).Select(WithinFile);

    private Section WithinFile(Section section)
    {
        if (section.Offset < 0 || section.Size < 0 || section.Offset > _file.Length - section.Size)
        {
            throw new InvalidDataException("The ELF file is truncated or damaged: it has a section of " + section.Size + " bytes at "
                + section.Offset + ", but only " + _file.Length + " bytes.");
        }
        return section;
    }

    private string Text(uint table, uint offset)
    {
        if (table >= _sections.Count || offset >= WithinFile(_sections[(int)table]).Size)
            throw new InvalidDataException("The ELF file names a text outside its string table.");
        Section texts = _sections[(int)table];
        int start = (int)(texts.Offset + offset);
        int end = Array.IndexOf(_file, (byte)0, start, (int)(texts.Size - offset));
        if (end < 0)
            throw new InvalidDataException("The ELF file has a name that does not end within its string table.");
        Count(end - start);
        return Encoding.ASCII.GetString(_file, start, end - start);
    }

    private ushort UInt16(long at) => BitConverter.ToUInt16(_file, (int)Checked(at, 2));

    private uint UInt32(long at) => BitConverter.ToUInt32(_file, (int)Checked(at, 4));

    private long Int64(long at) => BitConverter.ToInt64(_file, (int)Checked(at, 8));

    private long Checked(long at, int size)
    {
        if (at < 0 || at > _file.Length - size)
        {
            throw new InvalidDataException("The ELF file is truncated or damaged: " + size + " bytes at " + at + " of " + _file.Length
                + " are needed.");
        }
        Count(1);
        return at;
    }

    private void Count(int reads)
    {
        _readsLeft -= reads;
        if (_readsLeft < 0)
            throw new InvalidDataException("The ELF file is damaged: its tables overlap.");
    }

    private sealed class Section
    {
        public uint Type, Link;
        public long Flags, Offset, Size;
    }
}

/// <summary>A symbol version that an ELF file needs.</summary>
public sealed class ElfVersionNeed
{
    /// <summary>Initializes a need of which no use has been found yet.</summary>
    public ElfVersionNeed(string name, int index, long flagsOffset)
    {
        Name = name;
        Index = index;
        FlagsOffset = flagsOffset;
    }

    /// <summary>Gets the version, for example <c>GLIBCXX_3.4.32</c>.</summary>
    public string Name { get; }

    /// <summary>Gets the index of the version in the file's table of symbol versions.</summary>
    public int Index { get; }

    /// <summary>Gets the offset of the need's flags in the file, in bytes.</summary>
    public long FlagsOffset { get; }

    /// <summary>Gets the symbols of this version to which a relocation of the file refers.</summary>
    public List<string> UsedSymbols { get; } = new List<string>();
}

#if !WITHOUT_MSBUILD
/// <summary>
/// Copies TorchSharp's native library for a system whose C++ library lacks a symbol version that the file needs but does not use. The copy
/// no longer insists on that version; everything else stays, and the source is never written to.
/// </summary>
public sealed class RelaxUnusedSymbolVersions : Microsoft.Build.Utilities.Task
{
    private const string Library = "libstdc++.so.6";

    /// <summary>The shared library, for example <c>libLibTorchSharp.so</c>.</summary>
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; }

    /// <summary>The copy, written where one is needed.</summary>
    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; }

    public override bool Execute()
    {
        string system = SystemLibrary();
        if (system == null)
        {
            Log.LogMessage("{0}: this process has no {1} to compare with; the file is left as it is.", Source, Library);
            return true;
        }
        try
        {
            byte[] file = File.ReadAllBytes(Source);
            HashSet<string> defined = ElfVersionNeeds.ReadDefined(File.ReadAllBytes(system));
            List<ElfVersionNeed> missing = ElfVersionNeeds.Read(file, Library).Where(need => !defined.Contains(need.Name)).ToList();
            List<ElfVersionNeed> used = missing.Where(need => need.UsedSymbols.Count > 0).ToList();
            foreach (ElfVersionNeed need in used)
                Log.LogWarning("{0} uses {1} of {2}, which {3} lacks: it will not load here. Install a newer C++ library.",
                    Source, string.Join(", ", need.UsedSymbols.Take(3)), need.Name, system);
            if (missing.Count > 0 && used.Count == 0)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Destination));
                File.WriteAllBytes(Destination, ElfVersionNeeds.MakeWeak(file, missing));
                Log.LogMessage("{0}: a copy without the need for {1}, of which it uses nothing, is in {2}.",
                    Source, string.Join(", ", missing.Select(need => need.Name)), Destination);
            }
        }
        catch (InvalidDataException problem)
        {
            Log.LogWarning("{0} is left as it is: {1}", Source, problem.Message);
        }
        return true;
    }

    // The C++ library that the loader gave to this process: .NET's runtime uses it too.
    private static string SystemLibrary()
    {
        return File.ReadLines("/proc/self/maps").Select(line => line.Substring(Math.Max(0, line.IndexOf('/'))))
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith("libstdc++.so.6", StringComparison.Ordinal) && File.Exists(path));
    }
}
#endif

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.VqVae.Build;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>The reader of symbol versions on files that the tests write themselves, sound and damaged.</summary>
[TestClass]
[SuppressMessage("Usage", "MSTEST0045", Justification = "A loop without end looks at no token.")]
public class ElfVersionNeedsTests
{
    const string Library = "libstdc++.so.6";

    // A symbol of each version is there; relocations refer to the first and the third alone.
    static ElfWriter TwoLibraries()
    {
        var elf = new ElfWriter();
        elf.Libraries.Add(("libm.so.6", [new("GLIBC_2.29", 2)]));
        elf.Libraries.Add((Library, [new("GLIBCXX_3.4", 3), new("GLIBCXX_3.4.32", 4), new("CXXABI_1.3", 5)]));
        elf.Symbols.AddRange([("exp", 2), ("_Znwm", 3), ("_ZSt21ios_base_library_initv", 4), ("__gxx_personality_v0", 5)]);
        elf.RelocatedSymbols.AddRange([0, 2, 1, 2]);
        return elf;
    }

    static string[] Describe(IEnumerable<ElfVersionNeed> needs) =>
        [.. needs.Select(need => $"{need.Name} {need.Index}: {string.Join(' ', need.UsedSymbols)}")];

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Needs_of_one_library_are_told_with_the_symbols_that_relocations_use(bool withAddends, bool tableFirst)
    {
        ElfWriter elf = TwoLibraries();
        (elf.WithAddends, elf.TableFirst) = (withAddends, tableFirst);
        byte[] file = elf.Write();
        CollectionAssert.AreEqual(
            (string[])["GLIBCXX_3.4 3: _Znwm", "GLIBCXX_3.4.32 4: ", "CXXABI_1.3 5: "], Describe(ElfVersionNeeds.Read(file, Library)));
        CollectionAssert.AreEqual((string[])["GLIBC_2.29 2: exp"], Describe(ElfVersionNeeds.Read(file, "libm.so.6")));
        Assert.IsEmpty(ElfVersionNeeds.Read(file, "libc.so.6"));
    }

    [TestMethod]
    public void A_version_is_used_when_a_relocation_names_one_of_its_symbols()
    {
        ElfWriter elf = TwoLibraries();
        elf.RelocatedSymbols.Add(3);
        elf.Symbols.Add(("_ZSt4cout", 4));
        // The highest bit only hides the symbol from linkers.
        elf.Symbols.Add(("_ZSt4cerr", 4 | 0x8000));
        elf.RelocatedSymbols.Add(6);
        Assert.AreEqual(
            "GLIBCXX_3.4.32 4: _ZSt21ios_base_library_initv _ZSt4cerr", Describe(ElfVersionNeeds.Read(elf.Write(), Library))[1]);
    }

    [TestMethod]
    public void Relocations_that_are_not_loaded_do_not_count()
    {
        ElfWriter elf = TwoLibraries();
        // Their symbols are those of another table: one of them lies outside the dynamic symbols.
        elf.KeptRelocatedSymbols.AddRange([3, 1000]);
        Assert.AreEqual("GLIBCXX_3.4.32 4: ", Describe(ElfVersionNeeds.Read(elf.Write(), Library))[1]);
    }

    [TestMethod]
    public void A_file_without_needs_has_nothing_to_relax()
    {
        byte[] file = new ElfWriter().Write();
        Assert.IsEmpty(ElfVersionNeeds.Read(file, Library));
        Assert.IsEmpty(ElfVersionNeeds.ReadDefined(file));
    }

    [TestMethod]
    public void Definitions_are_read_by_their_names()
    {
        var elf = new ElfWriter();
        elf.Definitions.AddRange([Library, "GLIBCXX_3.4", "GLIBCXX_3.4.30"]);
        CollectionAssert.AreEquivalent(
            (string[])[Library, "GLIBCXX_3.4", "GLIBCXX_3.4.30"], ElfVersionNeeds.ReadDefined(elf.Write()).ToArray());
    }

    [TestMethod]
    public void A_weak_need_is_no_need_and_nothing_else_changes()
    {
        byte[] file = TwoLibraries().Write(), original = [.. file];
        List<ElfVersionNeed> needs = ElfVersionNeeds.Read(file, Library);
        byte[] relaxed = ElfVersionNeeds.MakeWeak(file, needs.Where(need => need.Name == "GLIBCXX_3.4.32"));
        CollectionAssert.AreEqual(original, file);
        CollectionAssert.AreEqual((string[])["GLIBCXX_3.4 3: _Znwm", "CXXABI_1.3 5: "], Describe(ElfVersionNeeds.Read(relaxed, Library)));
        CollectionAssert.AreEqual((string[])["GLIBC_2.29 2: exp"], Describe(ElfVersionNeeds.Read(relaxed, "libm.so.6")));

        ElfWriter weak = TwoLibraries();
        weak.Libraries[1].Needs[1] = new("GLIBCXX_3.4.32", 4, Flags: 2);
        CollectionAssert.AreEqual(weak.Write(), relaxed);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    [Timeout(60_000)]
    public void A_file_that_ends_early_is_refused_wherever_it_ends(bool tableFirst)
    {
        ElfWriter elf = TwoLibraries();
        elf.TableFirst = tableFirst;
        byte[] file = elf.Write();
        Assert.HasCount(3, ElfVersionNeeds.Read(file, Library));
        for (int length = 0; length < file.Length; length++)
        {
            Assert.ThrowsExactly<InvalidDataException>(
                () => ElfVersionNeeds.Read(file[..length], Library), $"{length} of {file.Length} bytes");
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    [Timeout(60_000)]
    public void Definitions_of_a_file_that_ends_early_are_refused(bool tableFirst)
    {
        var elf = new ElfWriter { TableFirst = tableFirst };
        elf.Definitions.AddRange([Library, "GLIBCXX_3.4"]);
        byte[] file = elf.Write();
        Assert.HasCount(2, ElfVersionNeeds.ReadDefined(file));
        for (int length = 0; length < file.Length; length++)
        {
            Assert.ThrowsExactly<InvalidDataException>(
                () => ElfVersionNeeds.ReadDefined(file[..length]), $"{length} of {file.Length} bytes");
        }
    }

    [TestMethod]
    public void Other_kinds_of_files_are_refused()
    {
        byte[] Changed(int offset, byte value)
        {
            byte[] file = TwoLibraries().Write();
            file[offset] = value;
            return file;
        }

        void Refused(byte[] file, string reason)
        {
            Assert.Contains(reason, Assert.ThrowsExactly<InvalidDataException>(() => ElfVersionNeeds.Read(file, Library)).Message);
            Assert.Contains(reason, Assert.ThrowsExactly<InvalidDataException>(() => ElfVersionNeeds.ReadDefined(file)).Message);
        }

        Refused([], "not an ELF file");
        Refused(new byte[5000], "not an ELF file");
        Refused(Changed(0, (byte)'M'), "not an ELF file");
        Refused(Changed(4, 1), "not a 64-bit little-endian one");
        Refused(Changed(5, 2), "not a 64-bit little-endian one");
        // No section, and sections too small to be ones.
        Refused(Changed(60, 0), "no section table");
        Refused(Changed(58, 63), "no section table");
    }

    [TestMethod]
    [Timeout(60_000)]
    public void No_changed_byte_brings_another_exception_or_an_endless_loop()
    {
        ElfWriter elf = TwoLibraries();
        elf.Definitions.AddRange([Library, "GLIBCXX_3.4"]);
        byte[] file = elf.Write();
        int refused = 0;
        for (int offset = 0; offset < file.Length; offset++)
        {
            byte original = file[offset];
            foreach (byte value in (byte[])[0, 1, 0x7f, 0x80, 0xff])
            {
                file[offset] = value;
                refused += Refuses(() => ElfVersionNeeds.Read(file, Library)) + Refuses(() => ElfVersionNeeds.ReadDefined(file));
            }
            file[offset] = original;
        }
        // Offsets, sizes, links and indices that point outside are a good part of the file.
        Assert.IsGreaterThan(file.Length / 2, refused);

        static int Refuses(Func<object> read)
        {
            try
            {
                read();
                return 0;
            }
            catch (InvalidDataException)
            {
                return 1;
            }
        }
    }

    // The message about a file in which one value of a section's header, or of its content, is another one.
    static string Damaged(string section, int field, ulong value, bool inContent = false, int size = 8)
    {
        ElfWriter elf = TwoLibraries();
        byte[] file = elf.Write();
        Span<byte> at = file.AsSpan((inContent ? elf.ContentOffsets : elf.HeaderOffsets)[section] + field, size);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(at);
        return Assert.ThrowsExactly<InvalidDataException>(() => ElfVersionNeeds.Read(file, Library), $"{section} {field} {value}").Message;
    }

    [TestMethod]
    public void A_section_outside_the_file_is_refused()
    {
        const int Offset = 24, Size = 32;
        foreach (string section in (string[])["symbols", "texts", "versions", "needs", "relocations"])
        {
            // Offsets behind the end or before the start; then sizes, of which some overflow when they are added to the offset.
            foreach (ulong offset in (ulong[])[1_000_000, ulong.MaxValue - 16, long.MaxValue - 16, 1ul << 63])
                Assert.Contains("truncated or damaged", Damaged(section, Offset, offset));
            foreach (ulong size in (ulong[])[1_000_000, ulong.MaxValue, long.MaxValue, long.MaxValue - 64])
                Assert.Contains("truncated or damaged", Damaged(section, Size, size));
        }
    }

    [TestMethod]
    public void Indices_outside_their_tables_are_refused()
    {
        Assert.Contains("relocation with symbol 5,", Damaged("relocations", 12, 5, inContent: true, size: 4));
        Assert.Contains("relocation with symbol 4294967295,", Damaged("relocations", 12, uint.MaxValue, inContent: true, size: 4));
        Assert.Contains("outside its string table", Damaged("needs", 4, uint.MaxValue, inContent: true, size: 4));
        Assert.Contains("outside its string table", Damaged("needs", 40, 8, size: 4));
        Assert.Contains("outside its string table", Damaged("needs", 40, uint.MaxValue, size: 4));
        Assert.Contains("does not end", Damaged("texts", 32, (ulong)TextsSize() - 1));
        Assert.Contains("version 2; expected is 1", Damaged("needs", 0, 2, inContent: true, size: 2));
        Assert.Contains("no table of dynamic symbols", Damaged("versions", 4, 1, size: 4));
        Assert.Contains("no table of dynamic symbols", Damaged("symbols", 4, 1, size: 4));
    }

    static int TextsSize()
    {
        ElfWriter elf = TwoLibraries();
        byte[] file = elf.Write();
        return (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(elf.HeaderOffsets["texts"] + 32));
    }

    [TestMethod]
    public void The_end_of_a_list_is_where_its_last_record_says_so()
    {
        // The loader does not look at the numbers of records and entries; a wrong one repeats and hides nothing.
        ElfWriter elf = TwoLibraries();
        byte[] file = elf.Write();
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(elf.HeaderOffsets["needs"] + 44), uint.MaxValue);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(elf.ContentOffsets["needs"] + 2), ushort.MaxValue);
        CollectionAssert.AreEqual((string[])["GLIBC_2.29 2: exp"], Describe(ElfVersionNeeds.Read(file, "libm.so.6")));
        Assert.HasCount(3, ElfVersionNeeds.Read(file, Library));
    }

    [TestMethod]
    [Timeout(60_000)]
    public void Lists_that_share_their_entries_do_not_take_forever()
    {
        var elf = new ElfWriter();
        const int Records = 20_000, Entries = 30_000;
        elf.Libraries.AddRange(Enumerable.Repeat((Library, Array.Empty<ElfWriter.Need>()), Records));
        elf.Libraries.Add((Library, [.. Enumerable.Repeat(new ElfWriter.Need("GLIBCXX_3.4", 3), Entries)]));
        elf.Symbols.Add(("_Znwm", 3));
        byte[] file = elf.Write();
        // Every record's entries are those of the last one: 600 million.
        for (int i = 0; i < Records; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(elf.ContentOffsets["needs"] + 16 * i + 8), (uint)(16 * (Records - i + 1)));
        Assert.Contains("overlap", Assert.ThrowsExactly<InvalidDataException>(() => ElfVersionNeeds.Read(file, Library)).Message);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void Sections_that_share_their_relocations_do_not_take_forever()
    {
        ElfWriter elf = TwoLibraries();
        elf.RelocatedSymbols.AddRange(Enumerable.Repeat(2u, 100_000));
        byte[] file = elf.Write();
        // As many headers as the file can say, each of the section of relocations.
        const int Sections = 60_000;
        byte[] header = file[^64..];
        int table = file.Length - 64 * 8;
        byte[] grown = [.. file, .. Enumerable.Repeat(header, Sections - 8).SelectMany(bytes => bytes)];
        BinaryPrimitives.WriteUInt16LittleEndian(grown.AsSpan(60), Sections);
        Assert.AreEqual(table, BinaryPrimitives.ReadInt64LittleEndian(grown.AsSpan(40)));
        Assert.Contains("overlap", Assert.ThrowsExactly<InvalidDataException>(() => ElfVersionNeeds.Read(grown, Library)).Message);
    }
}

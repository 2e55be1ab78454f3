using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Signal;

/// <summary>Audio files as TIMIT, pipes, recorders that were stopped, and other programs write them.</summary>
[TestClass]
public sealed class OtherWaveFileTests
{
    // The samples of the files that SoX 14.4.2 was given, and what it makes of their µ-law.
    static readonly short[] Samples = [0, 1000, -1000, 32767, -32768, 256, -2, 12345];
    static readonly short[] MuLawSamples = [0, 988, -988, 32124, -32124, 260, 0, 12412];
    static readonly byte[] MuLawBytes = Convert.FromHexString("FFCE4E8000E7FF97");
    static readonly byte[] LittleEndian = Convert.FromHexString("0000E80318FCFF7F00800001FEFF3930");
    static readonly byte[] BigEndian = Convert.FromHexString("000003E8FC187FFF80000100FFFE3039");

    [TestMethod]
    public void Sphere_files_of_SoX_are_read()
    {
        Read(Sphere(Header("01"), LittleEndian), WaveEncoding.Pcm16, Samples);
        Read(Sphere(Header("10"), BigEndian), WaveEncoding.Pcm16, Samples);
        Read(Sphere(MuLawHeader, MuLawBytes), WaveEncoding.MuLaw, MuLawSamples);

        static void Read(byte[] bytes, WaveEncoding encoding, short[] expected)
        {
            using WaveFile file = Open(bytes);
            Assert.AreEqual((16000, 1, encoding, 8L), (file.SampleRate, file.Channels, file.Encoding, file.Length));
            CollectionAssert.AreEqual(Floats(expected), file.ReadMono());
            CollectionAssert.AreEqual(Floats(expected)[3..5], file.Read(3, 2));
        }
    }

    [TestMethod]
    public void A_header_of_TIMIT_with_comments_and_other_fields_is_read()
    {
        string header = "database_id -s5 TIMIT\n; a comment of several words\nutterance_id -s10 cjf0_sa1.x\nsample_max -i 2191\n"
            + Header("01").Replace("channel_count -i 1", "channel_count -i 2").Replace("sample_count -i 8", "sample_count -i 3")
            + "sample_sig_bits -i 16\n";
        using WaveFile file = Open(Sphere(header, LittleEndian));
        Assert.AreEqual((2, 3L), (file.Channels, file.Length), "what follows the stated samples is none");
        CollectionAssert.AreEqual(Floats(Samples)[..6], file.Read());
        using WaveFile open = Open(Sphere(Header("01").Replace("sample_count -i 8\n", ""), LittleEndian));
        Assert.AreEqual(8, open.Length, "without a number of samples, all");
    }

    [TestMethod]
    public void A_sphere_file_that_cannot_be_read_says_why()
    {
        byte[] good = Sphere(Header("01"), LittleEndian);
        Refused(good[..12], "at byte 0", "expected 16 bytes", "found 12");
        Refused(good[..500], "at byte 16", "expected 1008 bytes", "found 484");
        Refused(good[..^3], "at byte 1024", "expected 16 bytes of samples", "found 13");
        Refused(Patched(good, 8, "  large"u8), "at byte 8", "the length of the header", "'large");
        Refused(Sphere(Header("01").Replace("16000", "loud"), []), "at byte 99", "a sample_rate from 100 to 768000", "'loud'");
        Refused(Sphere(Header("01").Replace("16000", "99"), []), "a sample_rate from 100 to 768000", "'99'");
        Refused(Sphere(Header("01").Replace("channel_count -i 1\n", ""), []), "the field channel_count", "none");
        Refused(Sphere(Header("11"), LittleEndian), "sample_byte_format 01", "'11'");
        Refused(Sphere(Header("01").Replace("pcm", "alaw"), LittleEndian), "sample_coding pcm of 2 bytes, or ulaw of 1", "'alaw' of 2");
        Refused(Sphere(Header("01").Replace("-i 2", "-i"), LittleEndian), "a name, a type and a value", "'sample_n_bytes -i'");
        int end = Encoding.Latin1.GetString(good).IndexOf("end_head", StringComparison.Ordinal);
        Refused(Patched(good, end, "; nothin"u8), "at byte", "'end_head' within the header");
        Refused(Sphere(Header("01").Replace("-s3 pcm", "-s26 pcm,embedded-shorten-v2.00"), LittleEndian),
            "not compressed", "'pcm,embedded-shorten-v2.00'", "sph2pipe -f wav \"voice.wav\"");
    }

    [TestMethod]
    public void Sizes_of_programs_that_write_to_a_pipe_mean_all_that_follows()
    {
        // SoX, ffmpeg, arecord, and the greatest number less what lies before the samples.
        foreach (uint size in (uint[])[0x7FFFF000, 0xFFFFFFFF, 0x80000000, 0xFFFFFFDB, 0x7FFFFFFF])
        {
            using WaveFile file = Open(Wave(size, LittleEndian));
            CollectionAssert.AreEqual(Floats(Samples), file.ReadMono(), $"{size:X}");
            using WaveFile stopped = Open(Wave(size, LittleEndian[..^3]));
            CollectionAssert.AreEqual(Floats(Samples)[..6], stopped.ReadMono(), "a program stopped within a sample");
        }
        Refused(Wave(0x7FFFE000, LittleEndian), "cut short", "at byte 44", "2147475456 bytes of samples", "found 16");
    }

    [TestMethod]
    public void A_size_of_zero_with_samples_after_it_means_all_that_follows()
    {
        using (WaveFile file = Open(Wave(0, LittleEndian)))
            CollectionAssert.AreEqual(Floats(Samples), file.ReadMono());
        using (WaveFile silence = Open(Wave(0, new byte[16])))
            CollectionAssert.AreEqual(new float[8], silence.ReadMono());
        using (WaveFile empty = Open(Wave(0, [])))
            Assert.IsEmpty(empty.ReadMono());
        byte[] list = [.. "LIST"u8, 5, 0, 0, 0, .. "INFOx"u8];
        using (WaveFile followed = Open(Wave(0, [.. list, 0, .. list])))
            Assert.IsEmpty(followed.ReadMono(), "samples that are really none, and other chunks");
    }

    [TestMethod]
    public void A_missing_pad_byte_is_no_fault()
    {
        byte[] list = [.. "LIST"u8, 5, 0, 0, 0, .. "INFOx"u8], good = Wave(16, LittleEndian);
        foreach (byte[] before in (byte[][])[list, [.. list, 0], [.. list, (byte)'x'], [.. list, .. list, 0, .. list]])
        {
            using WaveFile file = Open([.. good[..36], .. before, .. good[36..]]);
            CollectionAssert.AreEqual(Floats(Samples), file.ReadMono());
        }
        // A size whose low byte is a letter makes "ata" and that byte look like a chunk.
        byte[] many = new byte[0x62];
        using WaveFile alike = Open([.. good[..36], .. list, .. Wave(0x62, many)[36..]]);
        Assert.AreEqual(0x31, alike.Length);
    }

    [TestMethod]
    public void RF64_has_its_size_in_a_chunk_of_its_own()
    {
        using (WaveFile file = Open(Large(16, LittleEndian)))
            CollectionAssert.AreEqual(Floats(Samples), file.ReadMono());
        using (WaveFile followed = Open(Large(8, LittleEndian)))
            CollectionAssert.AreEqual(Floats(Samples)[..4], followed.ReadMono());
        using (WaveFile streamed = Open(Large(ulong.MaxValue, LittleEndian)))
            Assert.AreEqual(8, streamed.Length);
        Refused(Large(5_000_000_000, LittleEndian), "cut short", "5000000000 bytes of samples", "found 16");

        static byte[] Large(ulong size, byte[] samples)
        {
            byte[] sizes = new byte[36];
            "ds64"u8.CopyTo(sizes);
            sizes[4] = 28;
            BinaryPrimitives.WriteUInt64LittleEndian(sizes.AsSpan(16), size);
            byte[] wave = Wave(uint.MaxValue, samples);
            "RF64"u8.CopyTo(wave);
            return [.. wave[..12], .. sizes, .. wave[12..]];
        }
    }

    [TestMethod]
    public void Mu_law_WAV_is_read_and_not_written()
    {
        // As SoX writes it: a longer fmt chunk, and one with the number of samples.
        byte[] bytes = Convert.FromHexString("524946463A00000057415645666D74201200000007000100803E0000803E00000100080000006661637404000000"
            + "080000006461746108000000FFCE4E8000E7FF97");
        using WaveFile file = Open(bytes);
        Assert.AreEqual(WaveEncoding.MuLaw, file.Encoding);
        CollectionAssert.AreEqual(Floats(MuLawSamples), file.ReadMono());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => WaveFile.Write(Stream.Null, [0], 8000, WaveEncoding.MuLaw));
    }

    [TestMethod]
    public void Files_of_other_formats_say_how_to_convert_them()
    {
        Refused([.. "fLaC"u8, 0, 0, 0, 34], "'RIFF'", "FLAC", "flac --decode -o \"voice.converted.wav\" \"voice.wav\"", "ffmpeg -i");
        Refused([.. "OggS"u8, 0, 2, 0, 0, 0, 0, 0, 0], "Ogg", "ffmpeg -i \"voice.wav\"");
        Refused([.. "ID3"u8, 4, 0, 0, 0, 0, 0, 0, 0, 0], "MP3", "ffmpeg -i \"voice.wav\"");
        Refused([0xFF, 0xFB, 0x90, 0x64, 0, 0, 0, 0, 0, 0, 0, 0], "MP3");
        Refused([0, 0, 0, 32, .. "ftypM4A "u8], "MPEG-4");
        Refused([.. "FORM"u8, 0, 0, 0, 0, .. "AIFF"u8], "AIFF");
        byte[] packed = Patched(Wave(16, LittleEndian), 20, [17]);
        Refused(packed, "format 17", "ffmpeg -i \"voice.wav\"");
        using var folder = new TemporaryFolder();
        string path = folder.Write("song.flac", [.. "fLaC"u8, 0, 0, 0, 34]);
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => WaveFile.Open(path));
        StringAssert.Contains(error.Message, $"flac --decode -o \"{folder.File("song.wav")}\" \"{path}\"");
    }

    [TestMethod]
    [DataRow(99, false)]
    [DataRow(100, true)]
    [DataRow(768_000, true)]
    [DataRow(768_001, false)]
    [DataRow(2_147_483_647, false)]
    public void Sample_rates_have_bounds(int rate, bool isRead)
    {
        byte[] field = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(field, rate);
        byte[] bytes = Patched(Wave(16, LittleEndian), 24, field);
        if (isRead)
        {
            using WaveFile file = Open(bytes);
            Assert.AreEqual(rate, file.SampleRate);
            WaveFile.Write(Stream.Null, [0], rate);
            return;
        }
        Refused(bytes, "'voice.wav'", "at byte 24", "a sample rate from 100 to 768000 Hz", $"found {rate}");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => WaveFile.Write(Stream.Null, [0], rate));
    }

    static string MuLawHeader =>
        Header("1").Replace("sample_n_bytes -i 2", "sample_n_bytes -i 1").Replace("-s3 pcm", "-s4 ulaw").Replace("-s2 1", "-s1 1");

    static string Header(string order) => "sample_count -i 8\nsample_n_bytes -i 2\nchannel_count -i 1\n"
        + $"sample_byte_format -s2 {order}\nsample_rate -i 16000\nsample_coding -s3 pcm\n";

    static byte[] Sphere(string header, byte[] samples)
    {
        byte[] bytes = new byte[1024];
        Encoding.ASCII.GetBytes($"NIST_1A\n   1024\n{header}end_head\n").CopyTo(bytes, 0);
        return [.. bytes, .. samples];
    }

    /// <summary>One channel of 16 bits at 16 kHz, with a stated size of the samples.</summary>
    static byte[] Wave(uint size, byte[] samples)
    {
        byte[] header = Convert.FromHexString("524946463400000057415645666D74201000000001000100803E0000007D0000020010006461746100000000");
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), size);
        return [.. header, .. samples];
    }

    static byte[] Patched(byte[] bytes, int offset, ReadOnlySpan<byte> patch)
    {
        byte[] copy = [.. bytes];
        patch.CopyTo(copy.AsSpan(offset));
        return copy;
    }

    static WaveFile Open(byte[] bytes) => WaveFile.Open(new MemoryStream(bytes), "voice.wav");

    static float[] Floats(short[] samples) => [.. samples.Select(sample => sample / 32768f)];

    static void Refused(byte[] bytes, params string[] parts)
    {
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Open(bytes));
        foreach (string part in parts.Append("'voice.wav'"))
            StringAssert.Contains(error.Message, part);
    }
}

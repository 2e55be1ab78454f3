using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Signal;

[TestClass]
public sealed class WaveFileTests
{
    [TestMethod]
    public void Files_of_other_programs_are_read_whole_mixed_and_in_parts()
    {
        foreach (JsonElement golden in Golden.Read("waves").EnumerateArray())
        {
            string name = golden.GetProperty("name").GetString()!;
            byte[] bytes = Convert.FromHexString(golden.GetProperty("bytes").GetString()!);
            float[] expected = golden.Floats("samples");
            using WaveFile file = WaveFile.Open(new MemoryStream(bytes), name);
            int channels = file.Channels;
            Assert.AreEqual(golden.Whole("rate"), file.SampleRate, name);
            Assert.AreEqual(golden.Whole("channels"), channels, name);
            Assert.AreEqual(expected.Length / channels, file.Length, name);
            CollectionAssert.AreEqual(expected, file.Read(), name);
            CollectionAssert.AreEqual(expected[channels..(2 * channels)], file.Read(1, 1), name);
            float[] mono = [.. expected.Chunk(channels).Select(sample => (float)(sample.Sum(value => (double)value) / channels))];
            CollectionAssert.AreEqual(mono, file.ReadMono(), name);
            CollectionAssert.AreEqual(mono[1..], file.ReadMono(1), name);
            Assert.IsEmpty(file.ReadMono(file.Length), name);
        }
    }

    [TestMethod]
    [DataRow(WaveEncoding.Pcm8, 1)]
    [DataRow(WaveEncoding.Pcm8, 3)]
    [DataRow(WaveEncoding.Pcm16, 1)]
    [DataRow(WaveEncoding.Pcm24, 1)]
    [DataRow(WaveEncoding.Pcm24, 2)]
    [DataRow(WaveEncoding.Pcm32, 2)]
    [DataRow(WaveEncoding.FloatingPoint, 1)]
    public void What_is_written_is_read_again(WaveEncoding encoding, int channels)
    {
        // More than one piece of the reader's buffer, and an odd number of samples.
        float[] samples = Golden.SpeechLike(70_001 * channels, 16000);
        double step = encoding switch
        {
            WaveEncoding.Pcm8 => 1.0 / 128,
            WaveEncoding.Pcm16 => 1.0 / 32768,
            WaveEncoding.Pcm24 => 1.0 / 8388608,
            _ => 1e-7,
        };
        using var stream = new MemoryStream();
        WaveFile.Write(stream, samples, 22050, encoding, channels);
        Assert.AreEqual(0, stream.Length % 2);
        Assert.AreEqual(stream.Length - 8, BinaryPrimitives.ReadUInt32LittleEndian(stream.ToArray().AsSpan(4)), "size in the header");
        stream.Position = 0;
        using WaveFile file = WaveFile.Open(stream, "written");
        Assert.AreEqual((22050, channels, encoding, 70_001L), (file.SampleRate, file.Channels, file.Encoding, file.Length));
        Golden.Close(samples, file.Read(), step / 2 + 1e-9, $"{encoding}");
        Golden.Close(samples.AsSpan(40_000 * channels, 5 * channels), file.Read(40_000, 5), step / 2 + 1e-9, "a part");
    }

    [TestMethod]
    public void What_is_beyond_full_scale_is_clipped()
    {
        using var stream = new MemoryStream();
        WaveFile.Write(stream, [-2, 2, 1, -1], 8000);
        stream.Position = 0;
        using WaveFile file = WaveFile.Open(stream, "clipped");
        CollectionAssert.AreEqual(new[] { -1, 32767 / 32768f, 32767 / 32768f, -1 }, file.Read());
    }

    [TestMethod]
    public void Streams_that_cannot_seek_and_sizes_that_were_not_known_are_read()
    {
        byte[] bytes = Wave([1, 2, 3]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(40), uint.MaxValue);
        using var gone = new System.IO.Compression.BrotliStream(Compressed(bytes), System.IO.Compression.CompressionMode.Decompress);
        using WaveFile file = WaveFile.Open(gone, "piped");
        Assert.HasCount(3, file.ReadMono());
    }

    [TestMethod]
    public void An_empty_file_has_an_empty_waveform()
    {
        using WaveFile file = WaveFile.Open(new MemoryStream(Wave([])), "empty");
        Assert.AreEqual(0, file.Length);
        Assert.IsEmpty(file.ReadMono());
    }

    [TestMethod]
    public void Damage_is_told_with_file_byte_expected_and_found()
    {
        byte[] good = Wave([1, 2, 3]);
        Refused(good[..7], "at byte 0", "expected 12 bytes", "found 7");
        Refused([], "at byte 0", "found 0");
        Refused(Patched(good, 0, "RIFX"u8), "at byte 0", "'RIFF'", "'RIFX'");
        Refused(Patched(good, 0, [0, 0, 0, 0]), "'????'");
        Refused(Patched(good, 8, "AVI "u8), "at byte 8", "'WAVE'", "'AVI '");
        Refused(good[..^2], "at byte 44", "expected 6 bytes", "found 4");
        Refused(good[..40], "at byte 36", "a chunk 'data'", "found 4");
        Refused(good[..30], "at byte 20", "16 bytes of chunk 'fmt '", "found 10");
        Refused(Patched(good, 12, "data"u8), "at byte 12", "'fmt ' before the samples");
        Refused(Patched(good, 16, [14]), "at byte 16", "at least 16 bytes", "14 bytes");
        Refused(Patched(good, 20, [85]), "at byte 20", "format 1 (PCM)", "format 85");
        Refused(Patched(good, 22, [0]), "at byte 22", "at least one channel");
        Refused(Patched(good, 24, [0, 0, 0, 0]), "at byte 24", "sample rate", "0");
        Refused(Patched(good, 32, [3]), "at byte 32", "2 bytes", "found 3");
        Refused(Patched(good, 34, [12]), "at byte 34", "8, 16, 24 or 32 bits", "12 bits");
        Refused(Patched(good, 40, [5]), "at byte 40", "a multiple of 2 bytes", "found 5");
        Refused(Encoding.UTF8.GetBytes("this is a text, and not a sound"), "expected 'RIFF'", "found 'this'");

        void Refused(byte[] bytes, params string[] parts)
        {
            InvalidDataException error =
                Assert.ThrowsExactly<InvalidDataException>(() => WaveFile.Open(new MemoryStream(bytes), "voice.wav"));
            foreach (string part in parts.Append("'voice.wav'"))
                StringAssert.Contains(error.Message, part);
        }
    }

    [TestMethod]
    public void A_sample_that_is_not_finite_is_told_with_its_byte()
    {
        using var stream = new MemoryStream();
        WaveFile.Write(stream, [1, 2, 3], 8000, WaveEncoding.FloatingPoint);
        byte[] bytes = stream.ToArray();
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(bytes.Length - 4), float.NaN);
        using WaveFile file = WaveFile.Open(new MemoryStream(bytes), "nan.wav");
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => file.ReadMono());
        StringAssert.Contains(error.Message, $"'nan.wav', byte {bytes.Length - 4}");
        Assert.HasCount(2, file.ReadMono(0, 2), "What lies before it can be read.");
    }

    [TestMethod]
    public void A_part_beyond_the_file_and_samples_that_cannot_be_written_are_refused()
    {
        using WaveFile file = WaveFile.Open(new MemoryStream(Wave([1, 2, 3])), "short.wav");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => file.ReadMono(4)).Message, "'short.wav' has 3 samples");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => file.ReadMono(1, 3)).Message, "can have 0 to 2 samples");
        Assert.ThrowsExactly<ArgumentException>(() => WaveFile.Write(Stream.Null, [1, 2, 3], 8000, channels: 2));
        Assert.ThrowsExactly<ArgumentException>(() => WaveFile.Write(Stream.Null, [float.NaN], 8000));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => WaveFile.Write(Stream.Null, [0], 0));
    }

    [TestMethod]
    public void Files_are_opened_by_path_and_closed()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.wav");
        WaveFile.Write(path, [0.5f], 8000);
        using (WaveFile file = WaveFile.Open(path))
            CollectionAssert.AreEqual(new[] { 0.5f }, file.ReadMono());
        File.WriteAllText(path, "no sound");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WaveFile.Open(path)).Message, path);
        File.Delete(path);
    }

    static byte[] Wave(short[] samples)
    {
        using var stream = new MemoryStream();
        WaveFile.Write(stream, [.. samples.Select(sample => sample / 32768f)], 8000);
        return stream.ToArray();
    }

    static byte[] Patched(byte[] bytes, int offset, ReadOnlySpan<byte> patch)
    {
        byte[] copy = [.. bytes];
        patch.CopyTo(copy.AsSpan(offset));
        return copy;
    }

    static MemoryStream Compressed(byte[] bytes)
    {
        var stream = new MemoryStream();
        using (var compressor = new System.IO.Compression.BrotliStream(
            stream, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
        {
            compressor.Write(bytes);
        }
        stream.Position = 0;
        return stream;
    }

    [TestMethod]
    [DataRow(WaveEncoding.Pcm8, 65535)]
    [DataRow(WaveEncoding.Pcm16, 32767)]
    [DataRow(WaveEncoding.Pcm24, 21845)]
    [DataRow(WaveEncoding.FloatingPoint, 16383)]
    public void As_many_channels_are_written_as_can_be_read(WaveEncoding encoding, int most)
    {
        using var stream = new MemoryStream();
        WaveFile.Write(stream, new float[2 * most], 8000, encoding, most);
        stream.Position = 0;
        using WaveFile file = WaveFile.Open(stream, "written");
        Assert.AreEqual((most, 2L), (file.Channels, file.Length));
        using var other = new MemoryStream();
        Assert.Contains($"at most {most} channels of {encoding}", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => WaveFile.Write(other, new float[2 * (most + 1)], 8000, encoding, most + 1)).Message);
        Assert.AreEqual(0, other.Length, "Nothing is written.");
    }
}

using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Reliability;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Signal;

/// <summary>FLAC, MP3 and Ogg Vorbis against what flac, LAME and vorbis-tools decode (golden/audio), alone and through LoadAudio.</summary>
[TestClass]
public sealed class AudioFormatTests : IDisposable
{
    static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "golden", "audio", name);

    static bool HasFlac => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "flac.exe" : "flac")));

    const string WithoutFlac = "The program flac is not installed (Debian: apt install flac).";

    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("mono.mp3", 16000, 1)]
    [DataRow("untagged.mp3", 16000, 1)]
    [DataRow("stereo.mp3", 44100, 2)]
    [DataRow("mono.ogg", 16000, 1)]
    [DataRow("stereo.ogg", 44100, 2)]
    public void Files_are_decoded_as_by_their_own_programs(string name, int rate, int channels)
    {
        using WaveFile expected = WaveFile.Open(Golden($"{name}.wav"));
        using AudioFile file = Format(name).Open(Golden(name));
        Assert.AreEqual((rate, channels, expected.Length), (file.SampleRate, file.Channels, file.Length));
        AreClose(expected.Read(), file.Read());
        AreClose(expected.ReadMono(), file.ReadMono());
        AreClose(expected.Read(1234, 100), file.Read(1234, 100));
        AreClose(expected.Read(file.Length - 7), file.Read(file.Length - 7));
        Assert.IsEmpty(file.Read(file.Length));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => file.Read(1, file.Length));
    }

    [TestMethod]
    [DataRow("mono.flac", "mono.wav")]
    [DataRow("stereo24.flac", "stereo24.wav")]
    public void FLAC_is_the_sound_to_the_bit(string name, string source)
    {
        using WaveFile expected = WaveFile.Open(Golden(source));
        using AudioFile file = new FlacFormat().Open(Golden(name));
        // Read from the header, without the program.
        Assert.AreEqual((expected.SampleRate, expected.Channels, expected.Length), (file.SampleRate, file.Channels, file.Length));
        if (!HasFlac)
        {
            StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => file.Read()).Message, "apt install flac");
            Assert.Inconclusive(WithoutFlac);
        }
        CollectionAssert.AreEqual(expected.Read(), file.Read());
        CollectionAssert.AreEqual(expected.Read(1234, 100), file.Read(1234, 100));
        Assert.IsEmpty(file.Read(file.Length));
        // As programs write it into a pipe: the header has no length.
        byte[] bytes = File.ReadAllBytes(Golden(name));
        bytes[21] &= 0xF0;
        bytes.AsSpan(22, 4).Clear();
        using AudioFile streamed = new FlacFormat().Open(_folder.Write("-streamed.flac", bytes));
        Assert.AreEqual(expected.Length, streamed.Length);
        CollectionAssert.AreEqual(expected.Read(7, 50), streamed.Read(7, 50));
    }

    [TestMethod]
    public void Without_the_program_flac_the_error_says_so()
    {
        string? path = Environment.GetEnvironmentVariable("PATH");
        using AudioFile file = new FlacFormat().Open(Golden("mono.flac"));
        Environment.SetEnvironmentVariable("PATH", _folder.Path);
        try
        {
            string message = Assert.ThrowsExactly<NotSupportedException>(() => file.Read()).Message;
            StringAssert.Contains(message, "mono.flac' is decoded by the program flac, which was not found");
            StringAssert.Contains(message, "apt install flac");
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [TestMethod]
    [DataRow("mono.flac")]
    [DataRow("mono.mp3")]
    [DataRow("stereo.mp3")]
    [DataRow("mono.ogg")]
    public void A_file_that_is_cut_is_an_error_and_never_a_shorter_sound(string name)
    {
        byte[] bytes = File.ReadAllBytes(Golden(name));
        // Within the header first, which is read without a program.
        foreach (int kept in (int[])[40, bytes.Length / 2, bytes.Length - 300, bytes.Length - 1])
        {
            string path = _folder.Write(name, bytes[..kept]);
            Exception error = Assert.Throws<Exception>(() =>
            {
                using AudioFile file = Format(name).Open(path);
                file.Read();
            });
            if (error is NotSupportedException && !HasFlac)
                Assert.Inconclusive(WithoutFlac);
            Assert.IsInstanceOfType<InvalidDataException>(error, $"{kept} of {bytes.Length}: {error}");
            StringAssert.Contains(error.Message, path);
        }
    }

    [TestMethod]
    [DataRow("mono.mp3")]
    [DataRow("stereo.mp3")]
    public void Bytes_around_the_frames_of_an_MP3_file_are_no_sound(string name)
    {
        byte[] good = File.ReadAllBytes(Golden(name)), after = new byte[1 << 20];
        // A picture in a tag at the end, for example.
        new Random(5).NextBytes(after);
        // The head of a frame of 417 bytes, after which none follows.
        byte[] before = [.. Tag(20), 0xFF, 0xFB, 0x90, 0x00, .. new byte[500]];
        using AudioFile expected = new Mp3Format().Open(Golden(name));
        foreach (byte[] bytes in (byte[][])[[.. good, .. after], [.. before, .. good]])
        {
            using AudioFile file = new Mp3Format().Open(_folder.Write(name, bytes));
            Assert.AreEqual((expected.SampleRate, expected.Channels, expected.Length), (file.SampleRate, file.Channels, file.Length));
            CollectionAssert.AreEqual(expected.Read(), file.Read());
        }
    }

    [TestMethod]
    [DataRow("FLAC")]
    [DataRow("AAC")]
    [DataRow("none")]
    public void Another_format_behind_a_tag_of_MP3_files_is_named(string format)
    {
        byte[] noise = new byte[4000];
        new Random(5).NextBytes(noise);
        byte[] sound = format switch
        {
            "FLAC" => File.ReadAllBytes(Golden("mono.flac")),
            "AAC" => [0xFF, 0xF1, 0x50, 0x80, 0x10, 0x1F, 0xFC, .. noise],
            _ => noise,
        };
        string path = _folder.Write("tagged.mp3", [.. Tag(300), .. sound]);
        byte[] start = File.ReadAllBytes(path)[..AudioFormat.StartLength];
        AudioFormat recognized = AudioFormats.All.Single(other => other.Recognizes(start));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => recognized.Open(path)).Message;
        string[] parts =
            [path, "expected two frames of MPEG audio, one after the other", $"found {format}", "ffmpeg -i"];
        foreach (string part in parts)
            StringAssert.Contains(message, part);
    }

    /// <summary>A tag of ID3v2 with so many bytes of content.</summary>
    static byte[] Tag(int size) => [.. "ID3"u8, 4, 0, 0, 0, 0, (byte)(size >> 7), (byte)(size & 0x7F), .. new byte[size]];

    [TestMethod]
    [DataRow("mono.ogg")]
    [DataRow("stereo.ogg")]
    public void Damage_in_Ogg_pages_is_an_error_and_never_less_sound(string name)
    {
        byte[] good = File.ReadAllBytes(Golden(name));
        // In the header of the last page, and in its packets: NVorbis leaves out a page with a wrong check sum.
        int last = good.AsSpan().LastIndexOf("OggS"u8);
        foreach (int place in (int[])[last + 7, last + 14, last + 18, last + 40, good.Length - 5])
        {
            byte[] bad = [.. good];
            bad[place] ^= 0x10;
            string path = _folder.Write(name, bad);
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() =>
            {
                using AudioFile file = new VorbisFormat().Open(path);
                file.Read();
            }, $"byte {place - last} of the last page");
            StringAssert.Contains(error.Message, path);
        }
    }

    [TestMethod]
    public void LoadAudio_reads_them_by_their_first_bytes_beside_WAV_also_when_it_is_loaded()
    {
        File.Copy(Golden("mono.mp3"), _folder.File("voice.wav"));
        Row[] rows = [new() { File = Golden("mono.ogg") }, new() { File = _folder.File("voice.wav") }, new() { File = Golden("mono.wav") }];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        AudioLoadingTransformer loader = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", formats: AudioFormats.All).Fit(data);
        Assert.HasCount(3, loader.Formats);
        using var saved = new MemoryStream();
        _ml.Model.Save(loader, data.Schema, saved);
        string[] expected = ["mono.ogg.wav", "mono.mp3.wav", "mono.wav"];
        foreach (ITransformer transformer in (ITransformer[])[loader, new MLContext().Model.Load(saved, out _)])
        {
            List<object[]> read = Values.Read(transformer.Transform(data), "Waveform");
            for (int row = 0; row < rows.Length; row++)
            {
                using WaveFile wave = WaveFile.Open(Golden(expected[row]));
                AreClose(wave.Read(), (float[])read[row][0]);
            }
        }
        // Parts, in samples of the file, resampled afterwards.
        IDataView parts = _ml.Data.LoadFromEnumerable(new[] { new Row { File = Golden("stereo.ogg"), From = 1000, Count = 2000 } });
        IDataView part = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", 22050, "From", "Count", formats: AudioFormats.All)
            .Fit(parts).Transform(parts);
        using WaveFile stereo = WaveFile.Open(Golden("stereo.ogg.wav"));
        AreClose(new Resampler(44100, 22050).Resample(stereo.ReadMono(1000, 2000)), (float[])Values.Read(part, "Waveform")[0][0]);
    }

    [TestMethod]
    public void Without_its_formats_LoadAudio_says_how_to_read_or_convert_a_file()
    {
        foreach (string name in (string[])["mono.mp3", "mono.ogg", "mono.flac"])
        {
            IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Row { File = Golden(name) } });
            IDataView view = _ml.Transforms.VqVae.LoadAudio("Waveform", "File").Fit(data).Transform(data);
            string message = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Waveform")).Message;
            string[] parts =
                ["Row 0 of column 'File'", name, "ffmpeg -i", "VqVae.MLNet.AudioFormats", "formats: AudioFormats.All"];
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
        byte[] opus = new byte[64];
        "OggS"u8.CopyTo(opus);
        "OpusHead"u8.CopyTo(opus.AsSpan(28));
        string path = _folder.Write("a.ogg", opus);
        IDataView other = _ml.Data.LoadFromEnumerable(new[] { new Row { File = path } });
        IDataView opened = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", formats: AudioFormats.All).Fit(other).Transform(other);
        string refusal = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(opened, "Waveform")).Message;
        StringAssert.Contains(refusal, "found a file of the format Ogg Opus. Convert it first: ffmpeg -i");
        Assert.DoesNotContain("AudioFormats", refusal);
    }

    [TestMethod]
    public void A_saved_pipeline_without_the_assembly_of_its_formats_says_what_to_reference()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Row() });
        string path = _folder.File("model.zip");
        _ml.Model.Save(_ml.Transforms.VqVae.LoadAudio("Waveform", "File", formats: [new Mp3Format()]).Fit(data), data.Schema, path);
        // As in a program that does not have the package.
        byte[] model = File.ReadAllBytes(path);
        string description = ModelArchive.ReadDescription(model);
        Assert.Contains("Microsoft.ML.VqVae.AudioFormats\"", description);
        File.WriteAllBytes(path, ModelArchive.ReplaceDescription(
            model, description.Replace("Microsoft.ML.VqVae.AudioFormats\"", "Microsoft.ML.VqVae.AudioForgets\"", StringComparison.Ordinal)));
        string message = Assert.Throws<Exception>(() => new MLContext().Model.Load(path, out _)).ToString();
        StringAssert.Contains(
            message, "needs the type 'Microsoft.ML.VqVae.Audio.Mp3Format' of the assembly 'Microsoft.ML.VqVae.AudioForgets'");
        StringAssert.Contains(message, "Reference the assembly in the application that loads the model.");
    }

    [TestMethod]
    public void A_format_of_the_application_is_read_and_saved_with_its_settings()
    {
        string path = _folder.Write("a.steps", [.. "STEP"u8, 1, 2, 3]);
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Row { File = path } });
        ITransformer loader = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", formats: [new StepFormat { Scale = 0.25f }]).Fit(data);
        using var saved = new MemoryStream();
        _ml.Model.Save(loader, data.Schema, saved);
        foreach (ITransformer transformer in (ITransformer[])[loader, new MLContext().Model.Load(saved, out _)])
            CollectionAssert.AreEqual(new[] { 0.25f, 0.5f, 0.75f }, (float[])Values.Read(transformer.Transform(data), "Waveform")[0][0]);
    }

    static AudioFormat Format(string name) => AudioFormats.All.Single(format =>
    {
        byte[] start = File.ReadAllBytes(Golden(name))[..AudioFormat.StartLength];
        return format.Recognizes(start);
    });

    // Their programs round to 16 bits; MP3 decoders may differ by another rounding.
    static void AreClose(float[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], found[i], 1.6f / 32768, $"sample {i}");
    }

    sealed class Row
    {
        public string File { get; set; } = "";

        public long From { get; set; }

        public long Count { get; set; }
    }

    /// <summary>Bytes as samples: an application's own format.</summary>
    public sealed class StepFormat : AudioFormat
    {
        public float Scale { get; set; } = 1;

        public override bool Recognizes(ReadOnlySpan<byte> start) => start.StartsWith("STEP"u8);

        public override AudioFile Open(string path) => new StepFile(path, Scale);

        sealed class StepFile(string path, float scale) : AudioFile(path)
        {
            readonly byte[] _steps = File.ReadAllBytes(path)[4..];

            public override int SampleRate => 16000;

            public override int Channels => 1;

            public override long Length => _steps.Length;

            protected override void ReadPart(long start, Span<float> samples)
            {
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = _steps[start + i] * scale;
            }
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>Recordings without labels, for the training of the codec: the utterances that an utterances.tsv lists, or the WAV, NIST SPHERE,
/// FLAC, MP3 and Ogg Vorbis files of a folder and its subfolders. The last three are unpacked once, into the cache.</summary>
internal static class UnlabelledSpeech
{
    /// <summary>Reads all folders that were given, each in a stage of its own.</summary>
    public static AlignedUtterance[] ReadAll(IReadOnlyList<string> folders, Stages stages, CancellationToken cancellation) =>
        [.. folders.SelectMany(folder => stages.Run("Prepare unlabelled speech", stage =>
            Read(folder, GeneratedData.CacheFolder, stage, cancellation)))];

    /// <param name="folder">The folder.</param>
    /// <param name="cache">The folder of the cache.</param>
    /// <param name="stage">Receives the progress.</param>
    /// <param name="cancellation">Ends the unpacking.</param>
    /// <param name="option">The option that names the folder, for errors.</param>
    public static IReadOnlyList<AlignedUtterance> Read(
        string folder, string cache, Stage stage, CancellationToken cancellation, string option = "--unlabelled")
    {
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as {option}, does not exist.");
        if (File.Exists(Path.Combine(folder, "utterances.tsv")))
            return AlignedCorpus.Read(folder);
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, MatchCasing = MatchCasing.CaseInsensitive };
        string[] Files(string pattern) => [.. Directory.EnumerateFiles(folder, pattern, everywhere).Order(StringComparer.Ordinal)];
        string[] packed = [.. Files("*.flac"), .. Files("*.mp3"), .. Files("*.ogg")], waves = [.. Files("*.wav"), .. Files("*.sph")];
        if (packed.Length > 0)
            waves = [.. waves, .. Unpack(folder, packed, cache, stage, cancellation)];
        return waves.Length > 0
            ? [.. waves.Select(Utterance)]
            : throw new DataSetException($"'{folder}', given as {option}, has no .wav, .sph, .flac, .mp3 or .ogg files.");
    }

    static AlignedUtterance Utterance(string path)
    {
        using WaveFile wave = WaveFile.Open(path);
        string name = Path.GetFileNameWithoutExtension(path);
        return new AlignedUtterance { Utterance = name, Speaker = name, AudioPath = path, Length = wave.Length };
    }

    static string[] Unpack(string root, string[] files, string cache, Stage stage, CancellationToken cancellation)
    {
        string list = string.Join('\n', files.Select(path => $"{Path.GetFullPath(path)} {new FileInfo(path).Length}"));
        string name = "unpacked-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list)))[..12];
        string folder = GeneratedData.Open(cache, name, stage, cancellation: cancellation, make: made =>
        {
            for (int i = 0; i < files.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                stage.Report((double)i / files.Length, $"{i:N0}/{files.Length:N0} files unpacked, cached for later runs");
                // Files in different subfolders may have the same name.
                string relative = Path.GetRelativePath(root, files[i]) + ".wav";
                Unpack(files[i], Path.Combine(made, relative.Replace(Path.DirectorySeparatorChar, '-')));
            }
        });
        return [.. Directory.EnumerateFiles(folder, "*.wav").Order(StringComparer.Ordinal)];
    }

    static void Unpack(string packed, string wave)
    {
        try
        {
            using AudioFile file = FormatOf(packed).Open(packed);
            WaveFile.Write(wave, file.Read(), file.SampleRate, channels: file.Channels);
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException)
        {
            // The message names the file, or the program that is not installed.
            throw new DataSetException(error.Message);
        }
    }

    static AudioFormat FormatOf(string path)
    {
        byte[] start = new byte[AudioFormat.StartLength];
        int length;
        using (FileStream stream = File.OpenRead(path))
            length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return AudioFormats.All.FirstOrDefault(format => format.Recognizes(start.AsSpan(0, length)))
            ?? throw new DataSetException($"'{path}' is neither FLAC nor MP3 nor Ogg Vorbis, despite its extension. Remove or replace it.");
    }
}

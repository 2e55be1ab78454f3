using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>Recordings without labels, for the training of the codec: the utterances that an utterances.tsv lists, or the WAV, NIST SPHERE,
/// FLAC, MP3 and Ogg Vorbis files of a folder and its subfolders. The last three are unpacked once, into the cache.</summary>
internal static class UnlabelledSpeech
{
    /// <summary>To be changed with the places of unpacked files, so that older folders in the cache are not taken for these.</summary>
    const int Layout = 2;

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
        AlignedUtterance[] recordings = [.. waves.Select(path => Utterance(folder, path))];
        if (packed.Length > 0)
            recordings = [.. recordings, .. Unpack(folder, packed, cache, stage, cancellation)];
        return recordings.Length > 0
            ? recordings
            : throw new DataSetException($"'{folder}', given as {option}, has no .wav, .sph, .flac, .mp3 or .ogg files.");
    }

    /// <summary>A recording by its path in the folder, as recordings of different subfolders may have the same name. Who speaks is not known:
    /// each is taken for a speaker.</summary>
    static AlignedUtterance Utterance(string folder, string path)
    {
        using WaveFile wave = WaveFile.Open(path);
        string name = Path.ChangeExtension(Path.GetRelativePath(folder, path), null).Replace(Path.DirectorySeparatorChar, '/');
        return new AlignedUtterance { Utterance = name, Speaker = name, AudioPath = path, Length = wave.Length };
    }

    static IEnumerable<AlignedUtterance> Unpack(string root, string[] files, string cache, Stage stage, CancellationToken cancellation)
    {
        string list = string.Join('\n', files.Select(path => $"{Path.GetFullPath(path)} {new FileInfo(path).Length}"));
        string name = "unpacked-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list)))[..12] + $"-{Layout}";
        string folder = GeneratedData.Open(cache, name, stage, cancellation: cancellation, make: made =>
        {
            for (int i = 0; i < files.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                stage.Report((double)i / files.Length, $"{i:N0}/{files.Length:N0} files unpacked, cached for later runs");
                Unpack(files[i], UnpackedOf(made, root, files[i]));
            }
        });
        return files.Select(file => Utterance(folder, UnpackedOf(folder, root, file)));
    }

    /// <summary>The place of an unpacked file: that of the packed one, and its extension too, since both may have siblings of their name.</summary>
    static string UnpackedOf(string folder, string root, string packed) => Path.Combine(folder, Path.GetRelativePath(root, packed) + ".wav");

    static void Unpack(string packed, string wave)
    {
        try
        {
            using AudioFile file = FormatOf(packed).Open(packed);
            Directory.CreateDirectory(Path.GetDirectoryName(wave)!);
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

using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>Recordings without labels, for the training of the codec: the utterances that an utterances.tsv lists, or the WAV, NIST SPHERE
/// and FLAC files of a folder and its subfolders. FLAC files are unpacked once, by the program flac, into the cache.</summary>
internal static class UnlabelledSpeech
{
    public static IReadOnlyList<AlignedUtterance> Read(string folder, string cache, Stage stage, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --unlabelled, does not exist.");
        if (File.Exists(Path.Combine(folder, "utterances.tsv")))
            return AlignedCorpus.Read(folder);
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, MatchCasing = MatchCasing.CaseInsensitive };
        string[] Files(string pattern) => [.. Directory.EnumerateFiles(folder, pattern, everywhere).Order(StringComparer.Ordinal)];
        string[] packed = Files("*.flac"), waves = [.. Files("*.wav"), .. Files("*.sph")];
        if (packed.Length > 0)
            waves = [.. waves, .. Unpack(folder, packed, cache, stage, cancellation)];
        return waves.Length > 0
            ? [.. waves.Select(Utterance)]
            : throw new DataSetException($"'{folder}', given as --unlabelled, has no .wav, .sph or .flac files.");
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
                string relative = Path.ChangeExtension(Path.GetRelativePath(root, files[i]), ".wav");
                Unpack(files[i], Path.Combine(made, relative.Replace(Path.DirectorySeparatorChar, '-')));
            }
        });
        return [.. Directory.EnumerateFiles(folder, "*.wav").Order(StringComparer.Ordinal)];
    }

    static void Unpack(string packed, string wave)
    {
        var start = new ProcessStartInfo("flac") { RedirectStandardError = true };
        foreach (string argument in (string[])["--decode", "--silent", "--force", "-o", wave, packed])
            start.ArgumentList.Add(argument);
        try
        {
            using Process process = Process.Start(start)!;
            string complaint = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new DataSetException($"flac could not unpack '{packed}': {complaint.Trim()}");
        }
        catch (Win32Exception)
        {
            throw new DataSetException(
                $"'{packed}' has to be unpacked, but the program flac is not installed. Install it (Debian: apt install flac).");
        }
    }
}

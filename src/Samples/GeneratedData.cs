using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>Default data that is generated once by programs of the system and kept in a cache folder.</summary>
internal static class GeneratedData
{
    /// <summary>The environment variable with the cache folder, in place of the system's cache folder.</summary>
    public const string FolderVariable = "VQVAE_CACHE";

    public static string CacheFolder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named
        : Path.Combine(
            OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "vqvae-samples");

    /// <summary>Returns the folder of a data set in the cache, which is generated if it is missing. The folder is complete or absent: it is
    /// generated under another name, where an interrupted run resumes.</summary>
    /// <param name="cache">The cache, usually <see cref="CacheFolder"/>.</param>
    /// <param name="name">The unique name of the data set.</param>
    /// <param name="stage">Receives a report while this run waits for another.</param>
    /// <param name="make">Generates the data in the given folder.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static string Open(string cache, string name, Stage stage, Action<string> make, CancellationToken cancellation)
    {
        string folder = Path.Combine(cache, name);
        if (Directory.Exists(folder))
            return folder;
        Directory.CreateDirectory(cache);
        using FileStream alone = WaitForOthers(folder + ".lock", stage, cancellation);
        if (Directory.Exists(folder))
            return folder;
        string unfinished = folder + ".unfinished";
        Directory.CreateDirectory(unfinished);
        make(unfinished);
        Directory.Move(unfinished, folder);
        return folder;
    }

    /// <summary>Only one process at a time generates the data; the lock is released even if the process is killed.</summary>
    static FileStream WaitForOthers(string path, Stage stage, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                stage.Report(0, "waiting for another process that generates the same data");
                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }
}

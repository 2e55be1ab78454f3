using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>Default data that programs of the system make: made once, and kept in a cache folder.</summary>
internal static class GeneratedData
{
    /// <summary>The environment variable that says where the cache lies, if not where the system keeps caches.</summary>
    public const string FolderVariable = "VQVAE_CACHE";

    public static string CacheFolder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named
        : Path.Combine(
            OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "vqvae-samples");

    /// <summary>The folder of a data set in a cache; has it made where it is not there yet. The folder is complete or absent: it is made
    /// under another name, and what an interrupted run left there is handed to the next.</summary>
    /// <param name="cache">The cache, as a rule <see cref="CacheFolder"/>.</param>
    /// <param name="name">The name of the data set, which has to tell it from all others.</param>
    /// <param name="stage">Is told where this run has to wait for another.</param>
    /// <param name="make">Fills the folder that it is given.</param>
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

    /// <summary>A process at a time makes the data; the file is unlocked even where a process is killed.</summary>
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
                stage.Report(0, "waiting for another process that makes the same data");
                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }
}

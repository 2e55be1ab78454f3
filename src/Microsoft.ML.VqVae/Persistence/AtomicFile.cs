using System.Security.Cryptography;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>Writes files whole or not at all: first under a temporary name beside the file, which the finished one then replaces.</summary>
/// <remarks>
/// <para>The temporary name, <c>NAME.RANDOM.tmp</c>, is random, and the file must be new: neither another writer nor a symbolic link that
/// somebody planted can be at its place. A file that is replaced keeps its permissions; a symbolic link stays and its target is
/// replaced.</para>
/// <para>The writer holds its temporary file open until it is renamed. One that nobody holds open was left by a process that ended, and the
/// next writer of the same file removes it.</para>
/// </remarks>
internal static class AtomicFile
{
    const string Extension = ".tmp";
    const int RandomBytes = 8;

    // A file that cannot be created may be one that another writer took for a leftover before it was locked.
    const int Attempts = 10;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written; one that existed stays as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = TargetOf(path);
        RemoveLeftovers(target);
        using FileStream stream = Create(target);
        try
        {
            write(stream);
            stream.Flush(flushToDisk: true);
            KeepPermissions(stream, target);
            File.Move(stream.Name, target, overwrite: true);
        }
        catch
        {
            File.Delete(stream.Name);
            throw;
        }
    }

    /// <summary>Creates and removes a file beside <paramref name="path"/>, to find out whether it can be written.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Probe(string path)
    {
        string target = TargetOf(path);
        RemoveLeftovers(target);
        using FileStream stream = Create(target);
        try
        {
            stream.WriteByte(0);
            stream.Flush(flushToDisk: true);
        }
        finally
        {
            File.Delete(stream.Name);
        }
    }

    /// <summary>Creates a folder and finds out whether a file in it can be written, before there is work to lose.</summary>
    /// <param name="option">The option that names the folder.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The name of the file.</param>
    /// <exception cref="IOException">It cannot.</exception>
    public static void PrepareFolder(string option, string folder, string name)
    {
        try
        {
            Directory.CreateDirectory(folder);
            Probe(Path.Combine(folder, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new IOException($"{option} '{folder}' cannot be written: {e.Message}", e);
        }
    }

    // Not set where they are the same already: some file systems know no permissions.
    static void KeepPermissions(FileStream stream, string target)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(target))
            return;
        UnixFileMode mode = File.GetUnixFileMode(target);
        if (File.GetUnixFileMode(stream.SafeFileHandle) != mode)
            File.SetUnixFileMode(stream.SafeFileHandle, mode);
    }

    static string TargetOf(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
    }

    static FileStream Create(string target)
    {
        // Shared for deletion, so that it can be renamed while it is open.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Delete };
        // What replaces a private file is private from the start.
        if (!OperatingSystem.IsWindows() && File.Exists(target))
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (int attempt = 1; ; attempt++)
        {
            string name = $"{target}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes))}{Extension}";
            try
            {
                var stream = new FileStream(name, options);
                // From here on it is locked, and nobody takes it for a leftover.
                if (File.Exists(name))
                    return stream;
                stream.Dispose();
            }
            catch (IOException) when (attempt < Attempts && Directory.Exists(Path.GetDirectoryName(target)))
            {
            }
        }
    }

    static void RemoveLeftovers(string target)
    {
        string prefix = Path.GetFileName(target) + ".";
        var folder = new DirectoryInfo(Path.GetDirectoryName(target)!);
        if (!folder.Exists)
            return;
        foreach (FileInfo file in folder.EnumerateFiles("*" + Extension))
        {
            if (!IsTemporary(file.Name, prefix) || file.LinkTarget is not null)
                continue;
            try
            {
                using FileStream unused = file.Open(new FileStreamOptions { Access = FileAccess.ReadWrite, Share = FileShare.None });
                file.Delete();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody is writing it, or it is not ours to remove.
            }
        }
    }

    // The numbers of processes that version 0.1 used in place of random ones count as hexadecimal digits too.
    static bool IsTemporary(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal)
        && name.Length > prefix.Length + Extension.Length
        && name[prefix.Length..^Extension.Length].All(char.IsAsciiHexDigitLower);
}

using System.IO.Compression;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>A model file being written: a zip archive, an entry a model, a folder a part.</summary>
internal sealed class RepositoryWriter : IDisposable
{
    private readonly ZipArchive _archive;
    private readonly List<(string Path, MemoryStream Content)> _entries = new();

    private RepositoryWriter(Stream stream, IExceptionContext context)
    {
        ExceptionContext = context;
        _archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
    }

    public IExceptionContext ExceptionContext { get; }

    public static RepositoryWriter CreateNew(Stream stream, IExceptionContext context = null)
    {
        var repository = new RepositoryWriter(stream, context);
        using var writer = new StreamWriter(repository.CreateEntry("TrainingInfo", "Version.txt"), leaveOpen: true);
        writer.WriteLine(typeof(RepositoryWriter).Assembly.GetName().Version);
        return repository;
    }

    /// <summary>
    /// Entries may be written at the same time; they go into the archive, which takes one at a time, with <see cref="Commit"/>.
    /// </summary>
    public Stream CreateEntry(string directory, string name)
    {
        string path = RepositoryReader.Normalize(directory, name);
        if (_entries.Any(entry => entry.Path == path))
            throw ExceptionContext.ExceptParam(nameof(name), $"Duplicate entry: '{path}'");
        var content = new MemoryStream();
        _entries.Add((path, content));
        return content;
    }

    public void Commit()
    {
        foreach (var (path, content) in _entries)
        {
            using var target = _archive.CreateEntry(path).Open();
            content.WriteTo(target);
        }
        _entries.Clear();
        Dispose();
    }

    public void Dispose() => _archive.Dispose();
}

/// <summary>A model file being read.</summary>
internal sealed class RepositoryReader : IDisposable
{
    private readonly ZipArchive _archive;

    private RepositoryReader(ZipArchive archive, IExceptionContext context)
    {
        _archive = archive;
        ExceptionContext = context;
    }

    public IExceptionContext ExceptionContext { get; }

    public static RepositoryReader Open(Stream stream, IExceptionContext context = null)
    {
        try
        {
            return new RepositoryReader(new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true), context);
        }
        catch (Exception exception)
        {
            throw context.ExceptDecode("Failed to open a zip archive", exception);
        }
    }

    public Stream OpenEntryOrNull(string directory, string name)
    {
        string path = Normalize(directory, name);
        var entry = _archive.GetEntry(path) ?? _archive.GetEntry(path.Replace('/', '\\'));
        if (entry == null)
            return null;
        ExceptionContext.CheckDecode(entry.Length < int.MaxValue, "Repository stream too large to read into memory");
        var content = new MemoryStream((int)entry.Length);
        using var source = entry.Open();
        source.CopyTo(content);
        content.Position = 0;
        return content;
    }

    public void Dispose() => _archive.Dispose();

    internal static string Normalize(string directory, string name) => Path.Combine(directory ?? "", name).Replace('\\', '/');
}

using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The part of a model file that one component writes.</summary>
public sealed class ModelSaveContext : IDisposable
{
    private readonly IExceptionContext _context;
    private readonly List<string> _strings = new();
    private readonly Dictionary<string, int> _stringIds = new();
    private string _loaderAssemblyName;

    internal readonly RepositoryWriter Repository;
    internal readonly string Directory;
    internal readonly BinaryWriter Writer;
    internal readonly long FpMin;
    internal ModelHeader Header;

    internal ModelSaveContext(RepositoryWriter repository, string directory, string name)
        : this(new BinaryWriter(repository.CreateEntry(directory, name), Encoding.UTF8, leaveOpen: true), repository.ExceptionContext)
    {
        Repository = repository;
        Directory = directory;
    }

    internal ModelSaveContext(BinaryWriter writer, IExceptionContext context = null)
    {
        _context = context;
        Writer = writer;
        FpMin = writer.BaseStream.Position;
        ModelHeader.BeginWrite(writer);
    }

    internal bool InRepository => Repository != null;

    internal void CheckAtModel() => _context.Check(Writer.BaseStream.Position == FpMin + ModelHeader.Size);

    internal void SetVersionInfo(VersionInfo ver)
    {
        Header.SetVersionInfo(ver);
        _loaderAssemblyName = ver.LoaderAssemblyName;
    }

    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        _context.Check(InRepository, "Can't save a text stream when writing to a single stream");
        _context.CheckNonEmpty(name, nameof(name));
        using var writer = new BinaryWriter(Repository.CreateEntry(Directory, name), Encoding.UTF8, leaveOpen: true);
        action(writer);
    }

    internal void SaveString(string str)
    {
        _context.CheckValue(str, nameof(str));
        if (!_stringIds.TryGetValue(str, out int id))
        {
            _stringIds[str] = id = _strings.Count;
            _strings.Add(str);
        }
        Writer.Write(id);
    }

    internal void SaveNonEmptyString(string str)
    {
        _context.CheckParam(!string.IsNullOrEmpty(str), nameof(str));
        SaveString(str);
    }

    internal void SaveStringOrNull(string str)
    {
        if (str == null)
            Writer.Write(-1);
        else
            SaveString(str);
    }

    internal void SaveModel<T>(T value, string name) where T : class
    {
        _context.Check(InRepository, "Can't save a sub-model when writing to a single stream");
        SaveModel(Repository, value, Path.Combine(Directory ?? "", name));
    }

    internal static void SaveModel<T>(RepositoryWriter repository, T value, string path) where T : class
    {
        if (value is not ICanSaveModel model)
            return;
        using var context = new ModelSaveContext(repository, path, ModelLoadContext.ModelStreamName);
        model.Save(context);
        context.Done();
    }

    internal void Done()
    {
        _context.Check(Header.ModelSignature != 0, "ModelSignature not specified!");
        Header.EndWrite(Writer, FpMin, _strings, _loaderAssemblyName);
        Dispose();
    }

    public void Dispose()
    {
        if (InRepository)
            Writer.Dispose();
    }
}

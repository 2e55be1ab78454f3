using System.Reflection;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The part of a model file that one component reads.</summary>
internal sealed class ModelLoadContext : IDisposable
{
    public const string ModelStreamName = "Model.key";

    private readonly IExceptionContext _context;

    public readonly RepositoryReader Repository;
    public readonly string Directory;
    public readonly BinaryReader Reader;
    public readonly string[] Strings;
    public readonly string LoaderAssemblyName;
    public readonly long FpMin;
    internal ModelHeader Header;

    private ModelLoadContext(RepositoryReader repository, Stream entry, string directory)
        : this(new BinaryReader(entry, Encoding.UTF8, leaveOpen: true), repository.ExceptionContext)
    {
        Repository = repository;
        Directory = directory;
    }

    internal ModelLoadContext(BinaryReader reader, IExceptionContext context = null)
    {
        _context = context;
        Reader = reader;
        Header = ModelHeader.BeginRead(reader, out FpMin, out Strings, out LoaderAssemblyName);
    }

    public bool InRepository => Repository != null;

    public void CheckAtModel() => _context.Check(Reader.BaseStream.Position == FpMin + Header.FpModel);

    public void CheckAtModel(VersionInfo ver)
    {
        CheckAtModel();
        Header.CheckVersionInfo(ver);
    }

    public string LoadStringOrNull()
    {
        int id = Reader.ReadInt32();
        _context.CheckDecode(id >= -1 && id < Strings.Length);
        return id < 0 ? null : Strings[id];
    }

    public string LoadString()
    {
        string text = LoadStringOrNull();
        _context.CheckDecode(text != null);
        return text;
    }

    public string LoadNonEmptyString()
    {
        string text = LoadString();
        _context.CheckDecode(text.Length > 0);
        return text;
    }

    public bool TryLoadBinaryStream(string name, Action<BinaryReader> action)
    {
        _context.Check(InRepository, "Can't Load a sub-model when reading from a single stream");
        using var entry = Repository.OpenEntryOrNull(Directory, name);
        if (entry == null)
            return false;
        using var reader = new BinaryReader(entry, Encoding.UTF8, leaveOpen: true);
        action(reader);
        return true;
    }

    public void LoadModel<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra) where TRes : class
    {
        if (!LoadModelOrNull<TRes, TSig>(env, out result, name, extra))
            throw _context.ExceptDecode("Corrupt model file");
    }

    public bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra) where TRes : class
    {
        _context.Check(InRepository, "Can't load a sub-model when reading from a single stream");
        return LoadModelOrNull<TRes, TSig>(env, out result, Repository, Path.Combine(Directory ?? "", name), extra);
    }

    public static bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, RepositoryReader rep, string dir,
        params object[] extra)
        where TRes : class
    {
        result = null;
        using var entry = rep.OpenEntryOrNull(dir, ModelStreamName);
        if (entry == null)
            return false;
        using var context = new ModelLoadContext(rep, entry, dir);
        if (!string.IsNullOrEmpty(context.LoaderAssemblyName))
            env.ComponentCatalog.RegisterAssembly(Assembly.Load(context.LoaderAssemblyName));
        ComponentCatalog.TryCreateInstance<object>(env, typeof(TSig), out var loaded, context.Header.GetLoaderSignature(),
            [context, .. extra]);
        result = loaded as TRes ?? throw env.ExceptDecode($"Couldn't load model: '{dir}'");
        context.Done();
        return true;
    }

    private void Done()
    {
        _context.CheckDecode(Header.FpModel + Header.CbModel == Reader.BaseStream.Position - FpMin);
        Dispose();
    }

    public void Dispose()
    {
        if (InRepository)
            Reader.Dispose();
    }
}

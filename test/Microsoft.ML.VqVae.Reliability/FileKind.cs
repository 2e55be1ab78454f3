using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>What reading a file and using its content gave.</summary>
/// <param name="Rows">The number of rows.</param>
/// <param name="Digest">The SHA-256 of all values.</param>
internal sealed record ReadResult(long Rows, string Digest);

/// <summary>A kind of file that the library or its samples read.</summary>
/// <param name="name">The name of the kind.</param>
/// <param name="extension">The extension of its files, with a dot.</param>
internal abstract class FileKind(string name, string extension)
{
    public string Name => name;

    public string Extension => extension;

    /// <summary>Whether damage is noticed, since the file has a digest. Where it has none, other content is content.</summary>
    public virtual bool HasDigest => true;

    /// <summary>Whether the file is a model, whose parts can be damaged one by one.</summary>
    public virtual bool IsModel => false;

    /// <summary>Whether the file begins with a header of safetensors.</summary>
    public virtual bool IsSafetensors => false;

    /// <summary>Makes a good file. Files that it refers to lie in the folder.</summary>
    public abstract byte[] Create(string folder);

    /// <summary>Reads a file, and uses what it holds.</summary>
    public abstract ReadResult Read(string path, string folder);
}

/// <summary>A model file: it is loaded, and transforms rows.</summary>
internal sealed class ModelKind(
    string name, Func<MLContext, string, ITransformer> fit, Func<MLContext, string, IDataView> data,
    Func<MLContext, ITransformer, IDataView>? sample = null)
    : FileKind(name, ".zip")
{
    public override bool IsModel => true;

    public override byte[] Create(string folder)
    {
        var ml = new MLContext(seed: 1);
        ITransformer model = fit(ml, folder);
        using IDisposable? owner = model as IDisposable;
        using var stream = new MemoryStream();
        ml.Model.Save(model, null, stream);
        return stream.ToArray();
    }

    public override ReadResult Read(string path, string folder)
    {
        var ml = new MLContext(seed: 1);
        ITransformer loaded = ml.Model.Load(path, out _);
        using IDisposable? owner = loaded as IDisposable;
        ITransformer model = loaded is IEnumerable<ITransformer> chain ? chain.Last() : loaded;
        List<IDataView> views = [model.Transform(data(ml, folder))];
        if (sample is not null)
            views.Add(sample(ml, model));
        return ViewDigest.Of([.. views]);
    }
}

/// <summary>The digest of all visible columns of views.</summary>
internal static class ViewDigest
{
    public static ReadResult Of(params IDataView[] views)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long rows = 0;
        foreach (IDataView view in views)
        {
            DataViewSchema.Column[] columns = [.. view.Schema.Where(column => !column.IsHidden)];
            using DataViewRowCursor cursor = view.GetRowCursor(columns);
            Action[] readers = [.. columns.Select(column => Reader(cursor, column, hash))];
            for (; cursor.MoveNext(); rows++)
            {
                foreach (Action reader in readers)
                    reader();
            }
        }
        return new ReadResult(rows, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    static Action Reader(DataViewRowCursor cursor, DataViewSchema.Column column, IncrementalHash hash)
    {
        var vector = column.Type as VectorDataViewType;
        Type item = (vector?.ItemType ?? column.Type).RawType;
        if (item == typeof(float))
            return Reader<float>(cursor, column, hash, BitConverter.GetBytes);
        if (item == typeof(uint))
            return Reader<uint>(cursor, column, hash, BitConverter.GetBytes);
        if (item == typeof(long))
            return Reader<long>(cursor, column, hash, BitConverter.GetBytes);
        if (item == typeof(ReadOnlyMemory<char>))
            return Reader<ReadOnlyMemory<char>>(cursor, column, hash, text => Encoding.Unicode.GetBytes($"{text}\n"));
        return item == typeof(int)
            ? Reader<int>(cursor, column, hash, BitConverter.GetBytes)
            : throw new NotSupportedException($"Column '{column.Name}' is of type {column.Type}.");
    }

    static Action Reader<T>(DataViewRowCursor cursor, DataViewSchema.Column column, IncrementalHash hash, Func<T, byte[]> bytes)
    {
        if (column.Type is not VectorDataViewType)
        {
            ValueGetter<T> scalar = cursor.GetGetter<T>(column);
            return () =>
            {
                T value = default!;
                scalar(ref value);
                hash.AppendData(bytes(value));
            };
        }
        ValueGetter<VBuffer<T>> getter = cursor.GetGetter<VBuffer<T>>(column);
        VBuffer<T> values = default;
        return () =>
        {
            getter(ref values);
            hash.AppendData(BitConverter.GetBytes(values.Length));
            foreach (T value in values.DenseValues())
                hash.AppendData(bytes(value));
        };
    }
}

using Microsoft.ML.Data;
using Parquet;
using Parquet.Schema;

namespace Microsoft.ML.VqVae.Samples.Shards;

/// <summary>Files of codes, as small integers: ML.NET's binary format, or Parquet.</summary>
internal static class CodesFile
{
    // A row group of Parquet is in memory while it is written.
    const int CodesOfGroup = 1 << 22;

    /// <summary>Whether a file is to be Parquet, by its extension.</summary>
    /// <exception cref="DataSetException">It is no extension of a known format.</exception>
    public static bool IsParquet(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".parquet" => true,
        ".idv" => false,
        string other => throw new DataSetException(
            $"--out is '{path}', with the extension '{other}'; expected is .parquet (Parquet) or .idv (ML.NET binary)."),
    };

    /// <summary>Writes codes as keys, from 1, of the smallest unsigned type that has them all, and scores.</summary>
    /// <exception cref="OperationCanceledException">The writing was canceled.</exception>
    public static void WriteBinary(MLContext ml, IDataView rows, string codes, string? score, Stream stream, CancellationToken cancellation)
    {
        ulong count = KeyOf(rows.Schema[codes]).Count;
        DataKind kind = count <= byte.MaxValue ? DataKind.Byte : count <= ushort.MaxValue ? DataKind.UInt16 : DataKind.UInt32;
        rows = new CancelableRows(rows, cancellation);
        IDataView small = kind == DataKind.UInt32 ? rows : ml.Transforms.Conversion.ConvertType(codes, codes, kind).Fit(rows).Transform(rows);
        string[] columns = score is null ? [codes] : [codes, score];
        try
        {
            ml.Data.SaveAsBinary(ml.Transforms.SelectColumns(columns).Fit(small).Transform(small), stream);
        }
        catch (Exception error) when (cancellation.IsCancellationRequested)
        {
            // ML.NET reads on another thread, and wraps what that throws.
            throw new OperationCanceledException("The writing of codes was canceled.", error, cancellation);
        }
    }

    /// <summary>Writes the number of each row, codes from 0 as a list of the smallest unsigned type that has them all, and scores.</summary>
    public static void WriteParquet(IDataView rows, long firstRow, string codes, string? score, Stream stream, CancellationToken cancellation)
    {
        ulong count = KeyOf(rows.Schema[codes]).Count;
        Task written = count <= byte.MaxValue + 1 ? Write<byte>(key => (byte)(key - 1))
            : count <= ushort.MaxValue + 1 ? Write<ushort>(key => (ushort)(key - 1)) : Write<uint>(key => key - 1);
        written.GetAwaiter().GetResult();

        Task Write<T>(Func<uint, T> convert) where T : unmanaged =>
            WriteParquetAsync(rows, firstRow, codes, score, stream, convert, cancellation);
    }

    static async Task WriteParquetAsync<T>(
        IDataView rows, long firstRow, string codes, string? score, Stream stream, Func<uint, T> convert, CancellationToken cancellation)
        where T : unmanaged
    {
        var (rowField, codeField, scoreField) = (new DataField<long>("row"), new DataField<T>("element"), new DataField<float>("score"));
        var codesField = new ListField("codes", codeField);
        var schema = new ParquetSchema(score is null ? [rowField, codesField] : [rowField, codesField, scoreField]);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, cancellationToken: cancellation);
        List<long> numbers = [];
        List<T> values = [];
        List<int> levels = [], definitions = [];
        List<float> scores = [];
        foreach ((uint[] keys, float value) in Read(rows, codes, score))
        {
            cancellation.ThrowIfCancellationRequested();
            numbers.Add(firstRow++);
            for (int i = 0; i < keys.Length; i++)
            {
                values.Add(convert(keys[i]));
                // A list begins at level 0 and goes on at level 1.
                levels.Add(i == 0 ? 0 : 1);
                definitions.Add(codeField.MaxDefinitionLevel);
            }
            if (keys.Length == 0)
            {
                // A list that is there, without an element: sound without samples has no codes.
                levels.Add(0);
                definitions.Add(codeField.MaxDefinitionLevel - 1);
            }
            scores.Add(value);
            if (values.Count >= CodesOfGroup)
                await WriteGroupAsync();
        }
        if (numbers.Count > 0)
            await WriteGroupAsync();

        async Task WriteGroupAsync()
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<long>(rowField, numbers.ToArray(), cancellationToken: cancellation);
            await group.WriteAllPartsAsync<T>(codeField, values.ToArray(), definitions.ToArray(), levels.ToArray(), cancellation);
            if (score is not null)
                await group.WriteAsync<float>(scoreField, scores.ToArray(), cancellationToken: cancellation);
            numbers.Clear();
            values.Clear();
            levels.Clear();
            definitions.Clear();
            scores.Clear();
        }
    }

    static IEnumerable<(uint[] Keys, float Score)> Read(IDataView rows, string codes, string? score)
    {
        DataViewSchema.Column codesColumn = rows.Schema[codes];
        DataViewSchema.Column[] read = score is null ? [codesColumn] : [codesColumn, rows.Schema[score]];
        using DataViewRowCursor cursor = rows.GetRowCursor(read);
        ValueGetter<VBuffer<uint>> getKeys = cursor.GetGetter<VBuffer<uint>>(codesColumn);
        ValueGetter<float>? getScore = score is null ? null : cursor.GetGetter<float>(read[1]);
        VBuffer<uint> keys = default;
        float value = 0;
        while (cursor.MoveNext())
        {
            getKeys(ref keys);
            getScore?.Invoke(ref value);
            yield return ([.. keys.DenseValues()], value);
        }
    }

    static KeyDataViewType KeyOf(DataViewSchema.Column column) =>
        column.Type is VectorDataViewType { ItemType: KeyDataViewType key } && key.RawType == typeof(uint) ? key
            : throw new DataSetException($"The column '{column.Name}' of the model's output is {column.Type}; codes are a vector of keys.");

    /// <summary>Rows between which a token is asked, for SaveAsBinary, which takes none.</summary>
    sealed class CancelableRows(IDataView rows, CancellationToken cancellation) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => rows.Schema;

        public long? GetRowCount() => rows.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
            new Cursor(rows.GetRowCursor(columnsNeeded), cancellation);

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
            [GetRowCursor(columnsNeeded)];

        sealed class Cursor(DataViewRowCursor inner, CancellationToken cancellation) : DataViewRowCursor
        {
            public override DataViewSchema Schema => inner.Schema;

            public override long Position => inner.Position;

            public override long Batch => inner.Batch;

            public override bool MoveNext()
            {
                cancellation.ThrowIfCancellationRequested();
                return inner.MoveNext();
            }

            public override bool IsColumnActive(DataViewSchema.Column column) => inner.IsColumnActive(column);

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => inner.GetGetter<TValue>(column);

            public override ValueGetter<DataViewRowId> GetIdGetter() => inner.GetIdGetter();

            protected override void Dispose(bool disposing)
            {
                if (disposing)
                    inner.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}

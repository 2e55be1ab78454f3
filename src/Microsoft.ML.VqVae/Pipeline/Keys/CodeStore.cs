using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Rows of codes in memory, with the classes that they are conditioned on. Read and checked in one pass; a code takes two bytes
/// if K allows it.</summary>
internal sealed class CodeStore : IExampleStore
{
    readonly ICodeRows _rows;
    readonly List<int> _conditions = [];
    readonly CodeRequirements _required;

    public CodeStore(CodeRequirements required)
    {
        _required = required;
        // Codes are from −1, a missing one, and are stored as keys.
        _rows = required.Codes <= ushort.MaxValue ? new CodeRows<ushort>() : new CodeRows<uint>();
    }

    public int Count => _rows.Count;

    public long TotalCodes { get; private set; }

    /// <summary>The class of each row; empty if rows have no classes.</summary>
    public IReadOnlyList<int> Conditions => _conditions;

    public int LengthOf(int row) => _rows.LengthOf(row);

    /// <summary>Reads the whole columns; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="codes">The column of codes.</param>
    /// <param name="condition">The column of conditions; null for none.</param>
    /// <param name="purpose">The purpose of the rows, for the message if there are none.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    public static CodeStore Read(
        IDataView data, CodeRequirements codes, CategoryColumn? condition, string purpose, CancellationToken cancellation)
    {
        var store = new CodeStore(codes);
        using DataViewRowCursor cursor = data.GetRowCursor(condition is null ? [codes.Column] : [codes.Column, condition.Column]);
        var codeGetter = new CodeGetter(codes, cursor);
        CategoryGetter? conditionGetter = condition is null ? null : new CategoryGetter(condition, cursor);
        while (UnreadableRow.MoveNext(cursor, cancellation))
            store.Add(codeGetter.Read(), conditionGetter?.Read());
        store.RequireRows(purpose);
        return store;
    }

    /// <summary>Adds a row, with its class if rows have classes.</summary>
    public void Add(ReadOnlySpan<long> codes, int? condition = null)
    {
        if (Count == int.MaxValue)
            throw new InvalidOperationException($"More than {int.MaxValue} rows: take a sample of them.");
        _rows.Add(codes);
        TotalCodes += codes.Length;
        if (condition is int known)
            _conditions.Add(known);
    }

    /// <summary>Throws if there are no rows.</summary>
    public void RequireRows(string purpose)
    {
        if (Count == 0)
        {
            throw new InvalidOperationException(
                $"The data view has no rows: there is nothing in column '{_required.Column.Name}' to {purpose}.");
        }
    }

    /// <summary>The given rows on the CPU: codes Int64 [rows, longest], lengths Int64 [rows] and, if rows have classes, classes Int64
    /// [rows]. The caller owns the tensors. Thread-safe.</summary>
    /// <param name="rows">The numbers of the rows.</param>
    /// <param name="length">The length of the rows of the tensor; null for that of the longest row.</param>
    /// <param name="filling">The value beyond the end of a row.</param>
    public Tensor[] ReadBatch(ReadOnlySpan<int> rows, int? length = null, long filling = 0)
    {
        int longest = length ?? _required.Length ?? 0;
        if (longest == 0)
        {
            foreach (int row in rows)
                longest = Math.Max(longest, _rows.LengthOf(row));
        }
        Tensor codes = zeros([rows.Length, longest], dtype: ScalarType.Int64).Fill_(filling);
        Tensor lengths = empty([rows.Length], dtype: ScalarType.Int64);
        Span<long> codeValues = MemoryMarshal.Cast<byte, long>(codes.bytes), lengthValues = MemoryMarshal.Cast<byte, long>(lengths.bytes);
        for (int i = 0; i < rows.Length; i++)
        {
            _rows.Copy(rows[i], codeValues[(i * longest)..]);
            lengthValues[i] = _rows.LengthOf(rows[i]);
        }
        if (_conditions.Count == 0)
            return [codes, lengths];
        Tensor conditions = empty([rows.Length], dtype: ScalarType.Int64);
        Span<long> conditionValues = MemoryMarshal.Cast<byte, long>(conditions.bytes);
        for (int i = 0; i < rows.Length; i++)
            conditionValues[i] = _conditions[rows[i]];
        return [codes, lengths, conditions];
    }

    public Tensor[] ReadBatch(BatchExamples examples) => ReadBatch(examples.Span);

    /// <summary>The codes of a row.</summary>
    public void Copy(int row, Span<long> codes) => _rows.Copy(row, codes);

    interface ICodeRows
    {
        int Count { get; }

        int LengthOf(int row);

        void Add(ReadOnlySpan<long> codes);

        void Copy(int row, Span<long> codes);
    }

    sealed class CodeRows<T> : ICodeRows where T : unmanaged, IBinaryInteger<T>
    {
        readonly List<T[]> _keys = [];

        public int Count => _keys.Count;

        public int LengthOf(int row) => _keys[row].Length;

        public void Add(ReadOnlySpan<long> codes)
        {
            var keys = new T[codes.Length];
            for (int i = 0; i < keys.Length; i++)
                keys[i] = T.CreateTruncating(codes[i] + 1);
            _keys.Add(keys);
        }

        public void Copy(int row, Span<long> codes)
        {
            T[] keys = _keys[row];
            for (int i = 0; i < keys.Length; i++)
                codes[i] = long.CreateTruncating(keys[i]) - 1;
        }
    }
}

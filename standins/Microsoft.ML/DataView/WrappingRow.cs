using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A row over another row, at the same position.</summary>
internal abstract class WrappingRow : DataViewRow
{
    private bool _disposed;

    private protected WrappingRow(DataViewRow input) => Input = input;

    private protected DataViewRow Input { get; }

    public sealed override long Position => Input.Position;

    public sealed override long Batch => Input.Batch;

    public sealed override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    protected sealed override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        DisposeCore(disposing);
        if (disposing)
            Input.Dispose();
    }

    private protected virtual void DisposeCore(bool disposing) { }
}

/// <summary>A cursor over another cursor, at the same position.</summary>
internal abstract class SynchronizedCursorBase : DataViewRowCursor
{
    private bool _disposed;

    private protected SynchronizedCursorBase(DataViewRowCursor input) => Input = input;

    private protected DataViewRowCursor Input { get; }

    public sealed override long Position => Input.Position;

    public sealed override long Batch => Input.Batch;

    public sealed override bool MoveNext() => Input.MoveNext();

    public sealed override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (disposing)
            Input.Dispose();
    }
}

internal static class RowCursorUtils
{
    public const string FetchValueStateError = "Values cannot be fetched at this time. This method was called either before the " +
        "first call to MoveNext, or at any point after that method returned false.";

    /// <summary>The getter as the type that was asked for, or an error that names both types.</summary>
    public static ValueGetter<TValue> Typed<TValue>(Delegate getter) => getter as ValueGetter<TValue> ??
        throw Contracts.Except(null, $"Invalid TValue in GetGetter: '{typeof(TValue)}', " +
            $"expected type: '{getter.GetType().GetGenericArguments()[0]}'.");

    public static Func<int, bool> FromColumnsToPredicate(IEnumerable<DataViewSchema.Column> columnsNeeded, DataViewSchema schema)
    {
        var active = new bool[schema.Count];
        foreach (var column in columnsNeeded ?? [])
            active[column.Index] = true;
        return index => index >= 0 && index < active.Length && active[index];
    }

    /// <summary>A getter for a column of which only the type object is known at compile time.</summary>
    public static Delegate GetGetter(DataViewRow row, DataViewSchema.Column column) =>
        (Delegate)_getGetter.MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column]);

    private static readonly System.Reflection.MethodInfo _getGetter =
        typeof(RowCursorUtils).GetMethod(nameof(GetTypedGetter),
            System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic);

    private static Delegate GetTypedGetter<T>(DataViewRow row, DataViewSchema.Column column) => row.GetGetter<T>(column);
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The error for a row that its source cannot read, such as an image file that LoadImages cannot decode: ML.NET names neither the
/// row nor the file, and says of errors in other threads only that there was one.</summary>
internal static class UnreadableRow
{
    /// <summary>Moves a cursor on; an error of another thread is reported with its cause.</summary>
    public static bool MoveNext(DataViewRowCursor cursor, CancellationToken cancellation = default)
    {
        try
        {
            if (!cursor.MoveNext())
                return false;
            cancellation.ThrowIfCancellationRequested();
            return true;
        }
        catch (InvalidOperationException exception) when (exception.InnerException is not null && ReasonOf(exception) != exception.Message)
        {
            throw new InvalidOperationException($"The rows cannot be read. {ReasonOf(exception)}", exception);
        }
    }

    // The outermost message that has the innermost in it: that of an error which was told on by others, without its text.
    static string ReasonOf(Exception exception)
    {
        string innermost = exception.GetBaseException().Message;
        Exception outer = exception;
        while (!outer.Message.Contains(innermost, StringComparison.Ordinal))
            outer = outer.InnerException!;
        return outer.Message;
    }

    /// <summary>The error of a row that is known.</summary>
    /// <param name="column">The column that was read.</param>
    /// <param name="row">The number of the row, from 0.</param>
    /// <param name="cause">The error of the source.</param>
    public static InvalidOperationException Error(string column, long row, Exception cause) =>
        new($"Row {row} of column '{column}' cannot be read. {ReasonOf(cause)}", cause);

    /// <summary>The error of a view that could not be read; finds the row by reading once more, row by row, and names it by its texts, such
    /// as the name of a file.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="column">The column that was read.</param>
    /// <param name="cause">The error of the first reading, in which several threads may have read ahead.</param>
    /// <param name="readerOf">Creates a reader of the column.</param>
    public static InvalidOperationException Error(
        IDataView data, DataViewSchema.Column column, Exception cause, Func<DataViewRow, RowReader> readerOf)
    {
        using DataViewRowCursor cursor = data.GetRowCursorSet([column], 1)[0];
        string reason = ReasonOf(cause is InvalidOperationException { InnerException: Exception inner } ? inner : cause);
        long row = -1;
        try
        {
            RowReader reader = readerOf(cursor);
            while (cursor.MoveNext())
            {
                row = cursor.Position;
                reader.Read(slot: 0);
                row = -1;
            }
        }
        catch (Exception) when (row >= 0)
        {
            return new($"Row {row} of column '{column.Name}'{Texts(data, row)} cannot be read. {reason}", cause);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // The error is one of moving on, as that of a cache, which does not know the row.
        }
        return new($"Column '{column.Name}' cannot be read. {reason} "
            + "Train on the data without a cache to see which row it is.", cause);
    }

    static string Texts(IDataView data, long row)
    {
        DataViewSchema.Column[] columns = [.. data.Schema.Where(column => !column.IsHidden && column.Type is TextDataViewType)];
        if (columns.Length == 0)
            return "";
        try
        {
            using DataViewRowCursor cursor = data.GetRowCursorSet(columns, 1)[0];
            ValueGetter<ReadOnlyMemory<char>>[] getters = Array.ConvertAll(columns, cursor.GetGetter<ReadOnlyMemory<char>>);
            for (long i = 0; i <= row; i++)
            {
                if (!cursor.MoveNext())
                    return "";
            }
            ReadOnlyMemory<char> text = default;
            return $" ({string.Join(", ", columns.Select((column, index) =>
            {
                getters[index](ref text);
                return $"{column.Name} '{text}'";
            }))})";
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // The source fails for its texts too: the row's number must do.
            return "";
        }
    }
}

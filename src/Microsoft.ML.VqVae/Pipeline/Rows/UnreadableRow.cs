using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The error for a row that its source cannot read, such as an image file that LoadImages cannot decode: ML.NET names neither the
/// row nor the file, and reports some errors only as one that there was.</summary>
internal static class UnreadableRow
{
    /// <summary>The error of a row that is known.</summary>
    /// <param name="column">The column that was read.</param>
    /// <param name="row">The number of the row, from 0.</param>
    /// <param name="cause">The error of the source; its innermost message is the one that tells the reason.</param>
    public static InvalidOperationException Error(string column, long row, Exception cause) =>
        new($"Row {row} of column '{column}' cannot be read. {cause.GetBaseException().Message}", cause);

    /// <summary>The error of a view that could not be read; finds the row by reading once more, row by row, and names it by its texts, such
    /// as the name of a file.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="column">The column that was read.</param>
    /// <param name="cause">The error of the first reading, in which several threads may have read ahead.</param>
    /// <param name="readerOf">Creates the reading of the column of a cursor's current row.</param>
    public static InvalidOperationException Error(
        IDataView data, DataViewSchema.Column column, Exception cause, Func<DataViewRow, Action> readerOf)
    {
        using DataViewRowCursor cursor = data.GetRowCursorSet([column], 1)[0];
        long row = -1;
        try
        {
            Action read = readerOf(cursor);
            while (cursor.MoveNext())
            {
                row = cursor.Position;
                read();
                row = -1;
            }
        }
        catch (Exception) when (row >= 0)
        {
            return new($"Row {row} of column '{column.Name}'{Texts(data, row)} cannot be read. {cause.GetBaseException().Message}", cause);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // The error is one of moving on, as that of a cache, which does not know the row.
        }
        return new($"Column '{column.Name}' cannot be read. {cause.GetBaseException().Message} "
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

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A cursor of the source under the longer schema, for when none of the model's columns is asked for.</summary>
internal sealed class PassThroughCursor(AddedColumns columns, DataViewRowCursor source) : DataViewRowCursor
{
    public override DataViewSchema Schema => columns.OutputSchema;

    public override long Position => source.Position;

    public override long Batch => source.Batch;

    public override bool MoveNext() => source.MoveNext();

    public override ValueGetter<DataViewRowId> GetIdGetter() => source.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) =>
        columns.IsPassedThrough(column.Index) && source.IsColumnActive(columns.InputSchema[column.Index]);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => columns.IsPassedThrough(column.Index)
        ? source.GetGetter<TValue>(columns.InputSchema[column.Index])
        : throw new InvalidOperationException(
            $"Column '{column.Name}' is not active in this cursor: it was not among the columns asked for.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            source.Dispose();
        base.Dispose(disposing);
    }
}

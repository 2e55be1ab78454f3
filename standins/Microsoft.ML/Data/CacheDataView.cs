namespace Microsoft.ML.Data;

internal sealed class CacheDataView : IDataView
{
    public CacheDataView(Runtime.IHostEnvironment env, IDataView input, int[] prefetch) { }
    public bool CanShuffle => true;
    public long? GetRowCount() => null;
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) => throw new NotImplementedException();
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => throw new NotImplementedException();
    public DataViewSchema Schema => null;
}

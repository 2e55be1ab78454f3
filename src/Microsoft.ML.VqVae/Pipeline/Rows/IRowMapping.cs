namespace Microsoft.ML.VqVae;

/// <summary>Columns that are computed row by row, without a network.</summary>
internal interface IRowMapping
{
    /// <summary>Finds the columns that are read, and describes those that are added; throws where one is missing or of a type that is not
    /// taken.</summary>
    AddedColumns Bind(DataViewSchema inputSchema);

    /// <summary>The ValueGetter of one added column for the row that <paramref name="row"/> stands on.</summary>
    Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output);
}

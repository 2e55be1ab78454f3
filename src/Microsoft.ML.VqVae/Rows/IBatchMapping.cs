using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Rows;

/// <summary>What a model does for a batch of rows: all that this room needs to know of it.</summary>
internal interface IBatchMapping
{
    /// <summary>The one column that the network reads.</summary>
    string InputColumnName { get; }

    /// <summary>The columns that are added, in this order.</summary>
    IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    int BatchSize { get; }

    /// <summary>Finds the input column; throws where it is missing or of another type than the network takes.</summary>
    DataViewSchema.Column CheckInput(DataViewSchema schema);

    /// <summary>A reader of the input column of <paramref name="row"/> with room for <paramref name="capacity"/> rows.</summary>
    RowReader CreateReader(DataViewRow row, int capacity);

    /// <summary>An empty place for the values of one output column.</summary>
    BatchColumn CreateColumn(int output, int capacity);

    /// <summary>Runs the network on a batch and stores what is asked for.</summary>
    /// <param name="input">What the reader read, on the CPU.</param>
    /// <param name="columns">A place for each output column; null where nobody asks for it.</param>
    void Run(Tensor input, IReadOnlyList<BatchColumn?> columns);
}

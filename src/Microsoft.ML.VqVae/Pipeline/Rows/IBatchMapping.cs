using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>What a model does for a batch of rows: all that this room needs to know of it.</summary>
internal interface IBatchMapping
{
    /// <summary>The columns that are added, in this order.</summary>
    IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    int BatchSize { get; }

    /// <summary>Whether what is added to a row depends on rows before it, so that rows must be read one after the other, in their
    /// order.</summary>
    bool NeedsRowsInOrder => false;

    /// <summary>Finds the columns that the network reads; throws where one is missing or of another type than the network
    /// takes.</summary>
    IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema);

    /// <summary>A reader of these columns of <paramref name="row"/> with room for <paramref name="capacity"/> rows.</summary>
    RowReader CreateReader(DataViewRow row, int capacity);

    /// <summary>An empty place for the values of one output column.</summary>
    BatchColumn CreateColumn(int output, int capacity);

    /// <summary>Runs the network on a batch and stores what is asked for.</summary>
    /// <param name="inputs">What the reader read, on the CPU.</param>
    /// <param name="columns">A place for each output column; null where nobody asks for it.</param>
    void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns);
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From the codes of frames, the actions that led to them and their episodes to the bits that a frame costs.</summary>
internal sealed class VideoPriorScoring(VideoPriorModel model, VideoPriorColumns columns) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [ModelColumns.Number(columns.Output)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public bool NeedsRowsInOrder => true;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        EpisodeColumns found = model.Description.Find(schema, columns);
        return [found.Codes, found.Action, found.Episode];
    }

    public RowReader CreateReader(DataViewRow row, int capacity) =>
        new EpisodeReader(model.Description.Find(row.Schema, columns), model.Description.Network.ContextFrames, row, capacity);

    public BatchColumn CreateColumn(int output, int capacity) => new NumberColumn(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        if (columns[0] is not BatchColumn bits)
            return;
        Tensor ofFrames = model.Network.Bits(inputs[0].to(model.Device), inputs[1].to(model.Device), inputs[2].to(model.Device)).sum(1);
        // Frames too near to the start of their episode have no bits, and NaN is what ML.NET takes for missing.
        bits.Store(where(inputs[3].eq(1), ofFrames.cpu(), full([inputs[3].shape[0]], float.NaN, dtype: ScalarType.Float32)));
    }
}

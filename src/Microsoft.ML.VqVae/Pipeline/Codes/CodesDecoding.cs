using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of latents to grids of codes, which the PixelCNN samples.</summary>
internal sealed class CodesDecoding(CodesModel model, CodesDecoderColumns columns, CodesSampling sampling) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [ModelColumns.Codes(columns.Output, model.Description.Grid)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema) => [model.FindLatents(schema, columns.Latents)];

    public RowReader CreateReader(DataViewRow row, int capacity) =>
        new CodeLineReader(model.LatentsWanted, row, CheckInputs(row.Schema)[0], capacity);

    public BatchColumn CreateColumn(int output, int capacity) => new KeyColumn(model.Description.Grid.Length!.Value, capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        if (columns[0] is not BatchColumn codes)
            return;
        codes.Store(model.Network.Sample(inputs[0].to(model.Device), new SampleRequest
        {
            Count = 0,
            Temperature = sampling.Temperature,
            TopK = sampling.TopK,
            Seed = sampling.Seed,
            BatchSize = Math.Min(BatchSize, SampleRequest.MaximumBatchSize),
        }));
    }
}

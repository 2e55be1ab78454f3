using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of codes and a column of latents to what the codes cost given the latents.</summary>
internal sealed class CodesLikelihood(CodesModel model, CodesLikelihoodColumns columns) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [ModelColumns.Number(columns.Output)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(schema, columns.Codes, "codes");
        model.Description.Grid.Check(codes);
        return [codes, model.FindLatents(schema, columns.Latents)];
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        IReadOnlyList<DataViewSchema.Column> found = CheckInputs(row.Schema);
        CodeFormat grid = model.Description.Grid;
        return new CombinedReader(
            new CodeLineReader(new CodesWanted(grid.Codes, grid.Length), row, found[0], capacity),
            new CodeLineReader(model.LatentsWanted, row, found[1], capacity));
    }

    public BatchColumn CreateColumn(int output, int capacity) => new NumberColumn(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        // Each reader gives codes and how many there are.
        const int codes = 0, latents = 2;
        columns[0]?.Store(model.Network.Bits(inputs[codes].to(model.Device), inputs[latents].to(model.Device)).sum(1));
    }
}

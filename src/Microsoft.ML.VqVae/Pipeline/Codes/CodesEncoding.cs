using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of codes to a few latents, and on request to what the codes cost once these are known.</summary>
internal sealed class CodesEncoding(CodesModel model, CodesEncoderColumns columns) : IBatchMapping
{
    const int LatentsOutput = 0, BitsOutput = 1;

    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = columns.Bits is string bits
        ? [LatentsColumn(model, columns), ModelColumns.Number(bits)]
        : [LatentsColumn(model, columns)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, columns.Codes, "codes");
        model.Description.Grid.Check(column);
        return [column];
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        CodeFormat grid = model.Description.Grid;
        return new CodeLineReader(new CodesWanted(grid.Codes, grid.Length), row, CheckInputs(row.Schema)[0], capacity);
    }

    public BatchColumn CreateColumn(int output, int capacity) =>
        output == LatentsOutput ? new KeyColumn(model.Network.Latents, capacity) : new NumberColumn(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        Tensor codes = inputs[0].to(model.Device), latents = model.Network.Encode(codes);
        columns[LatentsOutput]?.Store(latents);
        if (columns.Count > BitsOutput)
            columns[BitsOutput]?.Store(model.Network.Bits(codes, latents).sum(1));
    }

    static DataViewSchema.DetachedColumn LatentsColumn(CodesModel model, CodesEncoderColumns columns) =>
        ModelColumns.Latents(columns.Latents, model.Network.Latents, model.Description.Quantizer.Codes);
}

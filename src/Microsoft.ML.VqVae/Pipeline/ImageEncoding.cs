using Microsoft.ML.VqVae.Rows;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of images to codes, and on request to what the codes stand for.</summary>
internal sealed class ImageEncoding : IBatchMapping
{
    enum Output
    {
        Codes,
        Reconstruction,
        Embeddings,
        ReconstructionError,
    }

    readonly ImageModel _model;
    readonly EncoderColumns _columns;
    readonly Output[] _outputs;

    public ImageEncoding(ImageModel model, EncoderColumns columns)
    {
        (_model, _columns) = (model, columns);
        ImageFormat pixels = model.Description.Pixels;
        List<(Output, DataViewSchema.DetachedColumn)> made =
            [(Output.Codes, ModelColumns.Codes(columns.Codes, model.CodeGrid, model.Description.Quantizer.Codes))];
        if (columns.Reconstruction is string reconstruction)
            made.Add((Output.Reconstruction, ModelColumns.Pixels(reconstruction, pixels, columns.ReconstructionAsImage)));
        if (columns.Embeddings is string embeddings)
            made.Add((Output.Embeddings, ModelColumns.Embeddings(embeddings, model.CodeGrid, model.Description.Quantizer.Channels)));
        if (columns.ReconstructionError is string error)
            made.Add((Output.ReconstructionError, ModelColumns.Number(error)));
        _outputs = [.. made.Select(column => column.Item1)];
        OutputColumns = [.. made.Select(column => column.Item2)];
    }

    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    public int BatchSize => _model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, _columns.Input);
        PixelInput.Check(column, _model.Description.Pixels);
        return [column];
    }

    public RowReader CreateReader(DataViewRow row, int capacity) =>
        new PixelReader(_model.Description.Pixels, row, CheckInputs(row.Schema)[0], capacity);

    public BatchColumn CreateColumn(int output, int capacity)
    {
        ImageFormat pixels = _model.Description.Pixels;
        (int height, int width, int perPosition) = _model.CodeGrid;
        return _outputs[output] switch
        {
            Output.Codes => new KeyColumn(height * width * perPosition, capacity),
            Output.Reconstruction when _columns.ReconstructionAsImage => new ImageColumn(pixels, capacity),
            Output.Reconstruction => new PixelColumn(pixels, capacity),
            Output.Embeddings => new VectorColumn(height * width * _model.Description.Quantizer.Channels, capacity),
            _ => new NumberColumn(capacity),
        };
    }

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        BatchColumn? Asked(Output output) => Array.IndexOf(_outputs, output) is int index and >= 0 ? columns[index] : null;
        BatchColumn? reconstruction = Asked(Output.Reconstruction), embeddings = Asked(Output.Embeddings),
            error = Asked(Output.ReconstructionError);

        Tensor pixels = inputs[0].to(_model.Device);
        Tensor indices = _model.Encode(pixels);
        Asked(Output.Codes)?.Store(indices);
        if (reconstruction is null && embeddings is null && error is null)
            return;
        Tensor quantized = _model.Embed(indices);
        embeddings?.Store(quantized.permute(0, 2, 3, 1));
        if (reconstruction is null && error is null)
            return;
        Tensor decoded = _model.Decode(quantized);
        reconstruction?.Store(decoded);
        error?.Store((decoded - pixels).square().mean([1, 2, 3]));
    }
}

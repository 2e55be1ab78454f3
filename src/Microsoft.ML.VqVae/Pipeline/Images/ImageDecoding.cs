using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of codes to images, or to clips of them.</summary>
internal sealed class ImageDecoding(ImageModel model, DecoderColumns columns) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } =
        [ModelColumns.Pixels(columns.Output, model.Description.Pixels, columns.AsImage)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, columns.Codes, "codes");
        (int height, int width, int perPosition) = model.CodeGrid;
        ImageFormat pixels = model.Description.Pixels;
        int codes = model.Description.Quantizer.Codes, slots = pixels.ImagesOfRow * height * width * perPosition;
        bool fits = column.Type is VectorDataViewType { ItemType: KeyDataViewType key } vector && key.RawType == typeof(uint)
            && key.Count == (ulong)codes && vector.Size == slots;
        return fits ? [column] : throw SchemaColumns.Mismatch(
            column.Name, ModelColumns.Codes(columns.Codes, model.CodeGrid, codes, pixels.Frames).Type.ToString()!,
            column.Type.ToString()!, "codes");
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        // The grids of a clip lie below one another.
        var (height, width, perPosition) = model.CodeGrid;
        var rowGrid = (model.Description.Pixels.ImagesOfRow * height, width, perPosition);
        return new CodeReader(rowGrid, model.Description.Quantizer.Codes, row, CheckInputs(row.Schema)[0], capacity);
    }

    public BatchColumn CreateColumn(int output, int capacity) => columns.AsImage
        ? new ImageColumn(model.Description.Pixels, capacity)
        : new PixelColumn(model.Description.Pixels, capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        var (height, width, perPosition) = model.CodeGrid;
        columns[0]?.Store(model.Decode(model.Embed(inputs[0].to(model.Device).view(-1, height, width, perPosition))));
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column that a model of images makes.</summary>
/// <param name="Column">Its name, type and annotations.</param>
/// <param name="Create">Makes an empty place for so many rows.</param>
/// <param name="Compute">Its values for a batch.</param>
internal sealed record ComputedColumn<TPass>(
    DataViewSchema.DetachedColumn Column, Func<int, BatchColumn> Create, Func<TPass, Tensor> Compute)
{
    public static ComputedColumn<TPass> Pixels(string name, ImageFormat format, bool asImage, Func<TPass, Tensor> compute) => new(
        ModelColumns.Pixels(name, format, asImage),
        capacity => asImage ? new ImageColumn(format, capacity) : new PixelColumn(format, capacity), compute);

    public static ComputedColumn<TPass> Number(string name, Func<TPass, Tensor> compute) =>
        new(ModelColumns.Number(name), capacity => new NumberColumn(capacity), compute);
}

/// <summary>From a column of images to whatever a model makes of them.</summary>
/// <param name="input">The column of images.</param>
/// <param name="format">How their pixels lie.</param>
/// <param name="batchSize">How many rows go through the network at once.</param>
/// <param name="device">Where the network is.</param>
/// <param name="columns">What is made.</param>
/// <param name="begin">Begins a batch.</param>
internal sealed class ImageMapping<TPass>(
    string input, ImageFormat format, int batchSize, Func<Device> device, IReadOnlyList<ComputedColumn<TPass>> columns,
    Func<Tensor, TPass> begin) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [.. columns.Select(column => column.Column)];

    public int BatchSize => batchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, input);
        PixelInput.Check(column, format);
        return [column];
    }

    public RowReader CreateReader(DataViewRow row, int capacity) => new PixelReader(format, row, CheckInputs(row.Schema)[0], capacity);

    public BatchColumn CreateColumn(int output, int capacity) => columns[output].Create(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> places)
    {
        TPass pass = begin(inputs[0].to(device()));
        for (int i = 0; i < places.Count; i++)
            places[i]?.Store(columns[i].Compute(pass));
    }
}

/// <summary>A batch on its way through a model: every part is computed when a column first needs it, and once.</summary>
internal abstract class ImagePass<TOutput>(ImageAutoencoder<TOutput> network, Tensor pixels)
{
    public Tensor Pixels => pixels;

    Tensor Parameters => field ??= DecodeParameters();

    public Tensor Reconstruction => field ??= network.ImagesOf(Parameters);

    public Tensor ReconstructionError => (Reconstruction - pixels).square().mean([1, 2, 3]);

    public Tensor ReconstructionBits => network.BitsOf(Parameters, pixels);

    protected abstract Tensor DecodeParameters();
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The computation of output columns for batches of rows.</summary>
internal interface IBatchMapping : IOnnxColumns
{
    /// <summary>The network, held during computation so that disposing a transformer does not free memory in use.</summary>
    TrainedModel Model { get; }

    /// <summary>The added columns, in their order.</summary>
    IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    /// <summary>Number of rows that a cursor reads ahead and that the network processes at once.</summary>
    int BatchSize { get; }

    /// <summary>Number of values that a network computes at once, padding included, where rows are of unequal length: a batch is computed in
    /// groups of rows, each of at least one.</summary>
    long MaxValues { get; }

    /// <summary>Whether the values of a row depend on the rows before it, so that all rows must be read in order.</summary>
    bool NeedsRowsInOrder { get; }

    /// <summary>Finds the input columns; throws if one is missing or has an unsuitable type.</summary>
    IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema);

    /// <summary>Creates a reader of the input columns of <paramref name="row"/> for up to <paramref name="capacity"/> rows.</summary>
    RowReader CreateReader(DataViewRow row, int capacity);

    /// <summary>Creates storage for the values of an output column.</summary>
    BatchColumn CreateColumn(int output, int capacity);

    /// <summary>Runs the network on rows of a batch and stores the requested columns.</summary>
    /// <param name="inputs">The tensors of the reader, on the CPU.</param>
    /// <param name="columns">Storage for each output column; null for columns that are not requested.</param>
    void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns);
}

/// <summary>The input columns of a network: finds and checks them, and reads them into tensors.</summary>
internal abstract class ModelInput
{
    /// <summary>Finds and checks the columns.</summary>
    public abstract IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema);

    /// <summary>Creates a reader of the columns of <paramref name="row"/> for up to <paramref name="capacity"/> rows.</summary>
    public abstract RowReader CreateReader(DataViewRow row, int capacity);

    /// <summary>The values in an ONNX graph that stand for the tensors of the reader; lengths are left out where all rows have one
    /// length.</summary>
    /// <exception cref="NotSupportedException">A graph cannot take these columns; the message says why, as the end of a
    /// sentence.</exception>
    public virtual IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        throw new NotSupportedException("no ONNX graph is known for its input columns");
}

/// <summary>Several inputs of a network; their tensors follow one another in the order of the inputs.</summary>
internal sealed class CombinedInput(params ModelInput[] inputs) : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [.. inputs.SelectMany(input => input.Find(schema))];

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new CombinedReader([.. inputs.Select(input => input.CreateReader(row, capacity))]);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [.. inputs.SelectMany(input => input.ToOnnx(schema, valueOf))];
}

/// <summary>The computation of the output columns of a trained model from its input columns.</summary>
/// <param name="model">The model.</param>
/// <param name="batchSize">Number of rows computed at once.</param>
/// <param name="input">The columns that the network reads.</param>
/// <param name="columns">The output columns.</param>
/// <param name="begin">Starts the computation of a batch, given its tensors on the CPU.</param>
/// <param name="needsRowsInOrder">Whether the values of a row depend on rows before it.</param>
/// <param name="maxValues">See <see cref="IBatchMapping.MaxValues"/>.</param>
internal sealed class BatchMapping<TModel, TPass>(
    TModel model, int batchSize, ModelInput input, IReadOnlyList<ModelColumn<TModel, TPass>> columns,
    Func<IReadOnlyList<Tensor>, TPass> begin, bool needsRowsInOrder = false, long maxValues = BatchRunner.DefaultMaxValues) : IBatchMapping
    where TModel : TrainedModel
{
    public TrainedModel Model => model;

    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [.. columns.Select(column => column.Type(model))];

    public int BatchSize => batchSize;

    public long MaxValues => maxValues;

    public bool NeedsRowsInOrder => needsRowsInOrder;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema) => input.Find(schema);

    public RowReader CreateReader(DataViewRow row, int capacity) => input.CreateReader(row, capacity);

    public BatchColumn CreateColumn(int output, int capacity) => columns[output].CreateStorage(model, OutputColumns[output].Type, capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> storage)
    {
        using SharedNetwork.Holding holding = model.Hold();
        TPass pass = begin(inputs);
        for (int i = 0; i < columns.Count; i++)
        {
            if (storage[i] is BatchColumn column)
                columns[i].Compute(pass, column);
        }
    }

    public IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf)
    {
        if (needsRowsInOrder)
            throw new NotSupportedException("a row depends on the rows before it");
        using SharedNetwork.Holding holding = model.Hold();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<OnnxValue> inputs = input.ToOnnx(inputSchema, valueOf);
        return [.. columns.Where(column => column.HasOnnx)
            .Select(column => new OnnxOutput(column.Type(model), column.ToOnnx(model, inputs)))];
    }
}

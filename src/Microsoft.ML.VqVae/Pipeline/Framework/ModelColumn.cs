using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Describes the values of an output column in an ONNX graph, in any shape.</summary>
/// <param name="model">The trained model.</param>
/// <param name="inputs">The inputs of the network.</param>
internal delegate OnnxValue OnnxColumn<TModel>(TModel model, IReadOnlyList<OnnxValue> inputs);

/// <summary>The declaration of an output column, before there is a network: its name and its shape in a schema.</summary>
/// <param name="name">The name of the column.</param>
/// <param name="shape">Its shape, given that of the input.</param>
internal abstract class ModelColumn(string name, Func<SchemaShape, SchemaShape.Column> shape)
{
    public string Name => name;

    public SchemaShape.Column Shape(SchemaShape inputSchema) => shape(inputSchema);
}

/// <summary>
/// The declaration of an output column, which determines schema shape, type, annotations, storage and computation. An optional column is
/// one line in the list of a feature's columns.
/// </summary>
/// <typeparam name="TModel">The trained model.</typeparam>
/// <typeparam name="TPass">The lazy forward pass of a batch; computes each part at most once.</typeparam>
internal sealed class ModelColumn<TModel, TPass> : ModelColumn
{
    readonly Func<TModel, DataViewSchema.DetachedColumn> _type;
    readonly Func<TModel, int, BatchColumn>? _storage;
    readonly Action<TPass, BatchColumn> _compute;
    readonly OnnxColumn<TModel>? _onnx;

    /// <param name="name">The name of the column.</param>
    /// <param name="shape">The shape of the column in a schema shape.</param>
    /// <param name="type">Type and annotations of the column, given the model.</param>
    /// <param name="compute">Computes the values of a batch and stores them.</param>
    /// <param name="storage">Creates storage for a number of rows; null for the default of the type.</param>
    /// <param name="onnx">Describes the values in an ONNX graph; null for a column that no graph can hold.</param>
    public ModelColumn(
        string name, Func<SchemaShape, SchemaShape.Column> shape, Func<TModel, DataViewSchema.DetachedColumn> type,
        Action<TPass, BatchColumn> compute, Func<TModel, int, BatchColumn>? storage = null,
        OnnxColumn<TModel>? onnx = null)
        : base(name, shape)
    {
        (_type, _compute, _storage, _onnx) = (type, compute, storage, onnx);
    }

    public DataViewSchema.DetachedColumn Type(TModel model) => _type(model);

    /// <summary>Creates storage for a number of rows of the column, whose type is given.</summary>
    public BatchColumn CreateStorage(TModel model, DataViewType type, int capacity) =>
        _storage?.Invoke(model, capacity) ?? BatchColumn.For(type, capacity);

    public void Compute(TPass pass, BatchColumn storage) => _compute(pass, storage);

    public bool HasOnnx => _onnx is not null;

    public OnnxValue ToOnnx(TModel model, IReadOnlyList<OnnxValue> inputs) => _onnx!(model, inputs);

    /// <summary>Codes as keys: Vector&lt;Key&lt;UInt32, K&gt;&gt; of known size.</summary>
    public static ModelColumn<TModel, TPass> Codes(
        string name, Func<TModel, DataViewSchema.DetachedColumn> type, Func<TPass, Tensor> compute,
        OnnxColumn<TModel>? onnx = null) =>
        new(name, _ => ColumnTypes.CodesShape(name), type, (pass, column) => column.Store(compute(pass)), onnx: onnx);

    /// <summary>A vector of Single with the given dimensions.</summary>
    public static ModelColumn<TModel, TPass> Vector(
        string name, Func<TModel, int[]> dimensions, Func<TPass, Tensor> compute,
        OnnxColumn<TModel>? onnx = null) =>
        new(name, _ => ColumnTypes.VectorShape(name), model => ColumnTypes.Vector(name, dimensions(model)),
            (pass, column) => column.Store(compute(pass)), onnx: onnx);

    /// <summary>A Single.</summary>
    public static ModelColumn<TModel, TPass> Number(
        string name, Func<TPass, Tensor> compute, OnnxColumn<TModel>? onnx = null) =>
        new(name, _ => ColumnTypes.NumberShape(name), _ => ColumnTypes.Number(name),
            (pass, column) => column.Store(compute(pass)), onnx: onnx);
}

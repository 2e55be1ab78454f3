using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>The columns that a transformer adds, as values of an ONNX graph.</summary>
internal interface IOnnxColumns
{
    /// <summary>Describes the computation of the added columns.</summary>
    /// <param name="inputSchema">The columns of the view that is transformed.</param>
    /// <param name="valueOf">The value of a column of that view. Codes are from 0, as Int64; other keys are as they are.</param>
    /// <returns>The added columns with their values, in any shape. A column that a graph cannot hold is left out.</returns>
    /// <exception cref="NotSupportedException">The computation cannot be an ONNX graph; the message says why, as the end of a
    /// sentence.</exception>
    IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf);
}

/// <summary>An added column as a value of an ONNX graph.</summary>
/// <param name="Column">The column.</param>
/// <param name="Value">Its value; keys as Int64 from 0.</param>
internal sealed record OnnxOutput(DataViewSchema.DetachedColumn Column, OnnxValue Value);

/// <summary>Base class of the views that transformers return, in the form in which ML.NET's ConvertToOnnx finds them: that function walks
/// back from the last view of a pipeline over the sources of the views.</summary>
/// <param name="source">The view that was transformed.</param>
/// <param name="transformer">The transformer.</param>
/// <param name="columns">The columns that it adds.</param>
internal abstract class OnnxView(IDataView source, ITransformer transformer, IOnnxColumns columns) : ITransformCanSaveOnnx
{
    // Within ML.NET's context these are names of columns too; the prefix keeps them apart from those of the user.
    const string Prefix = "vqvae.";

    public IDataView Source => source;

    public abstract DataViewSchema Schema { get; }

    public virtual bool CanShuffle => source.CanShuffle;

    public virtual long? GetRowCount() => source.GetRowCount();

    public abstract DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null);

    public abstract DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null);

    void ICanSaveModel.Save(ModelSaveContext ctx) => transformer.Save(ctx);

    /// <summary>Always true: where ML.NET is told false, it writes a graph without this step, or ends with an error that does not name
    /// it.</summary>
    /// <exception cref="NotSupportedException">The step cannot be converted; the message says why.</exception>
    public bool CanSaveOnnx(OnnxContext ctx)
    {
        Describe();
        return true;
    }

    public void SaveAsOnnx(OnnxContext ctx)
    {
        string step = transformer.GetType().Name;
        ctx.CheckOpSetVersion(OnnxGraph.OperatorSet, step);
        (OnnxGraph graph, Dictionary<string, string> inputs, List<OnnxOutput> outputs) = Describe();
        HashSet<string> needed = graph.NeededFor(outputs.Select(output => output.Value));
        var names = new Dictionary<string, string>();
        foreach ((string name, string column) in inputs.Where(input => needed.Contains(input.Key)))
        {
            names.Add(name, IsInGraph(ctx, column) ? ctx.GetVariableName(column) : throw new NotSupportedException(
                $"The column '{column}', which {step} reads, is not in the ONNX graph, because a step before it cannot be converted. "
                + $"Convert the steps from {step} on alone, and pass a view that begins with '{column}'."));
        }
        // A column without a graph may replace one that has a variable, which later steps would take for it.
        foreach (DataViewSchema.Column added in Schema.Skip(source.Schema.Count).Where(added => ctx.ContainsColumn(added.Name)))
            ctx.RemoveColumn(added.Name, removeVariable: false);
        foreach (OnnxConstant constant in graph.Constants.Where(constant => needed.Contains(constant.Name)))
            names.Add(constant.Name, AddConstant(ctx, constant));
        foreach (OnnxOperation operation in graph.Operations.Where(operation => operation.Outputs.Any(needed.Contains)))
        {
            foreach (string output in operation.Outputs)
                names.Add(output, ctx.AddIntermediateVariable(null, Prefix + output, skip: true));
            OnnxNode node = AddNode(ctx, operation.Operator, [.. operation.Inputs.Select(input => names[input])],
                [.. operation.Outputs.Select(output => names[output])]);
            foreach ((string name, object value) in operation.Attributes)
                AddAttribute(node, name, value);
        }
        foreach ((DataViewSchema.DetachedColumn column, OnnxValue value) in outputs)
            AddNode(ctx, "Identity", [names[value.Name]], [ctx.AddIntermediateVariable(column.Type, column.Name)]);
    }

    /// <summary>Whether the graph has a column, as it is in the view that is transformed. Behind a step that it cannot convert, ML.NET goes on
    /// with the columns of the first view, one of which may have the name of a column that the step made.</summary>
    bool IsInGraph(OnnxContext ctx, string column)
    {
        bool isReached = true;
        IDataView made = source;
        for (; made is IDataTransform step; made = step.Source)
        {
            isReached &= step is OnnxView || (step is ITransformCanSaveOnnx convertible && convertible.CanSaveOnnx(ctx));
            if (step.Source.Schema.GetColumnOrNull(column) is null || step.Schema[column].Index >= step.Source.Schema.Count)
                return isReached && ctx.ContainsColumn(column);
        }
        return ctx.ContainsColumn(column);
    }

    // The names of the inputs lead from the values of the graph to columns.
    (OnnxGraph Graph, Dictionary<string, string> Inputs, List<OnnxOutput> Outputs) Describe()
    {
        var graph = new OnnxGraph();
        var inputs = new Dictionary<string, string>();
        try
        {
            OnnxValue ValueOf(DataViewSchema.Column column)
            {
                string name = $"input{column.Index}";
                inputs[name] = column.Name;
                OnnxValue value = graph.Input(name, ItemOf(column.Type).RawType, 1 + DimensionsOf(column.Type).Length);
                return IsCodes(column.Type) ? value.To<long>() - 1 : value;
            }

            List<OnnxOutput> outputs = [.. columns.ToOnnx(source.Schema, ValueOf)
                .Select(output => output with { Value = InShapeOf(output.Column.Type, output.Value) })];
            return outputs.Count > 0 ? (graph, inputs, outputs)
                : throw new NotSupportedException("no ONNX graph is known for any of its output columns");
        }
        catch (NotSupportedException exception)
        {
            throw new NotSupportedException($"{transformer.GetType().Name} cannot be converted to ONNX: {exception.Message}.", exception);
        }
    }

    // Keys count from 1. A size that is not known is that of the value.
    static OnnxValue InShapeOf(DataViewType type, OnnxValue value) => (ItemOf(type) is KeyDataViewType ? (value + 1).To<uint>() : value)
        .Reshape(type is VectorDataViewType { IsKnownSize: false } ? [0, -1] : [-1, .. DimensionsOf(type)]);

    static bool IsCodes(DataViewType type) => type is VectorDataViewType { ItemType: KeyDataViewType };

    static DataViewType ItemOf(DataViewType type) => type is VectorDataViewType vector ? vector.ItemType : type;

    // As ML.NET declares a column: a single value has a dimension too.
    static long[] DimensionsOf(DataViewType type) =>
        type is VectorDataViewType { Size: > 1 } vector ? [.. vector.Dimensions.Select(size => (long)size)] : [1];

    static OnnxNode AddNode(OnnxContext ctx, string operation, string[] inputs, string[] outputs) =>
        // Without a domain, ML.NET takes the operators for those of classical machine learning.
        ctx.CreateNode(operation, inputs, outputs, ctx.GetNodeName(Prefix + operation), domain: "");

    static string AddConstant(OnnxContext ctx, OnnxConstant constant) => constant switch
    {
        OnnxConstant<float> { Shape.Length: 0 } number => ctx.AddInitializer(number.Values[0], Prefix + number.Name),
        OnnxConstant<long> { Shape.Length: 0 } number => ctx.AddInitializer(number.Values[0], Prefix + number.Name),
        OnnxConstant<float> numbers => ctx.AddInitializer(numbers.Values, numbers.Shape, Prefix + numbers.Name),
        OnnxConstant<long> numbers => ctx.AddInitializer(numbers.Values, numbers.Shape, Prefix + numbers.Name),
        _ => throw new InvalidOperationException($"Constants of the type {constant.GetType()} have no form in ONNX."),
    };

    static void AddAttribute(OnnxNode node, string name, object value)
    {
        switch (value)
        {
            case long number:
                node.AddAttribute(name, number);
                break;
            case long[] numbers:
                node.AddAttribute(name, numbers);
                break;
            case Type type:
                node.AddAttribute(name, type);
                break;
            default:
                throw new InvalidOperationException($"The attribute {name} of the type {value.GetType()} has no form in ONNX.");
        }
    }
}

/// <summary>The columns of a transformer that cannot be an ONNX graph.</summary>
/// <param name="reason">The reason, as the end of a sentence.</param>
internal sealed class NoOnnxColumns(string reason) : IOnnxColumns
{
    public IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        throw new NotSupportedException(reason);
}

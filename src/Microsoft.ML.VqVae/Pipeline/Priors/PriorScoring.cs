using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From codes, and what they are conditioned on, to the bits that they cost under the prior.</summary>
internal sealed class PriorScoring : IBatchMapping
{
    readonly PriorModel _model;
    readonly PriorColumns _columns;

    public PriorScoring(PriorModel model, PriorColumns columns)
    {
        (_model, _columns) = (model, columns);
        DataViewSchema.DetachedColumn total = ModelColumns.Number(columns.Output);
        OutputColumns = columns.PerCode is string perCode
            ? [total, ModelColumns.PerCode(perCode, model.Description.Format)]
            : [total];
    }

    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    public int BatchSize => _model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(schema, _columns.Codes, "codes");
        _model.Description.Format.Check(codes);
        if (_model.Description.Conditions is not ConditionSet conditions)
            return [codes];
        DataViewSchema.Column condition = SchemaColumns.Find(schema, _columns.Condition!, "condition");
        conditions.KeysOf(condition);
        return [codes, condition];
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        IReadOnlyList<DataViewSchema.Column> columns = CheckInputs(row.Schema);
        CodeFormat format = _model.Description.Format;
        var codes = new CodeLineReader(new CodesWanted(format.Codes, format.Length), row, columns[0], capacity);
        return _model.Description.Conditions is ConditionSet conditions
            ? new CombinedReader(codes, new ConditionReader(conditions.KeysOf(columns[1]), row, columns[1], capacity))
            : codes;
    }

    public BatchColumn CreateColumn(int output, int capacity) => (output, _model.Description.Format.Length) switch
    {
        (0, _) => new NumberColumn(capacity),
        (_, int length) => new VectorColumn(length, capacity),
        _ => new VariableVectorColumn(capacity),
    };

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        Tensor lengths = inputs[1];
        Tensor bits = _model.Bits(inputs[0], lengths, inputs.Count > 2 ? inputs[2] : null);
        columns[0]?.Store(bits.sum(1));
        if (columns.Count < 2)
            return;
        if (columns[1] is VariableVectorColumn sequences)
            sequences.Store(bits, lengths);
        else
            columns[1]?.Store(bits);
    }
}

using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From columns of codes and speakers to waveforms.</summary>
internal sealed class AudioDecoding(AudioModel model, AudioDecoderColumns columns) : IBatchMapping
{
    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; } = [AudioColumns.Numbers(columns.Output)];

    public int BatchSize => model.Description.PredictionBatchSize;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column codes = AudioInput.Codes(schema, columns.Codes, model.Description.Quantizer.Codes);
        if (columns.Speaker is not string speaker)
            return [codes];
        DataViewSchema.Column who = SchemaColumns.Find(schema, speaker, "speaker");
        model.Description.Speakers!.KeysOf(who);
        return [codes, who];
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        IReadOnlyList<DataViewSchema.Column> found = CheckInputs(row.Schema);
        var codes = new CodeSequenceReader(model.Description.Quantizer.Codes, model.CodesPerPosition, row, found[0], capacity);
        return columns.Speaker is null ? codes : new CombinedReader(codes, new SpeakerReader(
            model.Description.Speakers!.KeysOf(found[1]), required: true, row, found[1], capacity));
    }

    public BatchColumn CreateColumn(int output, int capacity) => new NumberSequenceColumn(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        if (columns[0] is not NumberSequenceColumn waveforms)
            return;
        Tensor indices = inputs[0].to(model.Device);
        long[] lengths = inputs[1].data<long>().ToArray();
        long[] speakers = inputs.Count > 2 ? inputs[2].data<long>().ToArray() : new long[lengths.Length];
        for (int row = 0; row < lengths.Length; row++)
            waveforms.Store(row, model.Decode(indices.select(0, row).narrow(0, 0, lengths[row]), speakers[row]));
    }
}

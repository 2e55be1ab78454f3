using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of waveforms to codes, and on request to what the codes stand for.</summary>
internal sealed class AudioEncoding : IBatchMapping
{
    enum Output
    {
        Codes,
        Reconstruction,
        Embeddings,
    }

    readonly AudioModel _model;
    readonly AudioEncoderColumns _columns;
    readonly Output[] _outputs;

    public AudioEncoding(AudioModel model, AudioEncoderColumns columns)
    {
        (_model, _columns) = (model, columns);
        List<(Output, DataViewSchema.DetachedColumn)> made =
            [(Output.Codes, AudioColumns.Codes(columns.Codes, model.Description.Quantizer.Codes))];
        if (columns.Reconstruction is string reconstruction)
            made.Add((Output.Reconstruction, AudioColumns.Numbers(reconstruction)));
        if (columns.Embeddings is string embeddings)
            made.Add((Output.Embeddings, AudioColumns.Numbers(embeddings)));
        _outputs = [.. made.Select(column => column.Item1)];
        OutputColumns = [.. made.Select(column => column.Item2)];
    }

    public IReadOnlyList<DataViewSchema.DetachedColumn> OutputColumns { get; }

    public int BatchSize => _model.Description.PredictionBatchSize;

    /// <summary>The column of speakers, where codes or reconstructions depend on it.</summary>
    string? Speaker => _model.Description.Speakers is not null && (_model.EncodesBySpeaker || _columns.Reconstruction is not null)
        ? _columns.Speaker
        : null;

    public IReadOnlyList<DataViewSchema.Column> CheckInputs(DataViewSchema schema)
    {
        DataViewSchema.Column waveform = AudioInput.Waveform(schema, _columns.Input);
        if (Speaker is not string speaker)
            return [waveform];
        DataViewSchema.Column who = SchemaColumns.Find(schema, speaker, "speaker");
        _model.Description.Speakers!.KeysOf(who);
        return [waveform, who];
    }

    public RowReader CreateReader(DataViewRow row, int capacity)
    {
        IReadOnlyList<DataViewSchema.Column> columns = CheckInputs(row.Schema);
        var waveforms = new WaveformReader(_model.Network, row, columns[0], capacity);
        return Speaker is null ? waveforms : new CombinedReader(waveforms, new SpeakerReader(
            _model.Description.Speakers!.KeysOf(columns[1]), required: false, row, columns[1], capacity));
    }

    public BatchColumn CreateColumn(int output, int capacity) =>
        _outputs[output] == Output.Codes ? new KeySequenceColumn(capacity) : new NumberSequenceColumn(capacity);

    public void Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<BatchColumn?> columns)
    {
        BatchColumn? Asked(Output output) => Array.IndexOf(_outputs, output) is int index and >= 0 ? columns[index] : null;

        // What the readers give, in their order.
        (Tensor values, Tensor lengths, Tensor normalisers, Tensor samples) = (inputs[0], inputs[1], inputs[2], inputs[3]);
        (Tensor? speakers, Tensor? positions) = Speaker is null ? (null, null) : (inputs[4], inputs[5]);
        AudioBatch batch = new AudioBatch(values, lengths, normalisers, Targets: null, speakers).To(_model.Device);
        batch = batch with { Normalisers = _model.Network.NormalisersFor(batch.Normalisers, batch.Speakers) };
        Tensor indices = _model.Encode(batch);
        int perCode = _model.Network.ValuesPerCode;
        long[] counts = [.. Numbers(lengths).Select(length => (length + perCode - 1) / perCode)];
        (Asked(Output.Codes) as KeySequenceColumn)?.Store(indices, counts);
        (Asked(Output.Embeddings) as NumberSequenceColumn)?.Store(_model.Network.Quantizer.Embed(indices).permute(0, 2, 1), counts);
        if (Asked(Output.Reconstruction) is not NumberSequenceColumn reconstruction)
            return;
        for (int row = 0; row < counts.Length; row++)
        {
            long speaker = speakers is null ? 0 : Numbers(speakers)[row];
            if (speaker < 0)
                throw SpeakerReader.Unknown(Numbers(positions!)[row], _columns.Speaker!, _model.Description.Speakers!.Listed());
            float[] waveform = _model.Decode(indices.select(0, row).narrow(0, 0, counts[row]), speaker);
            // The codes stand for a little more than there was.
            reconstruction.Store(row, waveform[..(int)Numbers(samples)[row]]);
        }
    }

    static long[] Numbers(Tensor tensor) => tensor.data<long>().ToArray();
}

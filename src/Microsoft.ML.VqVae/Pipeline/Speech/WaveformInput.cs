using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of waveforms as the input of an audio codec.</summary>
internal sealed class WaveformInput(string name, AudioModel model) : ModelInput
{
    const string Expected = "a vector of Single, of any length, as LoadAudio gives";

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [Find(schema, name)];

    public override RowReader CreateReader(DataViewRow row, IReadOnlyList<DataViewSchema.Column> columns, int capacity) =>
        new WaveformReader(model, row, columns[0], capacity);

    public static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name);
        return column.Type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, column.Type.ToString()!);
    }

    /// <summary>The check that is possible before there is data.</summary>
    public static void Check(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name);
        bool isVector = column.Kind is SchemaShape.Column.VectorKind.Vector or SchemaShape.Column.VectorKind.VariableVector;
        if (!isVector || column.ItemType != NumberDataViewType.Single || column.IsKey)
            throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column));
    }
}

/// <summary>Reads the waveform of the current row, and checks it.</summary>
internal sealed class WaveformGetter(DataViewRow row, DataViewSchema.Column column)
{
    readonly ValueGetter<VBuffer<float>> _getter = row.GetGetter<VBuffer<float>>(column);
    VBuffer<float> _vector;

    public float[] Read()
    {
        _getter(ref _vector);
        float[] waveform = new float[_vector.Length];
        _vector.CopyTo(waveform);
        int bad = Finite.IndexOfOther(waveform);
        if (bad >= 0)
        {
            throw new InvalidOperationException($"Row {row.Position} of column '{column.Name}' has "
                + string.Create(CultureInfo.InvariantCulture, $"{waveform[bad]} in slot {bad}; ")
                + "every sample must be a finite number, full scale is −1 to 1.");
        }
        return waveform;
    }
}

/// <summary>Reads waveforms of any length as the encoder's input.</summary>
/// <remarks>The tensors: inputs [B, C, T], lengths Int64 [B], normalizers [B, 1 + C, C], samples Int64 [B].</remarks>
internal sealed class WaveformReader(AudioModel model, DataViewRow row, DataViewSchema.Column column, int capacity) : RowReader
{
    readonly WaveformGetter _getter = new(row, column);
    readonly float[][] _waveforms = new float[capacity][];

    public override void Read(int slot) => _waveforms[slot] = _getter.Read();

    public override IReadOnlyList<Tensor> ToTensors(int count)
    {
        // The analysis may read tensors of the network.
        model.Hold();
        try
        {
            AudioVqVae network = model.Network;
            AudioFeatures[] features = [.. _waveforms.Take(count).Select(waveform => waveform.Length == 0
                ? new AudioFeatures([], 0, FeatureStatistics.Standard(network.Channels))
                : network.Analyse(waveform))];
            (Tensor inputs, Tensor lengths, Tensor normalizers) = AudioTensors.Pack(features, network);
            return [inputs, lengths, normalizers, tensor(_waveforms.Take(count).Select(waveform => (long)waveform.Length).ToArray())];
        }
        finally
        {
            model.Release();
        }
    }
}

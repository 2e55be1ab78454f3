using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads waveforms of any length, and gives what an audio network takes of them.</summary>
/// <remarks>The tensors: inputs [B, C, T], lengths Int64 [B], normalisers [B, 1 + C, C], samples Int64 [B].</remarks>
internal sealed class WaveformReader : RowReader
{
    readonly AudioVqVae _network;
    readonly DataViewRow _row;
    readonly string _column;
    readonly float[][] _waveforms;
    readonly ValueGetter<VBuffer<float>> _getter;
    VBuffer<float> _vector;

    public WaveformReader(AudioVqVae network, DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        (_network, _row, _column) = (network, row, column.Name);
        _waveforms = new float[capacity][];
        _getter = row.GetGetter<VBuffer<float>>(column);
    }

    public override void Read(int slot) => _waveforms[slot] = Read();

    /// <summary>Reads the current row and checks it.</summary>
    public float[] Read()
    {
        _getter(ref _vector);
        float[] waveform = new float[_vector.Length];
        _vector.CopyTo(waveform);
        int bad = Finite.IndexOfOther(waveform);
        if (bad >= 0)
        {
            throw new InvalidOperationException($"Row {_row.Position} of column '{_column}' has "
                + string.Create(CultureInfo.InvariantCulture, $"{waveform[bad]} in slot {bad}; ")
                + "every sample must be a finite number, full scale is −1 to 1.");
        }
        return waveform;
    }

    public override IReadOnlyList<Tensor> ToTensors(int count)
    {
        AudioFeatures[] features = [.. _waveforms.Take(count).Select(Analyse)];
        (Tensor inputs, Tensor lengths, Tensor normalisers) = AudioTensors.Pack(features, _network);
        return [inputs, lengths, normalisers, tensor(_waveforms.Take(count).Select(waveform => (long)waveform.Length).ToArray())];
    }

    AudioFeatures Analyse(float[] waveform)
    {
        int channels = _network.Channels;
        return waveform.Length == 0
            ? new AudioFeatures([], 0, FeatureStatistics.Standard(channels))
            : _network.Analyse(waveform);
    }
}

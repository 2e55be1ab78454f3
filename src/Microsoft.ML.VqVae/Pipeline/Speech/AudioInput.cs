using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of waveforms as the input of an audio codec.</summary>
internal sealed class WaveformInput(string name, AudioModel model) : ModelInput
{
    const string Expected = "a vector of Single, of any length, as LoadAudio outputs";

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [Find(schema, name)];

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new WaveformReader(model, row, Find(row.Schema, name), capacity);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        [valueOf(Find(schema)[0]).Reshape(0, -1)];

    public static DataViewSchema.Column Find(DataViewSchema schema, string name) => SchemaColumns.FindNumbers(schema, name, Expected);

    public static void Check(SchemaShape schema, string name) => SchemaColumns.CheckNumbers(schema, name, Expected);
}

/// <summary>Reads and checks the waveform of the current row.</summary>
internal sealed class WaveformGetter(DataViewRow row, DataViewSchema.Column column)
{
    // The power of louder sound is no finite number.
    const float MaxSample = 1e9f;

    readonly ValueGetter<VBuffer<float>> _getter = row.GetGetter<VBuffer<float>>(column);
    VBuffer<float> _vector;

    public float[] Read()
    {
        _getter(ref _vector);
        float[] waveform = new float[_vector.Length];
        _vector.CopyTo(waveform);
        int bad = Array.FindIndex(waveform, sample => !(Math.Abs(sample) <= MaxSample));
        if (bad >= 0)
        {
            throw new InvalidOperationException($"Row {row.Position} of column '{column.Name}' has "
                + string.Create(CultureInfo.InvariantCulture, $"{waveform[bad]} in slot {bad}; ")
                + "every sample must be a finite number of at most 1e9; full scale is −1 to 1.");
        }
        return waveform;
    }
}

/// <summary>Reads waveforms of any length as the input of the encoder.</summary>
/// <remarks>The tensors: inputs [B, C, T], lengths Int64 [B], normalizers [B, 1 + C, C], samples Int64 [B].</remarks>
internal sealed class WaveformReader(AudioModel model, DataViewRow row, DataViewSchema.Column column, int capacity) : RowReader
{
    readonly WaveformGetter _getter = new(row, column);
    readonly float[][] _waveforms = new float[capacity][];

    public override void Read(int slot) => _waveforms[slot] = _getter.Read();

    public override long SizeOf(int slot) => _waveforms[slot].Length;

    public override IReadOnlyList<Tensor> ToTensors(int first, int count)
    {
        // The analysis may read tensors of the network.
        using SharedNetwork.Holding holding = model.Hold();
        AudioVqVae network = model.Network;
        float[][] waveforms = _waveforms[first..(first + count)];
        AudioFeatures[] features = [.. waveforms.Select(waveform => waveform.Length == 0
            ? new AudioFeatures(default, 0, FeatureStatistics.Standard(network.Channels))
            : network.Analyse(waveform))];
        (Tensor inputs, Tensor lengths, Tensor normalizers) = AudioTensors.Pack(features, network);
        return [inputs, lengths, normalizers, tensor(Array.ConvertAll(waveforms, waveform => (long)waveform.Length))];
    }
}

/// <summary>Conversion of utterances of unequal length to the tensors of a batch.</summary>
internal static class AudioTensors
{
    /// <summary>Whole utterances: inputs [B, C, T], zero-padded to the longest and to whole codes, lengths Int64 [B], and normalizers
    /// [B, 1 + C, C].</summary>
    public static (Tensor Inputs, Tensor Lengths, Tensor Normalizers) Pack(IReadOnlyList<AudioFeatures> features, AudioVqVae network)
    {
        int length = SequenceTensors.RoundUp(features.Max(item => item.Length), network.ValuesPerCode);
        Tensor inputs = SequenceTensors.Values([.. features.Select(item => (item.Values, 0, item.Length))], network.Channels, length);
        Tensor normalizers = Normalizers([.. features.Select(item => network.NormaliserOf(item))], network.Channels);
        return (inputs, tensor(features.Select(item => (long)item.Length).ToArray()), normalizers);
    }

    /// <summary>Normalizers as [B, 1 + C, C].</summary>
    public static Tensor Normalizers(IReadOnlyList<float[]> normalizers, int channels) =>
        tensor(normalizers.SelectMany(item => item).ToArray(), [normalizers.Count, 1 + channels, channels]);
}

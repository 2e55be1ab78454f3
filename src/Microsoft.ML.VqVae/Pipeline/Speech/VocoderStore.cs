using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The frames and the excitations of all training rows, read, checked and computed in one pass. Batches consist of random
/// crops.</summary>
internal sealed class VocoderStore : IExampleStore, IDisposable
{
    readonly MelSpectrogramOptions _spectrogram;
    readonly LinearPrediction _prediction;
    readonly RandomCrops _crops;
    readonly DataMemory _memory;
    readonly List<(ReadOnlyMemory<float> Frames, ReadOnlyMemory<float> Excitation, int Samples)> _rows = [];

    VocoderStore(VocoderDescription description, RandomCrops crops, long memory) => (_spectrogram, _prediction, _crops, _memory) =
        (description.Spectrogram, description.ToPrediction(), crops, new DataMemory(memory));

    /// <summary>Number of examples of an epoch: a row counts once for each crop that is needed to cover it.</summary>
    public int Count => _crops.Count;

    public int RowOf(int example) => _crops.SequenceOf(example);

    public int Rows => _rows.Count;

    /// <summary>Number of samples of all rows.</summary>
    public long Samples { get; private set; }

    /// <summary>A digest of all training data.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>That of the data as they were read: excitations follow from the settings of the codec too.</summary>
    public string? Content => Hash;

    /// <summary>Reads all rows; throws at the first that is not fit for training, and where there is none. Rows without frames are left
    /// out.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="frames">The column of frames.</param>
    /// <param name="waveform">The column of waveforms.</param>
    /// <param name="description">The settings of the frames, and of the prediction of samples.</param>
    /// <param name="cropFrames">The length of a crop in frames.</param>
    /// <param name="seed">The seed of the crops.</param>
    /// <param name="training">The limit of memory, and the cancellation.</param>
    public static VocoderStore Read(
        IDataView data, DataViewSchema.Column frames, DataViewSchema.Column waveform, VocoderDescription description, int cropFrames,
        int seed, TrainingOptions training)
    {
        var store = new VocoderStore(description, new RandomCrops(cropFrames, seed), training.DataMemoryLimitOrDefault);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using DataViewRowCursor cursor = data.GetRowCursor([frames, waveform]);
            var frameGetter = new SeriesGetter(cursor, frames, description.Spectrogram.Bands, GriffinLim.MaxLogPower);
            var waveformGetter = new WaveformGetter(cursor, waveform);
            while (UnreadableRow.MoveNext(cursor, training.CancellationToken))
                store.Add(frameGetter.Read(), waveformGetter.Read(), hash, (cursor.Position, frames.Name, waveform.Name));
            if (store.Rows == 0)
                throw new InvalidOperationException($"The data view has no row with frames in column '{frames.Name}': there is nothing to train on.");
            store.Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    void Add(float[] frames, float[] waveform, IncrementalHash hash, (long Row, string Frames, string Waveform) place)
    {
        int count = frames.Length / _spectrogram.Bands;
        long most = (long)count * _spectrogram.HopLength;
        // The last frame may be padded.
        if (waveform.Length > most || waveform.Length <= most - _spectrogram.HopLength)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"Row {place.Row} has {count} frames of {_spectrogram.Bands} bands in column '{place.Frames}' and {waveform.Length} "
                + $"samples in column '{place.Waveform}'; expected are {Math.Max(0, most - _spectrogram.HopLength + 1)} to {most} samples, "
                + $"{_spectrogram.HopLength} a frame. Set Codec to the options of the codec that decoded them."));
        }
        if (count == 0)
            return;
        _crops.Add(_rows.Count, count);
        _rows.Add((_memory.Keep(frames), _memory.Keep(_prediction.Excitation(frames, waveform)), waveform.Length));
        Samples += waveform.Length;
        hash.AppendData(BitConverter.GetBytes(waveform.Length));
        hash.AppendData(MemoryMarshal.AsBytes(frames.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(waveform.AsSpan()));
    }

    /// <summary>The mean and the standard deviation of each number of a frame over all frames; one that never changes has a deviation of
    /// 1.</summary>
    public (float[] Means, float[] Deviations) Statistics() =>
        ChannelStatistics.Of([.. _rows.Select(row => row.Frames)], _spectrogram.Bands);

    /// <summary>Crops of the examples: frames [B, C, N], excitations [B, 1, N · samples of a frame], and samples Int64 [B].</summary>
    public Tensor[] ReadBatch(BatchExamples examples)
    {
        Crop[] crops = _crops.Choose(examples);
        int width = crops.Max(crop => crop.Length), perFrame = _spectrogram.HopLength;
        (ReadOnlyMemory<float> Values, int Start, int Length)[] excitations = [.. crops.Select(crop =>
        {
            (_, ReadOnlyMemory<float> excitation, int samples) = _rows[crop.Sequence];
            int start = crop.Start * perFrame;
            // Beyond the waveform there is nothing to learn.
            return (excitation, start, Math.Min(crop.Length * perFrame, samples - start));
        })];
        return
        [
            SequenceTensors.Values(
                [.. crops.Select(crop => (_rows[crop.Sequence].Frames, crop.Start, crop.Length))], _spectrogram.Bands, width),
            SequenceTensors.Values(excitations, channels: 1, width * perFrame),
            tensor(Array.ConvertAll(excitations, part => (long)part.Length)),
        ];
    }

    public void Dispose() => _memory.Dispose();
}

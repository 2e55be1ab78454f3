using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>Features of the short frames of a waveform: a <see cref="MelSpectrogram"/> or <see cref="Mfcc"/>.</summary>
/// <remarks>
/// Frame f belongs to the samples f · hop to (f + 1) · hop and is centered on them: its center is (f + 0.5) · hop samples after the start
/// of the waveform. There are as many frames as it takes to cover the waveform, ⌈samples / hop⌉; beyond its ends it counts as
/// zero. So frames tile the waveform, and any number of neighboring frames belongs to exactly that many hops. An instance may be used from
/// several threads.
/// </remarks>
public abstract class FrameFeatures : IDisposable
{
    private protected FrameFeatures()
    {
    }

    /// <summary>Samples per second of the waveforms.</summary>
    public abstract int SampleRate { get; }

    /// <summary>Samples from one frame to the next.</summary>
    public abstract int HopLength { get; }

    /// <summary>The number of features of a frame.</summary>
    public abstract int Size { get; }

    /// <summary>The number of frames of a waveform: ⌈samples / hop⌉.</summary>
    /// <param name="samples">The length of the waveform.</param>
    /// <returns>The number of frames; 0 for an empty waveform.</returns>
    public long FramesOf(long samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        return (samples + HopLength - 1) / HopLength;
    }

    /// <summary>The time of a frame's center, (frame + 0.5) · hop / sample rate.</summary>
    /// <param name="frame">The frame, from 0.</param>
    /// <returns>Seconds from the start of the waveform.</returns>
    public double CentreOf(long frame) => (frame + 0.5) * HopLength / SampleRate;

    /// <summary>The features of waveforms, on their device; gradients pass.</summary>
    /// <param name="waveforms">Samples of full scale -1 to 1, Float32 [B, samples].</param>
    /// <returns>Float32 [B, frames, <see cref="Size"/>]. Every waveform has as many frames as the longest one: of one that was padded,
    /// those after <see cref="FramesOf"/> its own length belong to the padding. With pre-emphasis, the last frame before the padding may
    /// differ from that of the waveform alone, since the step from its last sample to zero is then a part of the waveform.</returns>
    public Tensor Compute(Tensor waveforms)
    {
        ArgumentNullException.ThrowIfNull(waveforms);
        if (waveforms.Dimensions != 2 || waveforms.dtype != ScalarType.Float32)
        {
            throw new ArgumentException(
                $"The waveforms must be a Float32 tensor [B, samples], found {waveforms.dtype} [{string.Join(", ", waveforms.shape)}].",
                nameof(waveforms));
        }
        using DisposeScope scope = NewDisposeScope();
        return Frames(waveforms).MoveToOuterDisposeScope();
    }

    /// <summary>The features of one waveform.</summary>
    /// <param name="waveform">Samples of full scale -1 to 1.</param>
    /// <returns>The features by frame and number.</returns>
    public float[,] Compute(ReadOnlySpan<float> waveform)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        Tensor samples = empty([1, waveform.Length], dtype: ScalarType.Float32);
        if (!waveform.IsEmpty)
            waveform.CopyTo(MemoryMarshal.Cast<byte, float>(samples.bytes));
        return ToArray(Compute(samples).select(0, 0));
    }

    private protected abstract Tensor Frames(Tensor waveforms);

    private protected static float[,] ToArray(Tensor matrix)
    {
        float[,] array = new float[matrix.shape[0], matrix.shape[1]];
        if (array.Length > 0)
            MemoryMarshal.Cast<byte, float>(matrix.contiguous().bytes).CopyTo(MemoryMarshal.CreateSpan(ref array[0, 0], array.Length));
        return array;
    }

    /// <summary>Frees the constants of the computation.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void Dispose(bool disposing);
}

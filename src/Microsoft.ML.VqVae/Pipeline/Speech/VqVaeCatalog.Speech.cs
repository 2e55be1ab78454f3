using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML;

// Speech, section 4.3 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on a column of waveforms and adds their discrete codes as keys, using the defaults of
    /// <see cref="AudioVqVaeOptions"/> (speech that is decoded to sound, on a CPU) unless overridden. See section 4.3 of arXiv 1711.00937.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;&gt; of any length, with key values.</param>
    /// <param name="inputColumnName">The column of waveforms: a Vector&lt;Single&gt; of any length, such as the output of LoadAudio. Null,
    /// the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="speakerColumnName">A key column of speakers, on which the decoder is conditioned; null, the default, for a
    /// single voice.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded waveforms; null, the default, for none.</param>
    /// <param name="sampleRate">Sample rate of the waveforms, in hertz.</param>
    /// <param name="codes">K: number of codes in the codebook.</param>
    /// <param name="steps">Number of training steps; null, the default, for 3,000.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="AudioVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.LoadAudio("Waveform", "Path")
    ///     .Append(ml.Transforms.Conversion.MapValueToKey("Speaker"))
    ///     .Append(ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", speakerColumnName: "Speaker"));
    /// </code>
    /// </example>
    public AudioVqVaeEstimator EncodeAudio(
        string outputColumnName, string? inputColumnName = null, string? speakerColumnName = null, string? reconstructionColumnName = null,
        int sampleRate = 16_000, int codes = 128, int? steps = null, int? seed = null)
    {
        var options = new AudioVqVaeOptions
        {
            SpeakerColumnName = speakerColumnName, ReconstructionColumnName = reconstructionColumnName,
        };
        options.SampleRate = sampleRate;
        options.VectorQuantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeAudio(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of waveforms and adds their discrete codes as keys, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;&gt; of any length, with key values.</param>
    /// <param name="inputColumnName">The column of waveforms: a Vector&lt;Single&gt; of any length, such as the output of LoadAudio. Null
    /// for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options, or a preset such as
    /// <see cref="AudioVqVaeOptions.PhonemeFeatures"/>, <see cref="AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers"/> or
    /// <see cref="AudioVqVaeOptions.Vctk64x"/>.</param>
    /// <returns>The estimator; <see cref="AudioVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public AudioVqVaeEstimator EncodeAudio(string outputColumnName, string? inputColumnName, AudioVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);

    /// <summary>
    /// Trains a WaveNet that makes sound of the frames of a spectrogram, such as those that an audio codec decodes its codes to
    /// (<see cref="AudioVqVaeOptions.DecodedFramesColumnName"/>). Slower than the Griffin-Lim
    /// algorithm, which needs no training, and less intelligible after minutes of training (docs/speech.md).
    /// </summary>
    /// <param name="outputColumnName">The column of waveforms to add: Vector&lt;Single&gt; of any length.</param>
    /// <param name="framesColumnName">The column of frames: a Vector&lt;Single&gt; of any length, frame by frame.</param>
    /// <param name="options">The settings, with the column of waveforms to learn from; null, the default, for new options.</param>
    /// <returns>The estimator; <see cref="VocoderEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var options = new AudioVqVaeOptions { DecodedFramesColumnName = "Frames" };
    /// var pipeline = ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options)
    ///     .AppendCacheCheckpoint(ml)
    ///     .Append(ml.Transforms.VqVae.Vocode("Sound", "Frames"));
    /// </code>
    /// </example>
    public VocoderEstimator Vocode(string outputColumnName, string framesColumnName, VocoderOptions? options = null) =>
        new(_environment, outputColumnName, framesColumnName, options ?? new VocoderOptions());

    /// <summary>Loads audio files, or parts of them, as waveforms of one channel: WAV, NIST SPHERE, and the formats that are
    /// passed.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single&gt; of variable size, with a full scale of −1 to 1.</param>
    /// <param name="pathColumnName">The column of file names, Text. Relative names are relative to <paramref name="audioFolder"/>.</param>
    /// <param name="sampleRate">Sample rate of the waveforms, in hertz; files of another rate are resampled to it.</param>
    /// <param name="startColumnName">A column with the first sample to read, in samples of the file from 0, Int64 or Int32; null, the
    /// default, to read from the start.</param>
    /// <param name="lengthColumnName">A column with the number of samples to read, in samples of the file, Int64 or Int32; null, the
    /// default, to read to the end.</param>
    /// <param name="audioFolder">The folder of relative file names, saved in models as a full path; null, the default, for the current
    /// directory at the time a file is read.</param>
    /// <param name="formats">Formats to read beside WAV and NIST SPHERE, such as AudioFormats.All (FLAC, MP3 and Ogg Vorbis) of the package
    /// VqVae.MLNet.AudioFormats, saved in models by their types; null, the default, for none.</param>
    /// <returns>The estimator; <see cref="AudioLoadingEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument is invalid, the folder does not exist, or a format cannot be saved.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.LoadAudio("Waveform", "AudioPath", sampleRate: 16000);
    /// </code>
    /// </example>
    public AudioLoadingEstimator LoadAudio(
        string outputColumnName, string pathColumnName, int sampleRate = 16000, string? startColumnName = null,
        string? lengthColumnName = null, string? audioFolder = null, IReadOnlyList<AudioFormat>? formats = null) =>
        new(outputColumnName, pathColumnName, sampleRate, startColumnName, lengthColumnName, audioFolder, formats);
}

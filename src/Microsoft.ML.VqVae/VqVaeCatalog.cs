using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML;

/// <summary>The components of this library, as <c>mlContext.Transforms.VqVae</c>.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "Components are found on the catalog, whether or not they need its environment.")]
public sealed partial class VqVaeCatalog
{
    readonly IHostEnvironment _environment;

    internal VqVaeCatalog(IHostEnvironment environment) => _environment = environment;

    /// <summary>
    /// Trains a VQ-VAE on a column of images and adds their discrete codes as keys, with the settings of
    /// <see cref="ImageVqVaeOptions.Fast"/> where nothing else is said: a network and a schedule made for a CPU.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null,
    /// the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="codes">K: how many codes the codebook holds.</param>
    /// <param name="codesPerPosition">G: how many codes describe a position.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="ImageVqVaeOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.ExtractPixels("Pixels", "Image")
    ///     .Append(ml.Transforms.VqVae.EncodeImages("Codes", "Pixels"))
    ///     .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"));
    /// </code>
    /// </example>
    public ImageVqVaeEstimator EncodeImages(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null, int codes = 512,
        int codesPerPosition = 1, int? steps = null, int? seed = null)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.ReconstructionColumnName = reconstructionColumnName;
        options.Quantizer.Codes = codes;
        options.Quantizer.CodesPerPosition = codesPerPosition;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeImages(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of images and adds their discrete codes as keys, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null
    /// for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings, for example <see cref="ImageVqVaeOptions.Cifar10"/> or
    /// <see cref="ImageVqVaeOptions.Fast"/>.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public ImageVqVaeEstimator EncodeImages(string outputColumnName, string? inputColumnName, ImageVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);

    /// <summary>
    /// Trains a VQ-VAE on a column of waveforms and adds their discrete codes as keys, with the settings of
    /// <see cref="AudioVqVaeOptions.MelSpeech"/> where nothing else is said: speech that can be decoded again, made for a CPU.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;&gt; of any length, with key values.</param>
    /// <param name="inputColumnName">The column of waveforms: a Vector&lt;Single&gt; of any length, as LoadAudio gives. Null, the default,
    /// for <paramref name="outputColumnName"/>.</param>
    /// <param name="speakerColumnName">A column with a key for who speaks, which the decoder is told; null, the default, for one
    /// voice.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded waveforms; null, the default, for none.</param>
    /// <param name="sampleRate">Samples a second of the waveforms.</param>
    /// <param name="codes">K: how many codes the codebook holds.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of
    /// <see cref="AudioVqVaeOptions.MelSpeech"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="AudioVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
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
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        options.SpeakerColumnName = speakerColumnName;
        options.ReconstructionColumnName = reconstructionColumnName;
        options.SampleRate = sampleRate;
        options.Quantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeAudio(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of waveforms and adds their discrete codes as keys, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;&gt; of any length, with key values.</param>
    /// <param name="inputColumnName">The column of waveforms: a Vector&lt;Single&gt; of any length, as LoadAudio gives. Null for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings, for example <see cref="AudioVqVaeOptions.MelSpeech"/>,
    /// <see cref="AudioVqVaeOptions.PhonemeFeatures"/>, <see cref="AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers"/> or
    /// <see cref="AudioVqVaeOptions.Vctk64x"/>.</param>
    /// <returns>The estimator; <see cref="AudioVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public AudioVqVaeEstimator EncodeAudio(string outputColumnName, string? inputColumnName, AudioVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);

    /// <summary>Loads the WAV files that a column names, or parts of them, as waveforms of one channel.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single&gt; of variable size, full scale -1 to 1.</param>
    /// <param name="pathColumnName">The column of file names, Text. Relative names are relative to <paramref name="audioFolder"/>.</param>
    /// <param name="sampleRate">Samples a second of the waveforms; files of another rate are changed to it.</param>
    /// <param name="startColumnName">A column with the first sample to read, in samples of the file from 0, Int64 or Int32; null, the
    /// default, to read from the begin.</param>
    /// <param name="lengthColumnName">A column with the number of samples to read, in samples of the file, Int64 or Int32; null, the
    /// default, to read to the end.</param>
    /// <param name="audioFolder">The folder of relative file names, which a saved model remembers as a full path; null, the default, for
    /// the directory that is current when a file is read.</param>
    /// <returns>The estimator; <see cref="AudioLoadingEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work, or the folder does not exist.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.LoadAudio("Waveform", "AudioPath", sampleRate: 16000);
    /// </code>
    /// </example>
    public AudioLoadingEstimator LoadAudio(
        string outputColumnName, string pathColumnName, int sampleRate = 16000, string? startColumnName = null,
        string? lengthColumnName = null, string? audioFolder = null) =>
        new(outputColumnName, pathColumnName, sampleRate, startColumnName, lengthColumnName, audioFolder);

    /// <summary>Makes a row of every code of an utterance: the code, the codes around it, and the label at its centre.</summary>
    /// <param name="outputColumnName">The column to add: the code, Key&lt;UInt32, K&gt;.</param>
    /// <param name="codesColumnName">The column of an utterance's codes, Vector&lt;Key&lt;UInt32, K&gt;&gt;; null for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The other columns, and the time of a code; null, the default, for the defaults: a "Window" of three codes on
    /// each side, and no labels.</param>
    /// <returns>The estimator; <see cref="ExpandFramesEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new() { SamplesPerCode = 640, LabelColumnName = "Phone" })
    ///     .Append(ml.Transforms.Conversion.MapValueToKey("Label", "Phone"))
    ///     .Append(ml.MulticlassClassification.Trainers.CodeLabelMap());
    /// </code>
    /// </example>
    public ExpandFramesEstimator ExpandFrames(
        string outputColumnName, string? codesColumnName = null, ExpandFramesOptions? options = null) =>
        new(outputColumnName, codesColumnName, options);

    /// <summary>
    /// Learns the distribution of codes, and adds what those of a row cost under it, with the settings of <see cref="PriorOptions.Fast"/>
    /// where nothing else is said: networks and a schedule made for a CPU.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the row's codes in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, as EncodeImages makes it.</param>
    /// <param name="conditionColumnName">The column of what the codes are conditioned on, a key such as the class or the speaker; null, the
    /// default, for nothing.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="PriorOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var prior = ml.Transforms.VqVae.Prior("Bits", "Codes", "Label").Fit(codec.Transform(images));
    /// IDataView sneakers = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, "Sneaker"));
    /// </code>
    /// </example>
    public PriorEstimator Prior(
        string outputColumnName, string codesColumnName, string? conditionColumnName = null, int? steps = null, int? seed = null)
    {
        PriorOptions options = PriorOptions.Fast();
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return Prior(outputColumnName, codesColumnName, conditionColumnName, options);
    }

    /// <summary>Learns the distribution of codes, and adds what those of a row cost under it, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the row's codes in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, as EncodeImages makes it.</param>
    /// <param name="conditionColumnName">The column of what the codes are conditioned on, a key such as the class or the speaker; null for
    /// nothing.</param>
    /// <param name="options">The settings, for example <see cref="PriorOptions.Fast"/>.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public PriorEstimator Prior(string outputColumnName, string codesColumnName, string? conditionColumnName, PriorOptions options) =>
        new(_environment, outputColumnName, codesColumnName, conditionColumnName, options);

    /// <summary>Trains a second VQ-VAE on a column of codes: a few latents that stand for the whole row (section 4.2 of arXiv 1711.00937),
    /// with the settings of <see cref="CodesVqVaeOptions.Fast"/> where nothing else is said.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys of known size, as EncodeImages makes it.</param>
    /// <param name="latents">L: how many latents stand for a row, each with a codebook of its own.</param>
    /// <param name="codes">K: how many codes a latent chooses from.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="CodesVqVaeOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    public CodesVqVaeEstimator EncodeCodes(
        string outputColumnName, string codesColumnName, int latents = 3, int codes = 512, int? steps = null, int? seed = null)
    {
        CodesVqVaeOptions options = CodesVqVaeOptions.Fast();
        options.Quantizer.CodesPerPosition = latents;
        options.Quantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeCodes(outputColumnName, codesColumnName, options);
    }

    /// <summary>Trains a second VQ-VAE on a column of codes, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys of known size, as EncodeImages makes it.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public CodesVqVaeEstimator EncodeCodes(string outputColumnName, string codesColumnName, CodesVqVaeOptions options) =>
        new(_environment, outputColumnName, codesColumnName, options);
}

/// <summary>Puts the components of this library into ML.NET's catalogs.</summary>
public static class VqVaeCatalogExtensions
{
    extension(TransformsCatalog catalog)
    {
        /// <summary>Vector-quantised autoencoders: discrete codes of images and of sound.</summary>
        public VqVaeCatalog VqVae => new(MLNetInternals.EnvironmentOf(catalog));
    }
}

/// <summary>Puts the trainers of this library into ML.NET's catalog of multiclass classification.</summary>
public static class VqVaeTrainersCatalogExtensions
{
    extension(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog)
    {
        /// <summary>Maps every code to the label that it meets most often in training: how the paper measures what codes say about
        /// phonemes.</summary>
        /// <param name="labelColumnName">The column of labels: a UInt32 key.</param>
        /// <param name="codeColumnName">The column of codes: a UInt32 key, as <see cref="VqVaeCatalog.ExpandFrames"/> makes it.</param>
        /// <returns>The trainer; <see cref="CodeLabelMapTrainer"/> has the tables of its columns and characteristics.</returns>
        public CodeLabelMapTrainer CodeLabelMap(string labelColumnName = "Label", string codeColumnName = "Code")
        {
            ArgumentNullException.ThrowIfNull(catalog);
            return new(labelColumnName, codeColumnName);
        }
    }
}

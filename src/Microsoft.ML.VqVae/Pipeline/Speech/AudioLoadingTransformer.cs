using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(AudioLoadingTransformer), null, typeof(SignatureLoadModel), "Audio loader",
    AudioLoadingTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds the waveforms of the WAV files that a column names; what <see cref="AudioLoadingEstimator"/> makes.</summary>
/// <remarks>
/// A file is read when a waveform is asked for, and closed again. What cannot be read then raises an
/// <see cref="InvalidOperationException"/> that names row, column and file, and says what is wrong with the file.
/// </remarks>
public sealed class AudioLoadingTransformer : RowByRowTransformer
{
    internal const string LoaderSignature = "VqVaeAudioLoader";
    const string ModelSignature = "VQVAEWAV";

    readonly SavedAudioLoading _settings;

    internal AudioLoadingTransformer(SavedAudioLoading settings) : base(new AudioLoading(settings)) => _settings = settings;

    // Found by ML.NET by its name and parameters.
    static AudioLoadingTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        new(ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedTransformJson.Default.SavedAudioLoading));

    /// <summary>The column of waveforms that is added.</summary>
    public string OutputColumnName => _settings.Output;

    /// <summary>The column of file names that is read.</summary>
    public string PathColumnName => _settings.Path;

    /// <summary>The column of first samples, or null where files are read from their begin.</summary>
    public string? StartColumnName => _settings.Start;

    /// <summary>The column of lengths in samples, or null where files are read to their end.</summary>
    public string? LengthColumnName => _settings.Length;

    /// <summary>Samples a second of the waveforms.</summary>
    public int SampleRate => _settings.SampleRate;

    /// <summary>The folder that file names are relative to, or null for the current directory.</summary>
    public string? AudioFolder => _settings.Folder;

    private protected override void Save(ModelSaveContext context) =>
        ModelFile.Save(context, ModelSignature, LoaderSignature, _settings, SavedTransformJson.Default.SavedAudioLoading);
}

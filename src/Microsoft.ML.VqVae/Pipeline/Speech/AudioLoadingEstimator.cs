using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>Loads WAV files as waveforms, as LoadImages loads images: ML.NET has no audio input of its own.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Path | [Text](xref:Microsoft.ML.Data.TextDataViewType): the name of a WAV file |
/// | Start, optional | <xref:System.Int64> or <xref:System.Int32>: the first sample to read, in samples of the file |
/// | Length, optional | <xref:System.Int64> or <xref:System.Int32>: the number of samples to read, in samples of the file |
/// | Output | A variable-sized vector of <xref:System.Single>: one channel at the requested rate, full scale -1 to 1 |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | No |
/// | Input column data type | [Text](xref:Microsoft.ML.Data.TextDataViewType) |
/// | Output column data type | Variable-sized vector of <xref:System.Single> |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// Several channels are mixed to their mean, and files of another sample rate are resampled by band-limited interpolation
/// (<see cref="Audio.Resampler"/>); a part of a file is cut out first. A file without samples gives an empty vector, and so does an empty
/// name. Silence gives zeros. Formats are those of <see cref="Audio.WaveFile"/>; sample rates are from 100 to 768,000 Hz, and a row
/// holds at most 268,435,456 samples.
/// </remarks>
public sealed class AudioLoadingEstimator : IEstimator<AudioLoadingTransformer>
{
    readonly SavedAudioLoading _settings;
    readonly AudioLoadingTransformer _transformer;

    internal AudioLoadingEstimator(
        string outputColumnName, string pathColumnName, int sampleRate, string? startColumnName, string? lengthColumnName,
        string? audioFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(pathColumnName);
        WaveHeader.CheckRate(sampleRate, nameof(sampleRate));
        if (!string.IsNullOrEmpty(audioFolder) && !Directory.Exists(audioFolder))
            throw new ArgumentException($"The folder '{audioFolder}' does not exist.", nameof(audioFolder));
        string? folder = string.IsNullOrEmpty(audioFolder) ? null : Path.GetFullPath(audioFolder);
        _settings = new SavedAudioLoading(
            outputColumnName, pathColumnName, sampleRate, NullIfEmpty(startColumnName), NullIfEmpty(lengthColumnName), folder);
        _transformer = new AudioLoadingTransformer(_settings);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column path = SchemaColumns.Find(inputSchema, _settings.Path, "path");
        if (path.Kind != SchemaShape.Column.VectorKind.Scalar || path.ItemType is not TextDataViewType)
            throw SchemaColumns.Mismatch(path.Name, TextDataViewType.Instance.ToString()!, MLNetInternals.TypeText(path), "path");
        foreach ((string? name, string role) in new AudioLoading(_settings).Places)
        {
            if (name is null)
                continue;
            SchemaShape.Column column = SchemaColumns.Find(inputSchema, name, role);
            bool isWhole = column.ItemType == NumberDataViewType.Int64 || column.ItemType == NumberDataViewType.Int32;
            if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !isWhole || column.IsKey)
                throw SchemaColumns.Mismatch(name, AudioLoading.WholeNumber, MLNetInternals.TypeText(column), role);
        }
        SchemaShape.Column waveform = MLNetInternals.ShapeColumn(
            _settings.Output, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.Single);
        return new SchemaShape(inputSchema.Where(column => column.Name != _settings.Output).Append(waveform));
    }

    /// <summary>Checks the columns; no file is read.</summary>
    /// <param name="input">Data with the columns to read.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public AudioLoadingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _transformer.GetOutputSchema(input.Schema);
        return _transformer;
    }

    static string? NullIfEmpty(string? name) => string.IsNullOrEmpty(name) ? null : name;
}

using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(AudioLoadingTransformer), null, typeof(SignatureLoadModel), "Audio loader",
    AudioLoadingTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="IEstimator{TTransformer}"/> that loads audio files as waveforms, as LoadImages loads images.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Path | [Text](xref:Microsoft.ML.Data.TextDataViewType): the name of an audio file |
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
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// Channels are averaged, and files with another sample rate are resampled by band-limited interpolation (<see cref="Audio.Resampler"/>),
/// after the requested part of the file is cut out. A file without samples and an empty name result in an empty vector, silence in zeros.
/// The formats are those of <see cref="Audio.WaveFile"/>, and those that are passed: the package VqVae.MLNet.AudioFormats has FLAC,
/// MP3 and Ogg Vorbis (<see cref="Audio.AudioFormat"/>). A file's format is recognized by its first bytes, not by its name. Sample rates
/// are from 100 to 768,000 Hz, and a row holds at most 268,435,456 samples.
/// </remarks>
public sealed class AudioLoadingEstimator : IEstimator<AudioLoadingTransformer>
{
    readonly SavedAudioLoading _settings;
    readonly AudioLoadingTransformer _transformer;

    internal AudioLoadingEstimator(
        string outputColumnName, string pathColumnName, int sampleRate, string? startColumnName, string? lengthColumnName,
        string? audioFolder, IReadOnlyList<AudioFormat>? formats = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(pathColumnName);
        WaveHeader.CheckRate(sampleRate, nameof(sampleRate));
        if (!string.IsNullOrEmpty(audioFolder) && !Directory.Exists(audioFolder))
            throw new ArgumentException($"The folder '{audioFolder}' does not exist.", nameof(audioFolder));
        string? folder = string.IsNullOrEmpty(audioFolder) ? null : Path.GetFullPath(audioFolder);
        _settings = new SavedAudioLoading(
            outputColumnName, pathColumnName, sampleRate, NullIfEmpty(startColumnName), NullIfEmpty(lengthColumnName), folder,
            formats is null or [] ? null : [.. formats.Select(format => OpenTypeConverter<AudioFormat>.Copy(format, nameof(formats)))]);
        _transformer = new AudioLoadingTransformer(_settings);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
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
        return SchemaColumns.With(inputSchema, [waveform]);
    }

    /// <summary>Checks the columns; no file is read.</summary>
    /// <param name="input">A data view with the input columns.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
    public AudioLoadingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _transformer.GetOutputSchema(input.Schema);
        return _transformer;
    }

    static string? NullIfEmpty(string? name) => string.IsNullOrEmpty(name) ? null : name;
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting an <see cref="AudioLoadingEstimator"/>; it adds the waveforms of audio
/// files.</summary>
/// <remarks>
/// A file is opened when its waveform is requested, and closed after it is read. A file that cannot be read then throws an
/// <see cref="InvalidOperationException"/> that names row, column, file and cause.
/// </remarks>
public sealed class AudioLoadingTransformer : RowByRowTransformer
{
    internal const string LoaderSignature = "VqVaeAudioLoader";
    const string ModelSignature = "VQVAEWAV";

    readonly SavedAudioLoading _settings;

    internal AudioLoadingTransformer(SavedAudioLoading settings) : base(new AudioLoading(settings)) => _settings = settings;

    // Called by ML.NET, which finds it by its name and parameters.
    static AudioLoadingTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        new(ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.SavedAudioLoading));

    /// <summary>The column of waveforms that is added.</summary>
    public string OutputColumnName => _settings.Output;

    /// <summary>The column of file names that is read.</summary>
    public string PathColumnName => _settings.Path;

    /// <summary>The column of first samples, or null if files are read from the start.</summary>
    public string? StartColumnName => _settings.Start;

    /// <summary>The column of lengths in samples, or null if files are read to the end.</summary>
    public string? LengthColumnName => _settings.Length;

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    public int SampleRate => _settings.SampleRate;

    /// <summary>The formats that are read beside WAV and NIST SPHERE.</summary>
    public IReadOnlyList<AudioFormat> Formats => _settings.Formats ?? [];

    /// <summary>The folder that file names are relative to, or null for the current directory.</summary>
    public string? AudioFolder => _settings.Folder;

    private protected override void Save(ModelSaveContext context) =>
        ModelFile.Save(context, ModelSignature, LoaderSignature, _settings, SavedJson.Default.SavedAudioLoading);
}

/// <summary>The mapping from a column of file names to waveforms.</summary>
internal sealed class AudioLoading(SavedAudioLoading settings) : IRowMapping
{
    /// <summary>The maximum number of samples in a row: 1 GB, four and a half hours at 16 kHz. Damaged headers may request more.</summary>
    const int MaxSamples = 1 << 28;

    // Files of many rates are rare, and creating a resampler takes longer than resampling a short file.
    readonly ResamplerCache _resamplers = new(settings.SampleRate);

    public AddedColumns Bind(DataViewSchema inputSchema)
    {
        DataViewSchema.Column path = SchemaColumns.Find(inputSchema, settings.Path, "path");
        if (path.Type is not TextDataViewType)
            throw SchemaColumns.Mismatch(path.Name, TextDataViewType.Instance.ToString()!, path.Type.ToString()!, "path");
        List<DataViewSchema.Column> read = [path];
        foreach ((string? name, string role) in Places)
        {
            if (name is null)
                continue;
            DataViewSchema.Column column = SchemaColumns.Find(inputSchema, name, role);
            if (column.Type != NumberDataViewType.Int64 && column.Type != NumberDataViewType.Int32)
                throw SchemaColumns.Mismatch(name, WholeNumber, column.Type.ToString()!, role);
            read.Add(column);
        }
        return new AddedColumns(inputSchema, read,
            [new DataViewSchema.DetachedColumn(settings.Output, new VectorDataViewType(NumberDataViewType.Single))]);
    }

    public IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf) =>
        throw new NotSupportedException("it reads files");

    public const string WholeNumber = "Int64 or Int32 (ConvertType converts other numbers)";

    public IEnumerable<(string? Name, string Role)> Places => [(settings.Start, "start"), (settings.Length, "length")];

    public Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output)
    {
        ValueGetter<ReadOnlyMemory<char>> path = row.GetGetter<ReadOnlyMemory<char>>(columns.InputColumns[0]);
        int next = 1;
        Func<long>? start = settings.Start is null ? null : Number(row, columns.InputColumns[next++]);
        Func<long>? length = settings.Length is null ? null : Number(row, columns.InputColumns[next]);
        ReadOnlyMemory<char> name = default;
        ValueGetter<VBuffer<float>> getter = (ref VBuffer<float> value) =>
        {
            path(ref name);
            float[] waveform = name.IsEmpty ? [] : Load(row, name.ToString(), start?.Invoke(), length?.Invoke());
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, waveform.Length);
            waveform.CopyTo(editor.Values);
            value = editor.Commit();
        };
        return getter;
    }

    float[] Load(DataViewRow row, string name, long? start, long? length)
    {
        try
        {
            using AudioFile file = Open(settings.Folder is null ? name : Path.Combine(settings.Folder, name));
            Check(file, start, length);
            Resampler? resampler = file.SampleRate == settings.SampleRate ? null : _resamplers.From(file.SampleRate);
            long samples = length ?? file.Length - (start ?? 0);
            CheckSize(file, samples, resampler?.OutputLength(samples) ?? samples);
            float[] waveform = file.ReadMono(start ?? 0, length);
            return resampler is null ? waveform : resampler.Resample(waveform);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException
            or ArgumentException or NotSupportedException)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"Row {row.Position} of column '{settings.Path}': ")
                + $"the file '{name}' cannot be loaded. {exception.Message}",
                exception);
        }
    }

    AudioFile Open(string path)
    {
        if (settings.Formats is not AudioFormat[] formats)
            return WaveFile.Open(path);
        byte[] start = new byte[AudioFormat.StartLength];
        int length;
        using (FileStream stream = File.OpenRead(path))
            length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return Array.Find(formats, format => format.Recognizes(start.AsSpan(0, length)))?.Open(path) ?? WaveFile.Open(path);
    }

    // The messages name the columns, which AudioFile does not know.
    void Check(AudioFile file, long? start, long? length)
    {
        long first = start ?? 0;
        if (first < 0 || first > file.Length)
            throw Beyond(settings.Start!, $"a sample from 0 to {file.Length}, the length of the file", first);
        if (length is long count && (count < 0 || count > file.Length - first))
            throw Beyond(settings.Length!, $"from 0 to {file.Length - first} samples, which the file has from sample {first} on", count);
    }

    void CheckSize(AudioFile file, long samples, long output)
    {
        if (Math.Max(samples, output) > MaxSamples)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"Expected are at most {MaxSamples} samples in a row, but {samples} samples at {file.SampleRate} Hz are {output} at "
                + $"{settings.SampleRate} Hz. Read a long file in parts, by columns for start and length."));
        }
    }

    static ArgumentException Beyond(string column, string expected, long found) =>
        new(string.Create(CultureInfo.InvariantCulture, $"Column '{column}' must be {expected}, but is {found}."));

    static Func<long> Number(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type == NumberDataViewType.Int32)
        {
            ValueGetter<int> narrow = row.GetGetter<int>(column);
            return () =>
            {
                int value = 0;
                narrow(ref value);
                return value;
            };
        }
        ValueGetter<long> wide = row.GetGetter<long>(column);
        return () =>
        {
            long value = 0;
            wide(ref value);
            return value;
        };
    }
}

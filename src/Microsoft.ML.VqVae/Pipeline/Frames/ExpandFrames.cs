using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(ExpandFramesTransformer), null, typeof(SignatureLoadModel), "Codes to rows",
    ExpandFramesTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Makes a row of every code of an utterance, for trainers that learn from codes: the code itself, the codes around it, and the
/// label at its centre.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Labels, where they are asked for | A vector of [Text](xref:Microsoft.ML.Data.TextDataViewType) or of UInt32 key type |
/// | LabelStarts, LabelEnds, with labels | Vectors of <xref:System.Single>: seconds from the begin of the utterance |
/// | Code | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Window, on request | A known-sized vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, missing beyond the ends |
/// | Label, on request | As the items of Labels: what holds at the code's centre; empty or missing where nothing does |
/// | Time, on request | <xref:System.Single>: seconds from the begin of the utterance to the code's centre |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | No |
/// | Does it map each row to one row? | No: a row becomes as many as it has codes, none where it has none |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// Every input column passes through, the same value for all codes of an utterance. It is read again for each row that asks for it: where
/// it is costly, a waveform for example, leave it out first (<c>DropColumns</c>). A <c>PredictionEngine</c>, which maps one row to one,
/// cannot use this transformer.
/// </remarks>
public sealed class ExpandFramesEstimator : IEstimator<ExpandFramesTransformer>
{
    readonly FrameColumns _columns;

    internal ExpandFramesEstimator(string outputColumnName, string? codesColumnName, ExpandFramesOptions? options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        options ??= new ExpandFramesOptions();
        options.Validate();
        _columns = new FrameColumns(
            codesColumnName ?? outputColumnName, outputColumnName, NullIfEmpty(options.WindowColumnName), options.Context,
            NullIfEmpty(options.TimeColumnName), NullIfEmpty(options.LabelColumnName), options.LabelsColumnName,
            options.LabelStartsColumnName, options.LabelEndsColumnName, options.SamplesPerCode, options.SampleRate);
        string? twice = _columns.Added.OfType<string>().GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new ArgumentException(
                $"The name '{twice}' is given to more than one output column; each needs a name of its own.", nameof(outputColumnName));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        List<SchemaShape.Column> added = FrameInput.Bind(_columns, inputSchema);
        return new SchemaShape(inputSchema.Where(column => added.TrueForAll(made => made.Name != column.Name)).Concat(added));
    }

    /// <summary>Checks the columns; no row is read.</summary>
    /// <param name="input">Data with the columns to read.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public ExpandFramesTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        FrameInput.Bind(_columns, input.Schema);
        return new ExpandFramesTransformer(_columns);
    }

    static string? NullIfEmpty(string? name) => string.IsNullOrEmpty(name) ? null : name;
}

/// <summary>The settings of <c>ExpandFrames</c>, which makes a row of every code of an utterance.</summary>
public sealed class ExpandFramesOptions
{
    /// <summary>How many samples a code stands for: code i is about samples i · this to (i + 1) · this.</summary>
    /// <value>At least 1. The default is 640: 25 codes a second at 16 kHz.</value>
    public int SamplesPerCode { get; set; } = 640;

    /// <summary>Samples a second of the audio that was encoded.</summary>
    /// <value>At least 1. The default is 16000.</value>
    public int SampleRate { get; set; } = 16000;

    /// <summary>The column to add for the codes around a code: <see cref="Context"/> before it, itself, and as many after it. Slots beyond
    /// the ends of the utterance are missing keys.</summary>
    /// <value>Null for none. The default is "Window".</value>
    public string? WindowColumnName { get; set; } = "Window";

    /// <summary>How many codes a window has on each side of its own.</summary>
    /// <value>Zero or more. The default is 3.</value>
    public int Context { get; set; } = 3;

    /// <summary>The column to add for the label at the code's centre: that of the interval that begins at the centre or before and ends
    /// after it. Where there is none, the text is empty, or the key missing.</summary>
    /// <value>Null, the default, for none.</value>
    public string? LabelColumnName { get; set; }

    /// <summary>The column of labels of an utterance in order of time: a vector of Text, or of UInt32 keys.</summary>
    /// <value>The default is "Labels". It is not needed without a <see cref="LabelColumnName"/>.</value>
    public string LabelsColumnName { get; set; } = "Labels";

    /// <summary>The column with the begin of each label in seconds, a vector of Single.</summary>
    /// <value>The default is "LabelStarts".</value>
    public string LabelStartsColumnName { get; set; } = "LabelStarts";

    /// <summary>The column with the end of each label in seconds, a vector of Single.</summary>
    /// <value>The default is "LabelEnds".</value>
    public string LabelEndsColumnName { get; set; } = "LabelEnds";

    /// <summary>The column to add for the time of the code's centre in seconds, (i + 0.5) · samples per code / sample rate,
    /// Single.</summary>
    /// <value>Null, the default, for none.</value>
    public string? TimeColumnName { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of ExpandFrames cannot be used");
        problems.AtLeast(nameof(SamplesPerCode), SamplesPerCode, 1);
        problems.AtLeast(nameof(SampleRate), SampleRate, 1);
        problems.Require(Context is >= 0 and <= 1 << 20, nameof(Context), "from 0 to a million", Context);
        if (LabelColumnName is not null)
        {
            (string Option, string Value)[] needed =
            [
                (nameof(LabelsColumnName), LabelsColumnName), (nameof(LabelStartsColumnName), LabelStartsColumnName),
                (nameof(LabelEndsColumnName), LabelEndsColumnName),
            ];
            foreach ((string option, string value) in needed)
                problems.Require(!string.IsNullOrEmpty(value), option, "the name of a column, since labels are asked for", value ?? "null");
        }
        problems.ThrowIfAny();
    }
}

/// <summary>Makes a row of every code of an utterance; what <see cref="ExpandFramesEstimator"/> makes.</summary>
/// <remarks>Rows are made when a cursor asks for them. How many there are is not known before. Labels that do not fit, because they overlap
/// or end more than a code later than the codes, raise an <see cref="InvalidOperationException"/> that names row and columns.</remarks>
public sealed class ExpandFramesTransformer : ITransformer
{
    internal const string LoaderSignature = "VqVaeExpandFrames";
    const string ModelSignature = "VQVAEEXP";

    readonly FrameColumns _columns;

    internal ExpandFramesTransformer(FrameColumns columns) => _columns = columns;

    // Found by ML.NET by its name and parameters.
    static ExpandFramesTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        new(ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.SavedFrames).Columns);

    /// <summary>The column of an utterance's codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of a row's code that is added.</summary>
    public string OutputColumnName => _columns.Code;

    /// <summary>The column of the codes around a code, or null.</summary>
    public string? WindowColumnName => _columns.Window;

    /// <summary>The column of labels that is added, or null.</summary>
    public string? LabelColumnName => _columns.Label;

    /// <summary>The column of times that is added, or null.</summary>
    public string? TimeColumnName => _columns.Time;

    bool ITransformer.IsRowToRowMapper => false;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of a type that is taken.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return FrameInput.Bind(_columns, inputSchema).Columns.OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of a type that is taken.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new FrameView(input, _columns, FrameInput.Bind(_columns, input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => throw new InvalidOperationException(
        "ExpandFrames makes many rows of one: it cannot map single rows, as a PredictionEngine asks. Use Transform.");

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelFile.Save(
        ctx, ModelSignature, LoaderSignature, new SavedFrames(_columns), SavedJson.Default.SavedFrames);
}

/// <summary>The JSON text of an <see cref="ExpandFramesTransformer"/> in a model file.</summary>
internal sealed record SavedFrames(FrameColumns Columns);

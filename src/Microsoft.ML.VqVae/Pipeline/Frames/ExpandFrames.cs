using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(ExpandFramesTransformer), null, typeof(SignatureLoadModel), "Codes to rows",
    ExpandFramesTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="IEstimator{TTransformer}"/> that expands each utterance into a row per code, with the code, its neighboring
/// codes and the label at its center, for trainers that learn from codes.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Labels, on request | A vector of [Text](xref:Microsoft.ML.Data.TextDataViewType) or of UInt32 key type |
/// | LabelStarts, LabelEnds, with labels | Vectors of <xref:System.Single>: seconds from the start of the utterance |
/// | Code | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type, of G·K keys |
/// | Window, on request | A known-sized vector of the same keys, missing ones beyond the ends |
/// | Label, on request | The type of the items of Labels: the label at the center of the code; empty or missing if there is none |
/// | Time, on request | <xref:System.Single>: seconds from the start of the utterance to the center of the code |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | No |
/// | Does it map each row to one row? | No: a row becomes a row per code |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// With G codes per position (<see cref="ExpandFramesOptions.CodesPerPosition"/>), each place of a position stands for channels of its own,
/// also where the places share a codebook. Key k of place g, from 0, becomes g·K + k, and its key value becomes the text "g,value", so that
/// trainers tell the places apart. <see cref="CodeLabelMapTrainer"/> then predicts from one code of a position at a time; the others are in the window.
///
/// All input columns pass through, with the same value for all codes of an utterance. They are read again for each requested row: drop
/// expensive ones, such as waveforms, first (<c>DropColumns</c>). A <c>PredictionEngine</c>, which maps one row to one, cannot use this
/// transformer.
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
            options.LabelStartsColumnName, options.LabelEndsColumnName, options.SamplesPerCode, options.SampleRate, options.CodesPerPosition);
        SchemaColumns.RequireDistinct(_columns.Added.OfType<string>());
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return SchemaColumns.With(inputSchema, FrameInput.Bind(_columns, inputSchema));
    }

    /// <summary>Checks the columns; no row is read.</summary>
    /// <param name="input">A data view with the input columns.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
    public ExpandFramesTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        FrameInput.Bind(_columns, input.Schema);
        return new ExpandFramesTransformer(_columns);
    }

    static string? NullIfEmpty(string? name) => string.IsNullOrEmpty(name) ? null : name;
}

/// <summary>The settings of <see cref="ExpandFramesEstimator"/>: the added columns, the columns of labels, and the time of a
/// code.</summary>
public sealed class ExpandFramesOptions
{
    /// <summary>H: number of samples per position. The codes of position i cover the samples from i·H up to (i + 1)·H. With one code per
    /// position, the default, code i is that of position i.</summary>
    /// <value>At least 1. The default is 640: 25 codes per second at 16 kHz.</value>
    public int SamplesPerCode { get; set; } = 640;

    /// <summary>G: number of codes per position, as in the options of the codec's quantizer. The G codes of a position follow one another in
    /// the column of codes, are rows of their own with keys of their own, and have the same time, label and window.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int CodesPerPosition { get; set; } = 1;

    /// <summary>The sample rate of the encoded audio, in hertz.</summary>
    /// <value>At least 1. The default is 16000.</value>
    public int SampleRate { get; set; } = 16000;

    /// <summary>The name of a column for the window around a code: the codes of <see cref="Context"/> positions before it, of its own
    /// position, and of <see cref="Context"/> positions after it, (2 · <see cref="Context"/> + 1) · G in all. Slots beyond the ends of the
    /// utterance are missing keys.</summary>
    /// <value>Null for none. The default is "Window".</value>
    public string? WindowColumnName { get; set; } = "Window";

    /// <summary>Number of positions of a window on each side of that of the code: codes, with one per position.</summary>
    /// <value>From 0 to 1,048,576; for a window of at most 16,777,216 codes. The default is 3.</value>
    public int Context { get; set; } = 3;

    /// <summary>The name of a column for the label at the center of the code: that of the interval that starts at the center or before and
    /// ends after it. If there is none, the text is empty or the key missing.</summary>
    /// <value>Null, the default, for none.</value>
    public string? LabelColumnName { get; set; }

    /// <summary>The column of the labels of an utterance in the order of time: a vector of Text or of UInt32 keys.</summary>
    /// <value>The default is "Labels". It is not needed without a <see cref="LabelColumnName"/>.</value>
    public string LabelsColumnName { get; set; } = "Labels";

    /// <summary>The column of the start of each label in seconds: a vector of Single.</summary>
    /// <value>The default is "LabelStarts".</value>
    public string LabelStartsColumnName { get; set; } = "LabelStarts";

    /// <summary>The column of the end of each label in seconds: a vector of Single.</summary>
    /// <value>The default is "LabelEnds".</value>
    public string LabelEndsColumnName { get; set; } = "LabelEnds";

    /// <summary>The name of a column for the time of the center of the code in seconds, (i + 0.5)·H / sample rate for the codes of
    /// position i: a Single.</summary>
    /// <value>Null, the default, for none.</value>
    public string? TimeColumnName { get; set; }

    // A window is an array for each row.
    const int MaxWindow = 1 << 24;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of ExpandFrames cannot be used");
        Describe(problems, SamplesPerCode, SampleRate, Context, CodesPerPosition);
        if (LabelColumnName is not null)
        {
            (string Option, string Value)[] needed =
            [
                (nameof(LabelsColumnName), LabelsColumnName), (nameof(LabelStartsColumnName), LabelStartsColumnName),
                (nameof(LabelEndsColumnName), LabelEndsColumnName),
            ];
            foreach ((string option, string value) in needed)
                problems.Require(!string.IsNullOrEmpty(value), option, "the name of a column, since labels are requested", value ?? "null");
        }
        problems.ThrowIfAny();
    }

    internal static void Describe(OptionProblems problems, int samplesPerCode, int sampleRate, int context, int codesPerPosition)
    {
        problems.AtLeast(nameof(SamplesPerCode), samplesPerCode, 1);
        problems.AtLeast(nameof(SampleRate), sampleRate, 1);
        problems.AtLeast(nameof(CodesPerPosition), codesPerPosition, 1);
        problems.Require(context is >= 0 and <= 1 << 20, nameof(Context), "from 0 to a million", context);
        if (context is >= 0 and <= 1 << 20 && codesPerPosition >= 1)
        {
            long window = (2L * context + 1) * codesPerPosition;
            problems.Require(window <= MaxWindow, nameof(CodesPerPosition),
                $"so small that a window of {2 * context + 1} positions ({nameof(Context)}) has at most {MaxWindow} codes", codesPerPosition);
        }
    }
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting an <see cref="ExpandFramesEstimator"/>.</summary>
/// <remarks>Rows are created when a cursor requests them; their number is unknown before. Labels that overlap, or end more than one code
/// after the last code, throw an <see cref="InvalidOperationException"/> that names row and columns.</remarks>
public sealed class ExpandFramesTransformer : ITransformer
{
    internal const string LoaderSignature = "VqVaeExpandFrames";
    const string ModelSignature = "VQVAEEXP";

    readonly FrameColumns _columns;

    internal ExpandFramesTransformer(FrameColumns columns) => _columns = columns;

    // Called by ML.NET, which finds it by its name and parameters.
    static ExpandFramesTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        new(ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.SavedFrames).Columns);

    /// <summary>The column of the codes of an utterance that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of the code of a row that is added.</summary>
    public string OutputColumnName => _columns.Code;

    /// <summary>The column of windows that is added, or null.</summary>
    public string? WindowColumnName => _columns.Window;

    /// <summary>The column of labels that is added, or null.</summary>
    public string? LabelColumnName => _columns.Label;

    /// <summary>The column of times that is added, or null.</summary>
    public string? TimeColumnName => _columns.Time;

    bool ITransformer.IsRowToRowMapper => false;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return FrameInput.Bind(_columns, inputSchema).Columns.OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new FrameView(input, this, _columns);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => throw new InvalidOperationException(
        "ExpandFrames expands a row into many: it cannot map single rows for a PredictionEngine. Use Transform.");

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelFile.Save(
        ctx, ModelSignature, LoaderSignature, new SavedFrames(_columns), SavedJson.Default.SavedFrames);
}

/// <summary>The JSON text of an <see cref="ExpandFramesTransformer"/> in a model file.</summary>
internal sealed record SavedFrames(FrameColumns Columns) : IDescription
{
    public void Describe(OptionProblems problems)
    {
        ExpandFramesOptions.Describe(problems, Columns.SamplesPerCode, Columns.SampleRate, Columns.Context, Columns.CodesPerPosition);
        string[] labels = Columns.Label is null ? [] : [Columns.Labels, Columns.LabelStarts, Columns.LabelEnds];
        SchemaColumns.Describe(problems, [Columns.Codes, .. labels], Columns.Added);
    }
}

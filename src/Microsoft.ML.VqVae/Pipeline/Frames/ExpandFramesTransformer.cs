using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(ExpandFramesTransformer), null, typeof(SignatureLoadModel), "Codes to rows",
    ExpandFramesTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

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

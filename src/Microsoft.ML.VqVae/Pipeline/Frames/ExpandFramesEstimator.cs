using Microsoft.ML.Data;

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

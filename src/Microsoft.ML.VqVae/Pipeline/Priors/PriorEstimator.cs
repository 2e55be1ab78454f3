using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains an autoregressive prior over codes, conditional or unconditional: a gated
/// PixelCNN (van den Oord et al. 2016, arXiv 1606.05328) over grids, a WaveNet (van den Oord et al. 2016, arXiv 1609.03499) over
/// sequences, or a custom network (<see cref="PriorOptions.CustomNetwork"/>). See section 3.3 of "Neural Discrete Representation Learning"
/// (arXiv 1711.00937). The transformer scores rows and samples new ones.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, of known or variable size, as EncodeImages outputs it |
/// | Condition, optional | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey outputs it |
/// | Bits | <xref:System.Single>: −log2 p of the codes of the row, in bits |
/// | Bits per code, on request | A vector of <xref:System.Single> with the dimensions of the codes |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Output column data type | <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Bits, of networks of this library; sampling is not |
/// ]]></format>
///
/// The transformer matches codes by their key values, since MapValueToKey gives codes that were read from text other numbers, and by key
/// number where the column of the training data or of the rows has no key values.
/// </remarks>
public sealed class PriorEstimator : NetworkEstimator<PriorOptions, PriorTransformer>
{
    readonly PriorColumns _columns;

    internal PriorEstimator(
        IHostEnvironment environment, string outputColumnName, string codesColumnName, string? conditionColumnName, PriorOptions options)
        : this(environment, options,
            new PriorColumns(codesColumnName, conditionColumnName, outputColumnName, options?.PerCodeColumnName))
    {
    }

    internal PriorEstimator(IHostEnvironment environment, PriorOptions options, PriorColumns columns)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(columns.Output, "outputColumnName");
        ArgumentException.ThrowIfNullOrEmpty(columns.Codes, "codesColumnName");
        if (columns.Condition is not null)
            ArgumentException.ThrowIfNullOrEmpty(columns.Condition, "conditionColumnName");
        _columns = columns;
        Outputs = columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        CodeFormat.Check(inputSchema, _columns.Codes, ofKnownSize: Options.NeedsGrid);
        if (_columns.Condition is string condition)
            CategorySet.Check(inputSchema, condition, "condition");
    }

    private protected override TrainingPlan<PriorTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(codes, Options.WarmStart?.CodeFormat);
        CategoryColumn? condition =
            _columns.Condition is string name ? CategorySet.FindNew(input.Schema, name, "condition") : null;
        CategorySet? conditions = condition?.Set;
        PriorDescription description = PriorDescription.Resolve(codes, format, conditions, Options);
        CodeStore rows = CodeStore.Read(
            input, format.ToRequirements(codes), condition, "train on", Options.Training.CancellationToken);
        CodePrior network = CreateNetwork(description, seed, conditions);
        description = description with
        {
            Conditions = conditions?.WithRows(rows.Conditions, Options.WarmStart?.Classes),
            MeanLength = (double)rows.TotalCodes / rows.Count,
        };
        SettingsFingerprint fingerprint = description.AddTo(new SettingsFingerprint())
            .Add("rows", rows.Count).Add("codes", rows.TotalCodes);
        string given = conditions is null ? "" : $" given one of {conditions.Count} conditions";
        string subject =
            string.Create(CultureInfo.InvariantCulture, $"a prior on {rows.Count} rows of {format.ToColumnType()}{given}");
        return new(new TrainingTask(network, network, rows, fingerprint), subject,
            (device, summary) => new PriorTransformer(new PriorModel(description, network, device), _columns, training: summary));
    }
}

using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Learns the distribution of codes, given a class or on their own, one code after another: with a gated PixelCNN (van den Oord et al.
/// 2016, arXiv 1606.05328) over grids and a WaveNet (van den Oord et al. 2016, arXiv 1609.03499) over sequences. Section 3.3 of "Neural
/// Discrete Representation Learning" (arXiv 1711.00937). It gives a transformer that scores rows and makes new ones.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, of known or variable size, as EncodeImages makes it |
/// | Condition, if named | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey makes it |
/// | Bits | <xref:System.Single>: −log2 p of the row's codes, their total |
/// | Bits of each code, on request | A vector of <xref:System.Single> in the dimensions of the codes |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Output column data type | <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae and a TorchSharp package with libtorch, for example TorchSharp-cpu |
/// | Exportable to ONNX | No |
/// ]]></format>
/// </remarks>
public sealed class PriorEstimator : IEstimator<PriorTransformer>
{
    readonly IHostEnvironment _environment;
    readonly PriorColumns _columns;
    readonly PriorOptions _options;

    internal PriorEstimator(
        IHostEnvironment environment, string outputColumnName, string codesColumnName, string? conditionColumnName, PriorOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        if (conditionColumnName is not null)
            ArgumentException.ThrowIfNullOrEmpty(conditionColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (options.PerCodeColumnName == outputColumnName)
        {
            throw new ArgumentException(
                $"The name '{outputColumnName}' is given to more than one output column; each needs a name of its own.",
                nameof(outputColumnName));
        }
        (_environment, _options) = (environment, options);
        _columns = new PriorColumns(codesColumnName, conditionColumnName, outputColumnName, options.PerCodeColumnName);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a type that holds no codes or conditions.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column codes = CodeFormat.Check(inputSchema, _columns.Codes);
        if (_columns.Condition is string condition)
            ConditionSet.Check(inputSchema, condition);
        List<SchemaShape.Column> made = [ModelColumns.NumberShape(_columns.Output)];
        if (_columns.PerCode is string perCode)
            made.Add(ModelColumns.PerCodeShape(perCode, codes));
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    /// <summary>Reads the codes once, checks them, and trains.</summary>
    /// <param name="input">The training data; only the columns of codes and conditions are read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or its type or size will not do.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a code or a condition is missing, or a GPU was asked for and is not
    /// there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public PriorTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _options.Validate();
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(codes);
        ConditionSet? conditions = null;
        (DataViewSchema.Column, ConditionKeys)? condition = null;
        if (_columns.Condition is string name)
        {
            DataViewSchema.Column column = SchemaColumns.Find(input.Schema, name, "condition");
            conditions = ConditionSet.Of(column);
            condition = (column, conditions.AllKeys());
        }
        PriorDescription description = PriorDescription.Resolve(codes, format, conditions, _options);
        Device device = DeviceChoice.For(_environment);
        CodeStore rows = CodeStore.Read(
            input, (codes, new CodesWanted(format.Codes, format.Length)), condition, "train on", _options.Training.CancellationToken);
        description = description with
        {
            Conditions = conditions?.WithRows(rows.Conditions),
            MeanLength = (double)rows.TotalCodes / rows.Count,
        };
        (PriorModel model, TrainingSummary summary) = PriorTraining.Run(_environment, _options.Training, description, rows, device);
        return new PriorTransformer(model, _columns, summary);
    }
}

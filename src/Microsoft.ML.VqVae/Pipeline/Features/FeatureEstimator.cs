using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a transformer on rows of codes without labels, to predict masked codes from the
/// others (BERT, Devlin et al. 2018, arXiv 1810.04805; HuBERT, Hsu et al. 2021, arXiv 2106.07447). The fitted transformer adds the features
/// of a middle layer, a vector that classifiers of few labeled rows can learn from.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, of known or variable size, as encoders output it |
/// | Input, optional | A vector of <xref:System.Single>: D numbers per position, such as encoder outputs. Read instead of the codes |
/// | Features | A vector of <xref:System.Single> of known size: the channels of the network, for each part of the row |
/// | Positions, on request | A vector of <xref:System.Single>: the channels of the network for each position |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Output column data type | Vector of <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the rows are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | For codes of known size |
/// ]]></format>
///
/// Codes of an image form a grid; those of a clip are the grids of its frames, one below the other; vectors with one dimension are lines, and
/// those of variable size sequences, in which the features of a row do not depend on the rows that it is computed with. A sequence without
/// codes, such as that of an empty waveform, is left out of training; its features are 0, and it has no positions. Codes are matched by their
/// key values, as for <see cref="PriorEstimator"/>.
/// </remarks>
public sealed class FeatureEstimator : NetworkEstimator<FeatureOptions, FeatureTransformer>
{
    readonly FeatureColumns _columns;

    internal FeatureEstimator(
        IHostEnvironment environment, string outputColumnName, string codesColumnName, FeatureOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        _columns = new FeatureColumns(codesColumnName, options.InputColumnName, outputColumnName, options.PositionsColumnName,
            options.Network.FeatureLayer, options.PoolingSize, options.IncludeMaximum);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        CodeFormat.Check(inputSchema, _columns.Codes);
        if (_columns.Input is string input)
            PositionVectorsInput.Check(inputSchema, input);
    }

    private protected override TrainingPlan<FeatureTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(codes, Options.WarmStart?.CodeFormat);
        int perPosition = FeatureDescription.PerPosition(codes, format, Options.CodesPerPosition);
        CodeRequirements required = format.ToRequirements(codes) with { PerPosition = perPosition };
        DataViewSchema.Column? vectors =
            _columns.Input is string name ? PositionVectorsInput.Find(input.Schema, name) : null;
        int cropLength = format.Length is int length ? length / perPosition : Options.CropLength;
        FeatureStore rows = FeatureStore.Read(input, required, vectors, cropLength, seed, Options.Training);
        var description = new FeatureDescription(
            Options.Network.Copy(), format, perPosition, rows.InputChannels, Options.PredictionBatchSize);
        MaskedCodeTransformer network = CreateNetwork(description, seed, examples: rows);
        if (rows.InputChannels > 0 && Options.WarmStart is null)
        {
            (float[] means, float[] deviations) = rows.Statistics();
            network.SetStatistics(means, deviations);
        }
        SettingsFingerprint fingerprint = new SettingsFingerprint()
            .Add("Network", description.Network, SavedJson.Default.MaskedCodeTransformerOptions)
            .Add("CodesPerPosition", perPosition).Add("input channels", rows.InputChannels).Add("CropLength", cropLength)
            .Add("rows", rows.Rows).Add("codes", rows.TotalCodes);
        string empty = rows.Empty == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {rows.Empty} empty rows left out");
        string read = vectors is null ? "" : $" and vectors of {rows.InputChannels} numbers";
        string subject = string.Create(CultureInfo.InvariantCulture,
            $"features of {description.Network.Channels} channels on {rows.Rows} rows of {format.ToColumnType()}{read}{empty}");
        return new(new TrainingTask(network, network, rows, fingerprint), subject,
            (device, summary) => new FeatureTransformer(new FeatureModel(description, network, device), _columns, summary));
    }
}

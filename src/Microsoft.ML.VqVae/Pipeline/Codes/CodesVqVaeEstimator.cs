using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a second-level VQ-VAE on the codes of a first one (section 4.2 of "Neural
/// Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937): a grid of codes is encoded to a few latents, and
/// decoded by a PixelCNN conditioned on them.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A known-sized vector [h, w, G], [h, w] or [N] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, as EncodeImages outputs it |
/// | Latents | A vector [L] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, with key values and slot names |
/// | Bits, on request | <xref:System.Single>: −log2 p of the codes of the row given its latents, in bits |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Known-sized vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Latents and bits; sampling is not |
/// ]]></format>
///
/// The transformer matches codes by their key values, since MapValueToKey gives codes that were read from text other numbers, and by key
/// number where the column of the training data or of the rows has no key values.
/// </remarks>
public sealed class CodesVqVaeEstimator : NetworkEstimator<CodesVqVaeOptions, CodesVqVaeTransformer>
{
    readonly CodesEncoderColumns _columns;

    internal CodesVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string codesColumnName, CodesVqVaeOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        _columns = new CodesEncoderColumns(codesColumnName, outputColumnName, options.BitsColumnName);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema) =>
        CodeFormat.Check(inputSchema, _columns.Codes, ofKnownSize: true);

    private protected override TrainingPlan<CodesVqVaeTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(column, Options.WarmStart?.CodeFormat);
        CodesCodecOptions codec = Options.Codec.Copy();
        TakeGrid(codec.Decoder, format, column);
        codec.Validate();
        CodeStore rows = CodeStore.Read(
            input, format.ToRequirements(column), condition: null, "train on", Options.Training.CancellationToken);

        QuantizerOptions quantizer = Options.Quantizer.Copy();
        var description = new CodesModelDescription(codec, quantizer, format, Options.PredictionBatchSize);
        CodesVqVae network = CreateNetwork(description, seed);
        SettingsFingerprint fingerprint = new SettingsFingerprint()
            .Add("Codec", codec, SavedJson.Default.CodesCodecOptions)
            .Add("Quantizer", quantizer, SavedJson.Default.QuantizerOptions)
            .Add("rows", rows.Count);
        string subject = string.Create(CultureInfo.InvariantCulture,
            $"a VQ-VAE on {rows.Count} grids of {format.Length} codes: {quantizer.CodesPerPosition} latents of {quantizer.CodebookSize} codes");
        return new(new TrainingTask(network, network, rows, fingerprint), subject,
            (device, summary) => new CodesVqVaeTransformer(new CodesModel(description, network, device), _columns, summary));
    }

    static void TakeGrid(PixelCnnOptions asked, CodeFormat format, DataViewSchema.Column column)
    {
        CodeGrid grid = CodeGrids.Resolve(format, asked, vectorAsLine: true) ?? throw SchemaColumns.Mismatch(column.Name,
            $"a vector of keys of known size, {CodeGrids.Text(asked.Height)}×{CodeGrids.Text(asked.Width)} by the options of Codec.Decoder",
            column.Type.ToString()!, "codes");
        asked.Codes = CodeGrids.Agreed(column, "Codec.Decoder.Codes", asked.Codes, format.Codes);
        (asked.Height, asked.Width, asked.CodesPerPosition) = (grid.Height, grid.Width, grid.CodesPerPosition);
    }
}

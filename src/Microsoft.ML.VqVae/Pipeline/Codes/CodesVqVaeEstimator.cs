using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Trains a second VQ-VAE on the codes of a first one (section 4.2 of "Neural Discrete Representation Learning", van den Oord et al. 2017,
/// arXiv 1711.00937): a few latents stand for a whole grid of codes, and a PixelCNN conditioned on them decodes it.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A known-sized vector [h, w, G], [h, w] or [N] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, as EncodeImages makes it |
/// | Latents | A vector [L] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, with key values and slot names |
/// | Bits, on request | <xref:System.Single>: −log2 p of the row's codes given its latents |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Known-sized vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae and a TorchSharp package with libtorch, for example TorchSharp-cpu |
/// | Exportable to ONNX | No |
/// ]]></format>
/// </remarks>
public sealed class CodesVqVaeEstimator : IEstimator<CodesVqVaeTransformer>
{
    readonly IHostEnvironment _environment;
    readonly CodesEncoderColumns _columns;
    readonly CodesVqVaeOptions _options;

    internal CodesVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string codesColumnName, CodesVqVaeOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (options.BitsColumnName == outputColumnName)
        {
            throw new ArgumentException(
                $"The name '{outputColumnName}' is given to more than one output column; each needs a name of its own.",
                nameof(outputColumnName));
        }
        (_environment, _options) = (environment, options);
        _columns = new CodesEncoderColumns(codesColumnName, outputColumnName, options.BitsColumnName);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The codes column is missing or is no vector of keys.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CodeFormat.Check(inputSchema, _columns.Codes);
        List<SchemaShape.Column> made = [ModelColumns.CodesShape(_columns.Latents)];
        if (_columns.Bits is string bits)
            made.Add(ModelColumns.NumberShape(bits));
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    /// <summary>Reads the codes once, checks them, and trains.</summary>
    /// <param name="input">The training data; only the codes column is read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The codes column is missing, is no vector of keys of known size, or is of another grid
    /// than the options say.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a code is missing, or a GPU was asked for and is not
    /// there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public CodesVqVaeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _options.Validate();
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(column);
        CodesCodecOptions codec = _options.Codec.Copy();
        TakeGrid(codec.Decoder, format, column);
        codec.Validate();
        Device device = DeviceChoice.For(_environment);
        CodeStore rows = CodeStore.Read(input, (column, new CodesWanted(format.Codes, format.Length)), condition: null, "train on",
            _options.Training.CancellationToken);
        (CodesModel model, TrainingSummary summary) = CodesTraining.Run(_environment, _options, codec, format, rows, device);
        return new CodesVqVaeTransformer(model, _columns, summary);
    }

    static void TakeGrid(PixelCnnOptions grid, CodeFormat format, DataViewSchema.Column column)
    {
        (int height, int width, int perPosition) = format.Dimensions switch
        {
            [int h, int w, int g] => (h, w, g),
            [int h, int w] => (h, w, 1),
            [int n] when grid.Height > 0 && grid.Width > 0 && n % (grid.Height * grid.Width) == 0 =>
                (grid.Height, grid.Width, n / (grid.Height * grid.Width)),
            [int n] => (1, n, 1),
            _ => throw SchemaColumns.Mismatch(column.Name, "a vector of keys of known size", column.Type.ToString()!, "codes"),
        };
        bool agrees = (grid.Height == 0 || grid.Height == height) && (grid.Width == 0 || grid.Width == width)
            && (grid.Codes == 0 || grid.Codes == format.Codes);
        if (!agrees)
        {
            throw SchemaColumns.Mismatch(column.Name, $"the grid of Codec.Decoder, {grid.Height}×{grid.Width} of {grid.Codes} codes",
                column.Type.ToString()!, "codes");
        }
        (grid.Height, grid.Width, grid.CodesPerPosition, grid.Codes) = (height, width, perPosition, format.Codes);
    }
}

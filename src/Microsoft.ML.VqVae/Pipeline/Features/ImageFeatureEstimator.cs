using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a convolutional network on images without labels, to recognize two random views
/// of an image among those of others (SimCLR, Chen et al. 2020, arXiv 2002.05709) and, with a column of codes, to predict the codes of an
/// image from a view of it. The fitted transformer adds a vector that classifiers of few labeled rows can learn from.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> or <xref:System.Byte> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Codes, optional | A known-sized vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, read in training only |
/// | Features | A vector of <xref:System.Single> of known size: means of parts of the last two maps of the network |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Known-sized vector of <xref:System.Single> or <xref:System.Byte>, or <xref:Microsoft.ML.Data.MLImage> |
/// | Output column data type | Known-sized vector of <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the images are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Yes, from vectors of pixels; not <xref:Microsoft.ML.Data.MLImage> |
/// ]]></format>
/// </remarks>
public sealed class ImageFeatureEstimator : NetworkEstimator<ImageFeatureOptions, ImageFeatureTransformer>
{
    readonly ImageFeatureColumns _columns;

    internal ImageFeatureEstimator(
        IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageFeatureOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = new ImageFeatureColumns(inputColumnName ?? outputColumnName, options.CodesColumnName, outputColumnName, options.PoolingSize,
            options.MiddlePoolingSize);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        PixelInput.Check(inputSchema, _columns.Input);
        if (_columns.Codes is string codes && CodeFormat.Check(inputSchema, codes).Kind != SchemaShape.Column.VectorKind.Vector)
            throw VariableCodes(codes, "a vector of variable size");
    }

    private protected override TrainingPlan<ImageFeatureTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column pixels = SchemaColumns.Find(input.Schema, _columns.Input);
        ImageFormat format = PixelInput.Resolve(pixels, Options.Pixels);
        CodeRequirements? read = null;
        CodeGrid? codes = null;
        if (_columns.Codes is string name)
        {
            DataViewSchema.Column column = SchemaColumns.Find(input.Schema, name, "codes");
            CodeFormat ofCodes = CodeFormat.Of(column);
            codes = ofCodes.Length is null ? throw VariableCodes(name, column.Type.ToString()!) : CodeGrids.Of(ofCodes);
            read = ofCodes.ToRequirements(column);
        }
        ImageFeatureStore rows = ImageFeatureStore.Read(input, pixels, format, read, Options.Training);
        var description = new ImageFeatureDescription(Options.Network.Copy(), format, codes, Options.PredictionBatchSize);
        ImageFeatureNetwork network = CreateNetwork(description, seed, examples: rows);
        ImageStore images = rows.Images;
        if (Options.WarmStart is null)
            network.SetPixelStatistics(images.Mean, images.Deviation, images.Minimum, images.Maximum);
        SettingsFingerprint fingerprint = new SettingsFingerprint()
            .Add("Network", description.Network, SavedJson.Default.ImageFeatureNetworkOptions)
            .Add("images", images.Count).Add("mean", images.Mean).Add("deviation", images.Deviation)
            .Add("minimum", images.Minimum).Add("maximum", images.Maximum).Add("codes", codes?.Codes ?? 0);
        string predicted = codes is null ? "" : $" and {codes.Codes} codes";
        string subject = string.Create(CultureInfo.InvariantCulture,
            $"features of {images.Count} images of {format}{predicted} ({images.Memory})");
        return new(new TrainingTask(network, network, rows, fingerprint), subject,
            (device, summary) => new ImageFeatureTransformer(new ImageFeatureModel(description, network, device), _columns, summary));
    }

    static ArgumentOutOfRangeException VariableCodes(string name, string found) =>
        SchemaColumns.Mismatch(name, "codes of an image, a vector of keys of UInt32 and of known size, as EncodeImages outputs it", found, "codes");
}

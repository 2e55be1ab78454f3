using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a VQ-VAE on a column of images, whose transformer adds their discrete codes
/// ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937, section 4.1).
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> or <xref:System.Byte> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Codes | A vector [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, with key values and slot names |
/// | Reconstruction, on request | A vector of <xref:System.Single> laid out as the input, or <xref:Microsoft.ML.Data.MLImage> |
/// | Embeddings, on request | A vector [h, w, D·G] of <xref:System.Single> |
/// | Encoder outputs, on request | A vector [h, w, D·G] of <xref:System.Single>, before quantization |
/// | Reconstruction error, on request | <xref:System.Single>: mean squared error of the row, in squared units of the input |
/// | Reconstruction bits, on request | <xref:System.Single>: −log2 p of the pixels of the row as bytes given the codes, in bits |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Known-sized vector of <xref:System.Single> or <xref:System.Byte>, or <xref:Microsoft.ML.Data.MLImage> |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the images are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Yes, from and to vectors of pixels; not <xref:Microsoft.ML.Data.MLImage> |
/// ]]></format>
/// </remarks>
public sealed class ImageVqVaeEstimator : NetworkEstimator<ImageVqVaeOptions, ImageVqVaeTransformer>
{
    readonly EncoderColumns _columns;

    internal ImageVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageVqVaeOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = new EncoderColumns(
            inputColumnName ?? outputColumnName, outputColumnName, options.ReconstructionColumnName, options.ReconstructionAsImage,
            options.EmbeddingsColumnName, options.ReconstructionErrorColumnName, options.ReconstructionBitsColumnName,
            options.EncoderOutputsColumnName);
        Outputs = _columns.ToOutputs(input => PixelInput.ImageType(input, _columns.Input, options));
    }

    private protected override void CheckInputs(SchemaShape inputSchema) => PixelInput.Check(inputSchema, _columns.Input);

    private protected override TrainingPlan<ImageVqVaeTransformer> Plan(IDataView input, int seed)
    {
        ImageTrainingData data = ImageTrainingData.Read(input, _columns.Input, Options, Options.TakesBytes);
        QuantizerOptions quantizer = Options.Quantizer.Copy();
        var description = new ImageModelDescription(data.Codec, quantizer, data.Format, Options.PredictionBatchSize);
        ImageVqVae network = CreateNetwork(description, seed, examples: data.Images);
        return data.Plan<ImageVqVae, ImageVqVaeOutput, ImageVqVaeTransformer>(
            network, new SettingsFingerprint().Add("Quantizer", quantizer, SavedJson.Default.QuantizerOptions),
            $"a VQ-VAE of {quantizer.CodebookSize} codes",
            (device, summary) => new ImageVqVaeTransformer(new ImageModel(description, network, device), _columns, summary));
    }
}

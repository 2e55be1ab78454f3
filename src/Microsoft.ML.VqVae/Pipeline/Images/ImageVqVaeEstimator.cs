using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Trains a VQ-VAE ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937) on a column of images, and gives
/// a transformer that adds their discrete codes.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Codes | A vector [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, with key values and slot names |
/// | Reconstruction, on request | A vector of <xref:System.Single> laid out as the input, or <xref:Microsoft.ML.Data.MLImage> |
/// | Embeddings, on request | A vector [h, w, D·G] of <xref:System.Single> |
/// | Reconstruction error, on request | <xref:System.Single>: mean squared error of the row |
/// | Reconstruction bits, on request | <xref:System.Single>: what the row's pixels cost as bytes, given the codes |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Known-sized vector of <xref:System.Single>, or <xref:Microsoft.ML.Data.MLImage> |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the images are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae and a TorchSharp package with libtorch, for example TorchSharp-cpu |
/// | Exportable to ONNX | No |
/// ]]></format>
/// </remarks>
public sealed class ImageVqVaeEstimator : ImageEstimator<ImageVqVaeOptions, VqVaeTransformer>
{
    internal ImageVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageVqVaeOptions options)
        : base(environment, outputColumnName, inputColumnName, options)
    {
    }

    private protected override SchemaShape.Column OutputShape => ModelColumns.CodesShape(OutputColumnName);

    private protected override IEnumerable<SchemaShape.Column?> MoreShapes =>
    [
        Options.EmbeddingsColumnName is string embeddings ? ModelColumns.VectorShape(embeddings) : null,
        Options.ReconstructionErrorColumnName is string error ? ModelColumns.NumberShape(error) : null,
    ];

    private protected override VqVaeTransformer Train(ImageTrainingData data)
    {
        (ImageModel model, TrainingSummary summary) = ImageTraining.VqVae(Environment, Options, data);
        return new VqVaeTransformer(model, new EncoderColumns(InputColumnName, OutputColumnName, Options.ReconstructionColumnName,
            Options.ReconstructionAsImage, Options.EmbeddingsColumnName, Options.ReconstructionErrorColumnName,
            Options.ReconstructionBitsColumnName), summary);
    }
}

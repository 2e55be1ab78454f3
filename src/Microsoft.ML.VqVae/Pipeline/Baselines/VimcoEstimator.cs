using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Trains an autoencoder with discrete random latents by VIMCO ("Variational inference for Monte Carlo objectives", Mnih and Rezende 2016,
/// arXiv 1602.06725) on a column of images, with the encoder and decoder of <see cref="ImageVqVaeEstimator"/>, and gives a transformer that
/// adds the likeliest category of each latent as a key.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Output | A vector [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K categories, with key values and slot names |
/// | Reconstruction, on request | A vector of <xref:System.Single> laid out as the input, or <xref:Microsoft.ML.Data.MLImage> |
/// | Bound bits, on request | <xref:System.Single>: the bound on −log2 p of the row's pixels as bytes |
/// | Reconstruction bits, on request | <xref:System.Single>: what the row's pixels cost as bytes, given the latents |
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
public sealed class VimcoEstimator : ImageBaselineEstimator<ImageVimcoOptions, VimcoTransformer>
{
    internal VimcoEstimator(
        IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageVimcoOptions options)
        : base(environment, outputColumnName, inputColumnName, options)
    {
    }

    private protected override SchemaShape.Column OutputShape => ModelColumns.CodesShape(OutputColumnName);

    private protected override VimcoTransformer Train(ImageTrainingData data)
    {
        (VimcoModel model, TrainingSummary summary) = ImageTraining.Vimco(Environment, Options, data);
        return new VimcoTransformer(model, Columns, summary);
    }
}

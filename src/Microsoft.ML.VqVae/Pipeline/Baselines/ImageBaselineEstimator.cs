using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a variational autoencoder with Gaussian latents on a column of images
/// ("Auto-Encoding Variational Bayes", Kingma and Welling 2013, arXiv 1312.6114), with the encoder and decoder of
/// <see cref="ImageVqVaeEstimator"/>. The transformer adds the means of the latents.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> or <xref:System.Byte> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Output | A vector [h, w, D] of <xref:System.Single>: the means of the posterior |
/// | Reconstruction, on request | A vector of <xref:System.Single> laid out as the input, or <xref:Microsoft.ML.Data.MLImage> |
/// | Bound bits, on request | <xref:System.Single>: the upper bound of −log2 p of the pixels of the row as bytes |
/// | Reconstruction bits, on request | <xref:System.Single>: −log2 p of the pixels of the row as bytes given the latents, in bits |
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
/// | Exportable to ONNX | Yes, from and to vectors of pixels; not <xref:Microsoft.ML.Data.MLImage> |
/// ]]></format>
/// </remarks>
public sealed class GaussianVaeEstimator : NetworkEstimator<ImageGaussianVaeOptions, GaussianVaeTransformer>
{
    readonly BaselineColumns _columns;

    internal GaussianVaeEstimator(
        IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageGaussianVaeOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = BaselineColumns.Of(outputColumnName, inputColumnName, options);
        Outputs = _columns.ToGaussianVaeOutputs(input => PixelInput.ImageType(input, _columns.Input, options));
    }

    private protected override void CheckInputs(SchemaShape inputSchema) => PixelInput.Check(inputSchema, _columns.Input);

    private protected override TrainingPlan<GaussianVaeTransformer> Plan(IDataView input, int seed)
    {
        // The loss is a likelihood of bytes.
        ImageTrainingData data = ImageTrainingData.Read(input, _columns.Input, Options, asBytes: true);
        var description = new GaussianVaeDescription(data.Codec, Options.LatentChannels, data.Format, Options.PredictionBatchSize);
        ImageGaussianVae network = CreateNetwork(description, seed, examples: data.Images);
        return data.Plan<ImageGaussianVae, GaussianPosterior, GaussianVaeTransformer>(
            network, new SettingsFingerprint().Add("latents at a position", Options.LatentChannels),
            $"a Gaussian VAE of {Options.LatentChannels} latents per position",
            (device, summary) => new GaussianVaeTransformer(new GaussianVaeModel(description, network, device), _columns, summary));
    }
}

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains an autoencoder with discrete stochastic latents by VIMCO on a column of images
/// ("Variational inference for Monte Carlo objectives", Mnih and Rezende 2016, arXiv 1602.06725), with the encoder and decoder of
/// <see cref="ImageVqVaeEstimator"/>. The transformer adds the most likely category of each latent as a key.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of <xref:System.Single> or <xref:System.Byte> (pixels [C, H, W] or [H, W, C]), or <xref:Microsoft.ML.Data.MLImage> |
/// | Output | A vector [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K categories, with key values and slot names |
/// | Reconstruction, on request | A vector of <xref:System.Single> laid out as the input, or <xref:Microsoft.ML.Data.MLImage> |
/// | Bound bits, on request | <xref:System.Single>: the upper bound of −log2 p of the pixels of the row as bytes |
/// | Reconstruction bits, on request | <xref:System.Single>: −log2 p of the pixels of the row as bytes given the latents, in bits |
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
/// | Exportable to ONNX | Yes, from and to vectors of pixels and without the bound; not <xref:Microsoft.ML.Data.MLImage> |
/// ]]></format>
/// </remarks>
public sealed class VimcoEstimator : NetworkEstimator<ImageVimcoOptions, VimcoTransformer>
{
    readonly BaselineColumns _columns;

    internal VimcoEstimator(
        IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageVimcoOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = BaselineColumns.Of(outputColumnName, inputColumnName, options);
        Outputs = _columns.ToVimcoOutputs(input => PixelInput.ImageType(input, _columns.Input, options));
    }

    private protected override void CheckInputs(SchemaShape inputSchema) => PixelInput.Check(inputSchema, _columns.Input);

    private protected override TrainingPlan<VimcoTransformer> Plan(IDataView input, int seed)
    {
        // The loss is a likelihood of bytes.
        ImageTrainingData data = ImageTrainingData.Read(input, _columns.Input, Options, asBytes: true);
        VimcoOptions latents = Options.Latents.Copy();
        var description = new VimcoDescription(data.Codec, latents, data.Format, Options.PredictionBatchSize);
        ImageVimco network = CreateNetwork(description, seed, examples: data.Images);
        return data.Plan<ImageVimco, Tensor, VimcoTransformer>(
            network, new SettingsFingerprint().Add("Latents", latents, SavedJson.Default.VimcoOptions),
            $"a VIMCO model of {latents.Samples} samples",
            (device, summary) => new VimcoTransformer(new VimcoModel(description, network, device), _columns, summary));
    }
}

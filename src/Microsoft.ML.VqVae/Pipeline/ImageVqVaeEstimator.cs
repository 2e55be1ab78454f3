using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Rows;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

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
public sealed class ImageVqVaeEstimator : IEstimator<VqVaeTransformer>
{
    readonly IHostEnvironment _environment;
    readonly string _outputColumnName;
    readonly string _inputColumnName;
    readonly ImageVqVaeOptions _options;

    internal ImageVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, ImageVqVaeOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, _outputColumnName, _inputColumnName, _options) =
            (environment, outputColumnName, inputColumnName ?? outputColumnName, options);
        CheckNames();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or of a type that holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column input = PixelInput.Check(inputSchema, _inputColumnName);
        List<SchemaShape.Column> made = [ModelColumns.CodesShape(_outputColumnName)];
        if (_options.ReconstructionColumnName is string reconstruction)
            made.Add(ModelColumns.PixelsShape(reconstruction, _options.ReconstructionAsImage ? ImageType(input) : null));
        if (_options.EmbeddingsColumnName is string embeddings)
            made.Add(ModelColumns.VectorShape(embeddings));
        if (_options.ReconstructionErrorColumnName is string error)
            made.Add(ModelColumns.NumberShape(error));
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    // A shape does not tell the size of a vector, and then the size of the picture is known only if the options say it.
    ImageDataViewType ImageType(SchemaShape.Column input)
    {
        if (input.ItemType is ImageDataViewType { Height: > 0 } image)
            return image;
        ImageCodecOptions codec = _options.Codec;
        return codec.Height > 0 && codec.Width > 0 ? new ImageDataViewType(codec.Height, codec.Width) : new ImageDataViewType();
    }

    /// <summary>Reads the images once, checks them, and trains.</summary>
    /// <param name="input">The training data; only the input column is read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing, or its type or size will not do.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a value is not a finite number, or a GPU was asked for and is not
    /// there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public VqVaeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _options.Validate();
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, _inputColumnName);
        ImageFormat format = PixelInput.Resolve(column, _options);
        ImageCodecOptions codec = _options.Codec.Copy();
        (codec.Height, codec.Width, codec.Channels) = (format.Height, format.Width, format.Channels);
        codec.Validate();
        Device device = DeviceChoice.For(_environment);
        RowStore rows = RowStore.Read(input, column, format, _options.Training.CancellationToken);
        (ImageModel model, TrainingSummary summary) = ImageTraining.Run(_environment, _options, codec, format, rows, device);
        return new VqVaeTransformer(model, new EncoderColumns(_inputColumnName, _outputColumnName, _options.ReconstructionColumnName,
            _options.ReconstructionAsImage, _options.EmbeddingsColumnName, _options.ReconstructionErrorColumnName), summary);
    }

    void CheckNames()
    {
        string?[] names =
            [_outputColumnName, _options.ReconstructionColumnName, _options.EmbeddingsColumnName, _options.ReconstructionErrorColumnName];
        string? twice = names.Where(name => name is not null).GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new ArgumentException(
                $"The name '{twice}' is given to more than one output column; each needs a name of its own.", "outputColumnName");
        }
    }
}

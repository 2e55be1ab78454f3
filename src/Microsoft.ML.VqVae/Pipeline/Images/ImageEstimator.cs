using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Trains a model on a column of images; what the estimators of this library for images have in common.</summary>
/// <typeparam name="TOptions">Its settings.</typeparam>
/// <typeparam name="TTransformer">What training gives.</typeparam>
public abstract class ImageEstimator<TOptions, TTransformer> : IEstimator<TTransformer>
    where TOptions : ImageModelOptions
    where TTransformer : NetworkTransformer
{
    private protected ImageEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, TOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (Environment, OutputColumnName, InputColumnName, Options) =
            (environment, outputColumnName, inputColumnName ?? outputColumnName, options);
        CheckNames();
    }

    private protected IHostEnvironment Environment { get; }

    private protected string OutputColumnName { get; }

    private protected string InputColumnName { get; }

    private protected TOptions Options { get; }

    /// <summary>The shape of the output column.</summary>
    private protected abstract SchemaShape.Column OutputShape { get; }

    /// <summary>The further columns of a kind of model, null where one is not asked for.</summary>
    private protected abstract IEnumerable<SchemaShape.Column?> MoreShapes { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or of a type that holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column input = PixelInput.Check(inputSchema, InputColumnName);
        List<SchemaShape.Column> made = Made(Options.ReconstructionAsImage ? ImageType(input) : null);
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    List<SchemaShape.Column> Made(ImageDataViewType? pictures)
    {
        List<SchemaShape.Column> made = [OutputShape];
        if (Options.ReconstructionColumnName is string reconstruction)
            made.Add(ModelColumns.PixelsShape(reconstruction, pictures));
        made.AddRange(MoreShapes.OfType<SchemaShape.Column>());
        if (Options.ReconstructionBitsColumnName is string bits)
            made.Add(ModelColumns.NumberShape(bits));
        return made;
    }

    // A shape does not tell the size of a vector, and then the size of the picture is known only if the options say it.
    ImageDataViewType ImageType(SchemaShape.Column input)
    {
        if (input.ItemType is ImageDataViewType { Height: > 0 } image)
            return image;
        ImageCodecOptions codec = Options.Codec;
        return codec.Height > 0 && codec.Width > 0 ? new ImageDataViewType(codec.Height, codec.Width) : new ImageDataViewType();
    }

    /// <summary>Reads the images once, checks them, and trains.</summary>
    /// <param name="input">The training data; only the input column is read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing, or its type or size will not do.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a value is not a finite number, bits are to be counted and the values
    /// are no bytes by the offset and scale of the options, or a GPU was asked for and is not there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Options.Validate();
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, InputColumnName);
        ImageFormat format = PixelInput.Resolve(column, Options);
        ImageCodecOptions codec = Options.Codec.Copy();
        (codec.Height, codec.Width, codec.Channels) = (format.Height, format.Width, format.Channels);
        (codec.ByteOffset, codec.ByteScale) = (format.ImageOffset, format.ImageScale);
        codec.Validate();
        Device device = DeviceChoice.For(Environment);
        RowStore rows = RowStore.Read(input, column, format, Options.Training.CancellationToken);
        if (CountsBits)
            PixelInput.CheckBytes(column.Name, rows.Minimum, rows.Maximum, format);
        return Train(new ImageTrainingData(codec, format, rows, device));
    }

    /// <summary>Whether pixels are looked at as bytes, in training or in a column.</summary>
    private protected virtual bool CountsBits =>
        Options.Codec.PixelLikelihood != PixelLikelihood.UnitGaussian || Options.ReconstructionBitsColumnName is not null;

    private protected abstract TTransformer Train(ImageTrainingData data);

    void CheckNames()
    {
        string? twice = Made(null).GroupBy(column => column.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new ArgumentException(
                $"The name '{twice}' is given to more than one output column; each needs a name of its own.", "outputColumnName");
        }
    }
}

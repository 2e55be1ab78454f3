using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The images that a model is trained on, and the settings that follow from them.</summary>
/// <param name="Codec">The settings of encoder and decoder, with the sizes and the units of the column.</param>
/// <param name="Format">The layout of the column.</param>
/// <param name="Images">The images.</param>
internal sealed record ImageTrainingData(ImageCodecOptions Codec, ImageFormat Format, ImageStore Images)
{
    /// <summary>Finds the column, works out the layout of its pixels, and reads it.</summary>
    /// <param name="input">The data view.</param>
    /// <param name="columnName">The column of images.</param>
    /// <param name="options">The settings.</param>
    /// <param name="countsBits">Whether pixels are looked at as bytes, in training or in an output column.</param>
    public static ImageTrainingData Read(IDataView input, string columnName, ImageModelOptions options, bool countsBits)
    {
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, columnName);
        ImageFormat format = PixelInput.Resolve(column, options);
        ImageCodecOptions codec = options.Codec.Copy();
        (codec.Height, codec.Width, codec.Channels) = (format.Height, format.Width, format.Channels);
        (codec.ByteOffset, codec.ByteScale) = (format.ImageOffset, format.ImageScale);
        codec.Validate();
        ImageStore images = ImageStore.Read(input, column, format, options.Training.CancellationToken);
        if (countsBits)
            PixelInput.CheckBytes(column.Name, images.Minimum, images.Maximum, format);
        return new ImageTrainingData(codec, format, images);
    }

    /// <summary>The training of a network on these images.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">The settings of this kind of model that decide the weights.</param>
    /// <param name="kind">A description of the model for the log: "a VQ-VAE of 512 codes".</param>
    /// <param name="seed">The seed of the training.</param>
    /// <param name="create">Creates the transformer of the trained network.</param>
    public TrainingPlan<TTransformer> Plan<TNetwork, TOutput, TTransformer>(
        TNetwork network, SettingsFingerprint settings, string kind, int seed, Func<Device, TrainingSummary, TTransformer> create)
        where TNetwork : ImageAutoencoder<TOutput>, ITrainable
    {
        network.SetPixelStatistics(Images.Mean, Images.Deviation, Images.Minimum, Images.Maximum);
        string fingerprint = settings
            .Add("Codec", Codec, SavedJson.Default.ImageCodecOptions)
            .Add("images", Images.Count).Add("mean", Images.Mean).Add("deviation", Images.Deviation)
            .Add("minimum", Images.Minimum).Add("maximum", Images.Maximum).Add("seed", seed).ToString();
        return new(new TrainingTask(network, network, Images, fingerprint),
            string.Create(CultureInfo.InvariantCulture, $"{kind} on {Images.Count} images of {Format}"), create);
    }
}

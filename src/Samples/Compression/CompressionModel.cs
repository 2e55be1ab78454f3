using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>A codec and a prior over its codes, as the generate and the compress sample save them.</summary>
/// <param name="Chain">The whole chain, from images to codes and their bits.</param>
/// <param name="Codec">The codec in it.</param>
/// <param name="Prior">The prior in it.</param>
internal sealed record CompressionModel(ITransformer Chain, ImageVqVaeTransformer Codec, PriorTransformer Prior) : IDisposable
{
    public static CompressionModel Open(MLContext ml, string path)
    {
        if (!File.Exists(path))
            throw new DataSetException($"The file '{path}', given as --model, does not exist. ./samples.sh compress writes one.");
        ITransformer chain = ml.Model.Load(path, out _);
        return CodecFile.Find<ImageVqVaeTransformer>(chain).FirstOrDefault() is { } codec
            && CodecFile.Find<PriorTransformer>(chain).FirstOrDefault() is { } prior ? new(chain, codec, prior)
            : throw new DataSetException($"'{path}' does not hold both a codec of images and a prior over its codes. Expected is a "
                + "model.zip of ./samples.sh compress or generate.");
    }

    /// <summary>Trains a codec, then a prior without classes over its codes: images to compress come without.</summary>
    public static CompressionModel Train(
        MLContext ml, ImageData data, GenerateSettings settings, Stages stages, CancellationToken cancellation)
    {
        GeneratePlan plan = GeneratePlan.For(settings);
        ImageVqVaeTransformer codec = CodecFile.OpenOrTrain(
            ml, path: null, data, plan.CodecOptions(data, settings), stages, cancellation);
        int rows = Math.Min(plan.PriorRows, data.TrainRows);
        IDataView encoded = EncodedImages.Of(ml, codec, data.Train, rows, "Class", "Codes");
        stages.Run("Encode the training images", stage => EncodedImages.Read(ml, encoded, rows, stage, cancellation));
        PriorOptions options = plan.PriorOptions(rows, settings);
        PriorTransformer prior = stages.Train(
            $"Train the prior on the codes of {rows:N0}", options.Training, cancellation,
            () => ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(encoded));
        return new(new TransformerChain<ITransformer>(codec, prior), codec, prior);
    }

    public void Dispose()
    {
        Codec.Dispose();
        Prior.Dispose();
    }
}

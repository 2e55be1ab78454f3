using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The codec that a sample builds on: loaded from a model file of the images sample, or trained.</summary>
internal static class SavedCodecs
{
    /// <summary>Loads the codec if a file is given, and trains one otherwise.</summary>
    public static ImageVqVaeTransformer OpenOrTrain(
        MLContext ml, string? path, ImageData data, ImageVqVaeOptions options, Stages stages, CancellationToken cancellation) =>
        path is not null
        ? stages.Run("Load the codec", _ => Open(ml, path))
        : stages.Train(
            $"Train the VQ-VAE on {data.TrainRows:N0} × {data.Shape}", options.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data.Train));

    /// <summary>Refuses a model file that the run would replace with its own model.</summary>
    /// <exception cref="DataSetException">Both are one file.</exception>
    public static void RefuseReplacing(string? modelFile, string output)
    {
        StringComparison names = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        if (modelFile is not null && Path.GetFullPath(modelFile).Equals(Path.GetFullPath(output), names))
        {
            throw new DataSetException($"'{modelFile}', given as --model, is the file that this run saves its own model to. Give another --out, "
                + "or copy the model to another folder and name it there.");
        }
    }

    public static ImageVqVaeTransformer Open(MLContext ml, string path)
    {
        if (!File.Exists(path))
            throw new DataSetException($"The file '{path}', given as --model, does not exist. ./samples.sh images writes one.");
        return Find<ImageVqVaeTransformer>(ml.Model.Load(path, out _)).FirstOrDefault() ?? throw new DataSetException(
            $"'{path}' holds no codec of images. Expected is a model.zip of ./samples.sh images.");
    }

    /// <summary>The transformers of one kind in a chain of any depth.</summary>
    public static IEnumerable<T> Find<T>(ITransformer transformer) where T : ITransformer => transformer switch
    {
        T wanted => [wanted],
        IEnumerable<ITransformer> chain => chain.SelectMany(Find<T>),
        _ => [],
    };
}

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
        return SavedCodecs.Find<ImageVqVaeTransformer>(chain).FirstOrDefault() is { } codec
            && SavedCodecs.Find<PriorTransformer>(chain).FirstOrDefault() is { } prior ? new(chain, codec, prior)
            : throw new DataSetException($"'{path}' does not hold both a codec of images and a prior over its codes. Expected is a "
                + "model.zip of ./samples.sh compress or generate.");
    }

    /// <summary>Trains a codec, then a prior without classes over its codes: images to compress come without.</summary>
    public static CompressionModel Train(
        MLContext ml, ImageData data, GenerateSettings settings, Stages stages, CancellationToken cancellation)
    {
        GeneratePlan plan = GeneratePlan.For(settings);
        ImageVqVaeTransformer codec = SavedCodecs.OpenOrTrain(
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

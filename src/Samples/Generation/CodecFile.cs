using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The codec that a sample builds on: loaded from a model file of the images sample, or trained.</summary>
internal static class CodecFile
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

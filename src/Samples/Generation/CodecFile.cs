namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>Finds the codec in a model file: the images sample saves a chain from pixels to a class name.</summary>
internal static class CodecFile
{
    public static VqVaeTransformer Open(MLContext ml, string path)
    {
        if (!File.Exists(path))
            throw new DataSetException($"The file '{path}', given as --model, does not exist. ./samples.sh images writes one.");
        return Find(ml.Model.Load(path, out _)).FirstOrDefault() ?? throw new DataSetException(
            $"'{path}' holds no codec of pictures. Expected is a model.zip of ./samples.sh images.");
    }

    static IEnumerable<VqVaeTransformer> Find(ITransformer transformer) => transformer switch
    {
        VqVaeTransformer codec => [codec],
        IEnumerable<ITransformer> chain => chain.SelectMany(Find),
        _ => [],
    };
}

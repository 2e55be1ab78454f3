using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The training images of a network of features and, where they are predicted, their codes. Read and checked in one
/// pass.</summary>
/// <param name="images">The images.</param>
/// <param name="codes">The codes of each image; null for none.</param>
internal sealed class ImageFeatureStore(ImageStore images, CodeStore? codes) : IExampleStore, IDisposable
{
    public int Count => images.Count;

    public ImageStore Images => images;

    /// <summary>Reads the whole columns; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="pixels">The column of images.</param>
    /// <param name="format">The layout of its pixels.</param>
    /// <param name="codes">The column of codes, and its requirements; null for none.</param>
    /// <param name="training">The limit of memory, and the cancellation.</param>
    public static ImageFeatureStore Read(
        IDataView data, DataViewSchema.Column pixels, ImageFormat format,
        (DataViewSchema.Column Column, CodeRequirements Required)? codes, TrainingOptions training)
    {
        if (codes is not { } read)
            return new(ImageStore.Read(data, pixels, format, training), null);
        CodeStore? ofImages = null;
        ImageStore images = ImageStore.Read(data, pixels, format, training, store => ofImages = CodeStore.Read(
            data, read, condition: null, "train on", training.CancellationToken, (pixels, row =>
            {
                Action readImage = store.ReaderOf(row, pixels);
                return _ => readImage();
            })));
        return new(images, ofImages);
    }

    /// <summary>Images Single [B, C, H, W] and, where there are codes, Int64 [B, N].</summary>
    public Tensor[] ReadBatch(BatchExamples examples) =>
        codes is null ? images.ReadBatch(examples) : [.. images.ReadBatch(examples), codes.ReadBatch(examples)[0]];

    public void Dispose() => images.Dispose();
}

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Tells by a folder's content which kind of data set it holds.</summary>
internal static class ImageDataSets
{
    public static ImageData Open(MLContext ml, string? folder)
    {
        if (folder is null)
            return FashionMnist.Open(ml, FashionMnist.DefaultFolder());
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --data, does not exist.");
        return FashionMnist.IsIn(folder) ? FashionMnist.Open(ml, folder)
            : CifarBinary.IsIn(folder) ? CifarBinary.Open(ml, folder)
            : ImageFolder.IsIn(folder) ? ImageFolder.Open(ml, folder)
            : throw new DataSetException(
                $"No pictures were found in '{folder}'. Expected is one of: the four IDX files of Fashion-MNIST (*-images-idx3-ubyte, "
                + "plain or .gz), CIFAR-10 binary files (*.bin), or one subfolder of image files a class (.png, .jpg, .bmp, .gif, .webp).");
    }
}

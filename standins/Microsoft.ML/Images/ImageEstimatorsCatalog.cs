using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML;

/// <summary>The image transforms of <c>ml.Transforms</c>.</summary>
public static class ImageEstimatorsCatalog
{
    public static ImageLoadingEstimator LoadImages(
        this TransformsCatalog catalog, string outputColumnName, string imageFolder, string inputColumnName = null) =>
        new(catalog.GetEnvironment(), imageFolder, outputColumnName, inputColumnName ?? outputColumnName);

    public static ImageResizingEstimator ResizeImages(this TransformsCatalog catalog, string outputColumnName, int imageWidth,
        int imageHeight,
        string inputColumnName = null, ImageResizingEstimator.ResizingKind resizing = ImageResizingEstimator.ResizingKind.IsoCrop,
        ImageResizingEstimator.Anchor cropAnchor = ImageResizingEstimator.Anchor.Center)
    {
        if (resizing != ImageResizingEstimator.ResizingKind.IsoCrop || cropAnchor != ImageResizingEstimator.Anchor.Center)
            throw new NotSupportedException("The stand-in for ML.NET resizes images by cropping around their centre only.");
        return new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, imageWidth, imageHeight);
    }

    public static ImagePixelExtractingEstimator ExtractPixels(this TransformsCatalog catalog, string outputColumnName,
        string inputColumnName = null,
        ImagePixelExtractingEstimator.ColorBits colorsToExtract = ImagePixelExtractingEstimator.ColorBits.Rgb,
        ImagePixelExtractingEstimator.ColorsOrder orderOfExtraction = ImagePixelExtractingEstimator.ColorsOrder.ARGB,
        bool interleavePixelColors = false, float offsetImage = 0, float scaleImage = 1, bool outputAsFloatArray = true)
    {
        if (colorsToExtract != ImagePixelExtractingEstimator.ColorBits.Rgb ||
            orderOfExtraction != ImagePixelExtractingEstimator.ColorsOrder.ARGB || !outputAsFloatArray)
            throw new NotSupportedException("The stand-in for ML.NET extracts red, green and blue, in this order, as Single only.");
        return new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, interleavePixelColors, offsetImage,
            scaleImage);
    }
}

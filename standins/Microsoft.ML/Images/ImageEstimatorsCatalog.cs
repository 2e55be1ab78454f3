using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML;

/// <summary>The image transforms of <c>ml.Transforms</c>.</summary>
public static class ImageEstimatorsCatalog
{
    public static ImageLoadingEstimator LoadImages(
        this TransformsCatalog catalog, string outputColumnName, string imageFolder, string inputColumnName = null) =>
        new(catalog.GetEnvironment(), imageFolder, outputColumnName, inputColumnName ?? outputColumnName);

    public static ImageResizingEstimator ResizeImages(this TransformsCatalog catalog, string outputColumnName, int imageWidth, int imageHeight,
        string inputColumnName = null, ImageResizingEstimator.ResizingKind resizing = ImageResizingEstimator.ResizingKind.IsoCrop,
        ImageResizingEstimator.Anchor cropAnchor = ImageResizingEstimator.Anchor.Center) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, imageWidth, imageHeight, resizing, cropAnchor);

    public static ImagePixelExtractingEstimator ExtractPixels(this TransformsCatalog catalog, string outputColumnName,
        string inputColumnName = null,
        ImagePixelExtractingEstimator.ColorBits colorsToExtract = ImagePixelExtractingEstimator.ColorBits.Rgb,
        ImagePixelExtractingEstimator.ColorsOrder orderOfExtraction = ImagePixelExtractingEstimator.ColorsOrder.ARGB,
        bool interleavePixelColors = false, float offsetImage = 0, float scaleImage = 1, bool outputAsFloatArray = true) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName,
            new PixelLayout(colorsToExtract, orderOfExtraction, interleavePixelColors), offsetImage, scaleImage, outputAsFloatArray);

    public static VectorToImageConvertingEstimator ConvertToImage(this TransformsCatalog catalog, int imageHeight, int imageWidth,
        string outputColumnName, string inputColumnName = null,
        ImagePixelExtractingEstimator.ColorBits colorsPresent = ImagePixelExtractingEstimator.ColorBits.Rgb,
        ImagePixelExtractingEstimator.ColorsOrder orderOfColors = ImagePixelExtractingEstimator.ColorsOrder.ARGB,
        bool interleavedColors = false, float scaleImage = 1, float offsetImage = 0,
        int defaultAlpha = 255, int defaultRed = 0, int defaultGreen = 0, int defaultBlue = 0) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, imageHeight, imageWidth,
            new PixelLayout(colorsPresent, orderOfColors, interleavedColors), scaleImage, offsetImage,
            [defaultBlue, defaultGreen, defaultRed, defaultAlpha]);
}

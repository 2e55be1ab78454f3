using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Random views of images: a crop that is rotated and mirrored, other brightness and colors, and a rectangle that is erased
/// (Chen et al. 2020, arXiv 2002.05709; Zhong et al. 2017, arXiv 1708.04896).</summary>
/// <param name="options">The settings.</param>
/// <param name="seed">The seed of all randomness.</param>
internal sealed class ImageViews(ImageViewOptions options, int seed)
{
    // The numbers that a view of an image is made of.
    const int DrawsOfRow = 18;

    // A view may show a little more than the image, and reach a little beyond its edges.
    const double MaxCropShare = 1.1, Reach = 0.12;

    // The logarithm of the ratio of height and width.
    const double MaxAspect = 0.18;

    // The sizes of an erased rectangle, as shares of height and width.
    const double MinErased = 0.15, MaxErased = 0.5;

    /// <summary>A view of each image.</summary>
    /// <param name="images">Values from 0 to 1, Single [B, C, H, W]; what lies outside of them is 0.</param>
    /// <param name="stream">The stream of random numbers: the view of a row depends on (seed, stream) and its place in the batch.</param>
    public Tensor Of(Tensor images, long stream)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (int rows, int channels, int height, int width) = ((int)images.shape[0], (int)images.shape[1], (int)images.shape[2], (int)images.shape[3]);
        float[] draws = new float[rows * DrawsOfRow];
        SeededRandom.Uniforms(seed, stream, draws);
        float[] affine = new float[rows * 6], gamma = new float[rows], gain = new float[rows * channels], saturation = new float[rows];
        float[] kept = new float[rows * height * width];
        Array.Fill(kept, 1);
        for (int row = 0; row < rows; row++)
        {
            var draw = new Draws(draws.AsMemory(row * DrawsOfRow, DrawsOfRow));
            Place(draw, (double)height / width, affine.AsSpan(row * 6, 6));
            gamma[row] = (float)Math.Exp(draw.Next(-1, 1) * Math.Log(options.MaxGamma));
            float brightness = draw.Around(options.Brightness);
            saturation[row] = draw.Next(0, 1) < options.GrayShare ? 0 : draw.Around(2 * options.ColorJitter);
            for (int channel = 0; channel < channels; channel++)
                gain[row * channels + channel] = channels == 3 ? brightness * draw.Around(options.ColorJitter) : brightness;
            if (draw.Next(0, 1) < options.EraseShare)
                Erase(draw, kept.AsSpan(row * height * width, height * width), height, width);
        }
        Tensor OnDevice(float[] values, params long[] shape) => tensor(values).view(shape).to(images.device);
        Tensor grid = nn.functional.affine_grid(OnDevice(affine, rows, 2, 3), images.shape, false);
        Tensor views = nn.functional.grid_sample(images, grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Zeros, false);
        views = views.ClampMin(0).pow(OnDevice(gamma, rows, 1, 1, 1));
        if (channels == 3)
        {
            Tensor gray = views.mean([1], keepdim: true);
            views = gray.Add((views - gray) * OnDevice(saturation, rows, 1, 1, 1));
        }
        return (views * OnDevice(gain, rows, channels, 1, 1) * OnDevice(kept, rows, 1, height, width)).MoveToOuterDisposeScope();
    }

    // The matrix from places of the view to places of the image, both from −1 to 1 along each axis.
    void Place(Draws draw, double ratio, Span<float> matrix)
    {
        bool crops = options.MinCropShare < 1;
        double size = crops ? Math.Sqrt(draw.Next(options.MinCropShare, MaxCropShare)) : 1;
        double aspect = crops ? Math.Exp(draw.Next(-MaxAspect, MaxAspect)) : 1, room = crops ? Math.Max(0, 1 - size) + Reach : 0;
        double angle = draw.Next(-1, 1) * options.MaxRotation * Math.PI / 180;
        double mirror = options.FlipHorizontally && draw.Next(0, 1) < 0.5 ? -1 : 1;
        matrix[0] = (float)(size * aspect * mirror * Math.Cos(angle));
        matrix[1] = (float)(size * aspect * ratio * Math.Sin(angle));
        matrix[2] = (float)draw.Next(-room, room);
        matrix[3] = (float)(-size / aspect / ratio * mirror * Math.Sin(angle));
        matrix[4] = (float)(size / aspect * Math.Cos(angle));
        matrix[5] = (float)draw.Next(-room, room);
    }

    static void Erase(Draws draw, Span<float> kept, int height, int width)
    {
        (int top, int rows) = Range(draw, height);
        (int left, int columns) = Range(draw, width);
        for (int row = top; row < top + rows; row++)
            kept.Slice(row * width + left, columns).Clear();
    }

    // The middle lies anywhere in the image.
    static (int Start, int Count) Range(Draws draw, int size)
    {
        double half = draw.Next(MinErased, MaxErased) * size / 2, middle = draw.Next(0, size);
        int start = (int)Math.Max(0, middle - half), end = (int)Math.Min(size, middle + half + 1);
        return (start, end - start);
    }

    /// <summary>The random numbers of a row, one after the other.</summary>
    sealed class Draws(ReadOnlyMemory<float> numbers)
    {
        int _taken;

        public double Next(double from, double to) => from + (numbers.Span[_taken++] * (to - from));

        public float Around(double change) => (float)Next(1 - change, 1 + change);
    }
}

/// <summary>The settings of the random views of an image that a network of features learns from. What a view may change, the features
/// learn to ignore: choose what does not change the meaning of the images.</summary>
public sealed class ImageViewOptions
{
    /// <summary>The minimum share of the area of the image that a view shows.</summary>
    /// <value>Above 0 and at most 1, which shows images whole. The default is 0.4.</value>
    public double MinCropShare { get; set; } = 0.4;

    /// <summary>The maximum rotation to either side, in degrees.</summary>
    /// <value>From 0 to 180. The default is 12.</value>
    public double MaxRotation { get; set; } = 12;

    /// <summary>Whether half of the views are mirrored left to right.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool FlipHorizontally { get; set; } = true;

    /// <summary>The maximum change of the brightness: values are multiplied by a factor from 1 − this to 1 + this.</summary>
    /// <value>From 0 to 1. The default is 0.35.</value>
    public double Brightness { get; set; } = 0.35;

    /// <summary>The maximum exponent of the gamma correction: values from the minimum, 0, to the maximum of the training data, 1, are raised
    /// to a power from 1 / this to this.</summary>
    /// <value>At least 1, which changes nothing. The default is 1.65.</value>
    public double MaxGamma { get; set; } = 1.65;

    /// <summary>The maximum change of the colors of images with three channels: the saturation is multiplied by a factor from 1 − 2 · this
    /// to 1 + 2 · this, and each channel by one from 1 − this to 1 + this.</summary>
    /// <value>From 0 to 0.5. The default is 0.3.</value>
    public double ColorJitter { get; set; } = 0.3;

    /// <summary>The share of the views of images with three channels that are gray.</summary>
    /// <value>From 0 to 1. The default is 0.2.</value>
    public double GrayShare { get; set; } = 0.2;

    /// <summary>The share of the views of which a rectangle is erased, of up to half the height and half the width.</summary>
    /// <value>From 0 to 1. The default is 0.6.</value>
    public double EraseShare { get; set; } = 0.6;

    internal void Describe(OptionProblems problems)
    {
        problems.Require(MinCropShare is > 0 and <= 1, nameof(MinCropShare), "above 0 and at most 1", MinCropShare);
        problems.Require(MaxRotation is >= 0 and <= 180, nameof(MaxRotation), "from 0 to 180", MaxRotation);
        problems.Require(Brightness is >= 0 and <= 1, nameof(Brightness), "from 0 to 1", Brightness);
        problems.Require(double.IsFinite(MaxGamma) && MaxGamma >= 1, nameof(MaxGamma), "a number of 1 or more", MaxGamma);
        problems.Require(ColorJitter is >= 0 and <= 0.5, nameof(ColorJitter), "from 0 to 0.5", ColorJitter);
        problems.Require(GrayShare is >= 0 and <= 1, nameof(GrayShare), "from 0 to 1", GrayShare);
        problems.Require(EraseShare is >= 0 and <= 1, nameof(EraseShare), "from 0 to 1", EraseShare);
    }

    internal ImageViewOptions Copy() => (ImageViewOptions)MemberwiseClone();
}

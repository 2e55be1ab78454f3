using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE for images: the convolutional encoder and decoder of section 4.1 of "Neural Discrete Representation Learning" (van den Oord et
/// al. 2017, arXiv 1711.00937) around a <see cref="VectorQuantizer"/>.
/// </summary>
/// <remarks>
/// Inputs and outputs are images [B, C, H, W] in the units of the data; see <see cref="ImageAutoencoder{T}.SetPixelStatistics"/>. Names in
/// <c>state_dict</c>: those of <see cref="ImageAutoencoder{T}"/>, and <c>quantizer.codebook</c>, <c>quantizer.counts</c>,
/// <c>quantizer.sums</c>, <c>quantizer.initialized</c>, <c>quantizer.steps</c>.
/// </remarks>
public sealed class ImageVqVae : ImageAutoencoder<ImageVqVaeOutput>, ITrainable, IReconstructing
{
    readonly Quantizer quantizer;

    /// <summary>Creates a model with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="codec">The settings of encoder and decoder, image size included; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied.</param>
    /// <param name="seed">The seed of weights, codebook and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems of both.</exception>
    public ImageVqVae(ImageCodecOptions codec, QuantizerOptions quantizer, int seed)
        : base(nameof(ImageVqVae), Checked(codec, quantizer), quantizer.Channels, quantizer.Channels, seed)
    {
        this.quantizer = quantizer.CreateQuantizer(seed);
        RegisterComponents();
    }

    /// <summary>The bottleneck.</summary>
    public Quantizer Quantizer => quantizer;

    /// <summary>The shape of the codes of an image.</summary>
    public (int Height, int Width, int CodesPerPosition) CodeGrid => (Grid.Height, Grid.Width, quantizer.CodesPerPosition);

    /// <summary>Runs only the encoder: images [B, C, H, W] → encodings before quantization [B, G·D, h, w].</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor EncodeToLatents(Tensor pixels)
    {
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        return encoder.call(Normalize(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>Images [B, C, H, W] → codes Int64 [B, h, w, G], without gradients.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor Encode(Tensor pixels)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return quantizer.Encode(EncodeToLatents(pixels)).MoveToOuterDisposeScope();
    }

    internal OnnxValue LatentsToOnnx(OnnxValue pixels) => encoder.ToOnnx(NormalizeToOnnx(pixels));

    internal OnnxValue EncodeToOnnx(OnnxValue pixels) => quantizer.EncodeToOnnx(LatentsToOnnx(pixels));

    /// <summary>Codes Int64 [B, h, w, G] → images [B, C, H, W] in the units of the data, without gradients.</summary>
    /// <exception cref="ArgumentException">The codes have another shape or are not within 0 … K − 1.</exception>
    public Tensor DecodeCodes(Tensor indices)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Decode(quantizer.Embed(indices)).MoveToOuterDisposeScope();
    }

    /// <summary>Encodes, quantizes and decodes images [B, C, H, W]. In training mode the quantizer's state advances.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public override ImageVqVaeOutput forward(Tensor pixels)
    {
        using DisposeScope scope = NewDisposeScope();
        (ImageVqVaeOutput? output, Tensor _) = Pass(pixels);
        return new ImageVqVaeOutput(output.Reconstruction.MoveToOuterDisposeScope(), output.Target.MoveToOuterDisposeScope(),
            output.Quantization.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// The losses of a batch of images [B, C, H, W], equation 3 of the paper: reconstruction + codebook loss + β · commitment loss.
    /// </summary>
    /// <remarks>
    /// The reconstruction term is −ln p(x|z) by <see cref="ImageCodecOptions.PixelLikelihood"/>. With the default, a Gaussian of unit
    /// variance in normalized pixels, it is half the summed squared error, less a constant. The quantizer's losses are averages over the
    /// latents of an image, and so is this term: the sum is divided by the number of codes. The paper leaves the weight open; this one lets
    /// one β fit all sizes. Undivided, the commitment loss hardly counts, and encodings stray from their codes: on Fashion-MNIST after 800
    /// steps an NMSE of 0.051 was measured, against 0.045 with weights within a factor of two of this.
    /// </remarks>
    /// <param name="pixels">The images, in the units of the data.</param>
    /// <param name="moment">The position in the training run, which with the seed decides which images are mirrored.</param>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public StepLoss Loss(Tensor pixels, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        quantizer.BeginStep(moment);
        Tensor images = Augment(pixels, moment.Step);
        (ImageVqVaeOutput? output, Tensor? parameters) = Pass(images);
        double codesPerImage = (double)CodeGrid.Height * CodeGrid.Width * CodeGrid.CodesPerPosition;
        Tensor error = (output.Reconstruction - output.Target).Square().mean();
        // The squared error is that of the values as they are, whatever their units; the others count bytes.
        Tensor? nats = codec.PixelLikelihood == PixelLikelihood.UnitGaussian ? null : NatsOf(parameters, images).mean();
        Tensor reconstruction = (nats ?? error.Mul(0.5 * ValuesPerImage)).Div(codesPerImage);
        (string, Tensor)[] bits = nats is null ? [] : [("reconstruction bits", BitsPerValue(nats))];
        return output.Quantization.ToStepLoss(reconstruction, [("reconstruction", error), .. bits]).MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], moment);

    Tensor IReconstructing.Picture(IReadOnlyList<Tensor> batch)
    {
        using DisposeScope scope = NewDisposeScope();
        (ImageVqVaeOutput _, Tensor parameters) = Pass(batch[0]);
        return PictureOf(batch[0], ImagesOf(parameters)).MoveToOuterDisposeScope();
    }

    (ImageVqVaeOutput Output, Tensor Parameters) Pass(Tensor images)
    {
        CheckImages(images);
        Tensor target = Normalize(images);
        QuantizationResult quantization = quantizer.call(encoder.call(target));
        Tensor parameters = decoder.call(quantization.Quantized);
        return (new ImageVqVaeOutput(likelihood.Mean(parameters, Units), target, quantization), parameters);
    }

    static ImageCodecOptions Checked(ImageCodecOptions codec, QuantizerOptions quantizer)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        OptionProblems.Check("The options of the image VQ-VAE cannot be used", codec.Describe, quantizer.Describe);
        return codec;
    }
}

/// <summary>The output of an <see cref="ImageVqVae"/> for a batch of images.</summary>
/// <param name="Reconstruction">The decoded images [B, C, H, W], the mean of p(x|z), normalized (pixels minus mean, over deviation) and not
/// clamped.</param>
/// <param name="Target">The images that were to be decoded, normalized likewise.</param>
/// <param name="Quantization">The codes and the quantizer's losses.</param>
public sealed record ImageVqVaeOutput(Tensor Reconstruction, Tensor Target, QuantizationResult Quantization);

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// An autoencoder with discrete random latents that learns by VIMCO, "Variational inference for Monte Carlo objectives" (Mnih and Rezende
/// 2016, arXiv 1602.06725), around the encoder and decoder of an <see cref="ImageVqVae"/>: the discrete model that section 4.1 of the paper
/// (arXiv 1711.00937) compares with.
/// </summary>
/// <remarks>
/// q(z|x) is a product over the N = h·w·G latents of distributions over K categories, whose scores the encoder gives; p(z) is uniform.
/// Names in <c>state_dict</c>: those of <see cref="ImageAutoencoder{T}"/>, and <c>codebook</c> [K, D], what stands for the categories.
/// </remarks>
public sealed partial class ImageVimco : ImageAutoencoder<Tensor>, ITrainable
{
    const long CodebookStream = long.MaxValue - 1;

    readonly VimcoOptions latents;
    Tensor codebook;

    /// <summary>Makes a model with fresh weights, PyTorch's default initialisation.</summary>
    /// <param name="codec">The settings of encoder and decoder, image size included; copied.</param>
    /// <param name="latents">The settings of the latents; copied.</param>
    /// <param name="seed">What weights and the randomness of training are drawn from; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options cannot work; the message lists all problems of both.</exception>
    public ImageVimco(ImageCodecOptions codec, VimcoOptions latents, int seed)
        : base(nameof(ImageVimco), Checked(codec, latents), latents.EncodingChannels, latents.DecodingChannels, seed)
    {
        this.latents = latents.Copy();
        using (var scope = NewDisposeScope())
        {
            using var generator = SeededRandom.CreateGenerator(seed, CodebookStream);
            codebook = latents.Latents == VimcoLatents.Bernoulli
                ? tensor(new float[] { -1, 1 }).view(2, 1)
                : new Parameter(randn(latents.Categories, latents.Dimensions, dtype: ScalarType.Float32, generator: generator));
            codebook.DetachFromDisposeScope();
        }
        RegisterComponents();
    }

    /// <summary>The shape of the latents of an image.</summary>
    public (int Height, int Width, int LatentsPerPosition) LatentGrid => (Grid.Height, Grid.Width, latents.LatentsPerPosition);

    /// <summary>K: how many categories a latent has.</summary>
    public int Categories => latents.CategoriesInUse;

    // N
    int LatentsPerImage => Grid.Height * Grid.Width * latents.LatentsPerPosition;

    /// <summary>ln q(z_n = k|x) for images [B, C, H, W] in the units of the data: [B, N, K], the latents ordered by row, column and number
    /// at the position.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public override Tensor forward(Tensor pixels)
    {
        CheckImages(pixels);
        using var scope = NewDisposeScope();
        var scores = encoder.call(Normalise(pixels)).permute(0, 2, 3, 1).reshape(pixels.shape[0], LatentsPerImage, -1);
        var logarithms = latents.Latents == VimcoLatents.Bernoulli
            ? cat([(-scores).log_sigmoid(), scores.log_sigmoid()], 2)
            : scores.log_softmax(2);
        return logarithms.MoveToOuterDisposeScope();
    }

    /// <summary>The likeliest category of each latent of images [B, C, H, W]: Int64 [B, h, w, G], without gradients.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor Encode(Tensor pixels)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var (height, width, perPosition) = LatentGrid;
        return call(pixels).argmax(2).view(-1, height, width, perPosition).MoveToOuterDisposeScope();
    }

    /// <summary>What stands for latents Int64 [B, h, w, G], for the decoder: [B, G·D, h, w].</summary>
    public Tensor Embed(Tensor categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        using var scope = NewDisposeScope();
        var (height, width, _) = LatentGrid;
        return codebook.index_select(0, categories.reshape(-1)).view(-1, height, width, latents.DecodingChannels).permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

    static ImageCodecOptions Checked(ImageCodecOptions codec, VimcoOptions latents)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(latents);
        var problems = new OptionProblems("The options of the VIMCO model cannot be used");
        codec.Describe(problems);
        latents.Describe(problems);
        problems.ThrowIfAny();
        return codec;
    }
}

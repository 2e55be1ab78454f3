using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(GaussianVaeTransformer), null, typeof(SignatureLoadModel), "Gaussian VAE image encoder",
    GaussianVaeTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(VimcoTransformer), null, typeof(SignatureLoadModel), "VIMCO image encoder",
    VimcoTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>What the transformers of the models that the paper compares with have in common: the columns that they add.</summary>
public abstract class ImageBaselineTransformer : NetworkTransformer
{
    private protected ImageBaselineTransformer(
        TrainedModel model, IBatchMapping mapping, BaselineColumns columns, TrainingSummary? training)
        : base(model, mapping, training) => Columns = columns;

    private protected BaselineColumns Columns { get; }

    /// <summary>The column of images that is read.</summary>
    public string InputColumnName => Columns.Input;

    /// <summary>The column of latents that is added.</summary>
    public string OutputColumnName => Columns.Output;

    /// <summary>The column of decoded images that is added, or null.</summary>
    public string? ReconstructionColumnName => Columns.Reconstruction;

    /// <summary>The column of reconstruction bits that is added, or null.</summary>
    public string? ReconstructionBitsColumnName => Columns.ReconstructionBits;

    /// <summary>The column of the bound that is added, or null.</summary>
    public string? BoundBitsColumnName => Columns.BoundBits;
}

/// <summary>Adds the means of an image's Gaussian latents as a vector of numbers, and on request the reconstruction and bits; what
/// <see cref="GaussianVaeEstimator"/> makes.</summary>
public sealed class GaussianVaeTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeGaussianVae";

    static readonly ModelFormat<Saved<GaussianVaeDescription, BaselineColumns>, GaussianVaeDescription, ImageGaussianVae> Format =
        new("VQVAEGAU", LoaderSignature, SavedJson.Default.GaussianVae);

    readonly GaussianVaeModel _model;

    internal GaussianVaeTransformer(GaussianVaeModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model, new BatchMapping<GaussianVaeModel, GaussianVaePass>(model, model.Description.PredictionBatchSize,
            new PixelInput(columns.Input, model.Description.Pixels), columns.ToGaussianVaeOutputs(),
            inputs => new GaussianVaePass(model.Network, inputs[0].to(model.Device))), columns, training) =>
        (_model, LatentShape) = (model, model.Network.LatentShape);

    // Found by ML.NET by its name and parameters.
    static GaussianVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new GaussianVaeTransformer(model, saved.Columns));

    /// <summary>The rows and columns of positions of an image, and the latents at each.</summary>
    public (int Height, int Width, int Channels) LatentShape { get; }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, Columns), _model);
}

/// <summary>Adds the likeliest categories of an image's discrete latents as keys, and on request the reconstruction and bits; what
/// <see cref="VimcoEstimator"/> makes.</summary>
public sealed class VimcoTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeVimco";

    static readonly ModelFormat<Saved<VimcoDescription, BaselineColumns>, VimcoDescription, ImageVimco> Format =
        new("VQVAEVIM", LoaderSignature, SavedJson.Default.Vimco);

    readonly VimcoModel _model;

    internal VimcoTransformer(VimcoModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model, new BatchMapping<VimcoModel, VimcoPass>(model, model.Description.PredictionBatchSize,
            new PixelInput(columns.Input, model.Description.Pixels), columns.ToVimcoOutputs(),
            inputs => new VimcoPass(model.Network, inputs[0].to(model.Device))), columns, training) =>
        (_model, LatentGrid, Categories) = (model, model.Network.LatentGrid, model.Network.Categories);

    // Found by ML.NET by its name and parameters.
    static VimcoTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new VimcoTransformer(model, saved.Columns));

    /// <summary>The rows and columns of positions of an image, and the latents at each.</summary>
    public (int Height, int Width, int LatentsPerPosition) LatentGrid { get; }

    /// <summary>K: how many categories a latent has.</summary>
    public int Categories { get; }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, Columns), _model);
}

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
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
        : base(model, mapping) => (Columns, TrainingSummary) = (columns, training);

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

    /// <summary>What training came to; null for a transformer that was loaded.</summary>
    public TrainingSummary? TrainingSummary { get; }
}

/// <summary>Adds the means of an image's Gaussian latents as a vector of numbers, and on request the reconstruction and bits; what
/// <see cref="GaussianVaeEstimator"/> makes.</summary>
public sealed class GaussianVaeTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeGaussianVae";
    const string ModelSignature = "VQVAEGAU";

    readonly GaussianVaeModel _model;

    internal GaussianVaeTransformer(GaussianVaeModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model, GaussianVaePass.Mapping(model, columns), columns, training) =>
        (_model, LatentShape) = (model, model.Network.LatentShape);

    // Found by ML.NET by its name and parameters.
    static GaussianVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedGaussianVae,
            (saved, weights) => new GaussianVaeTransformer(GaussianVaeModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The rows and columns of positions of an image, and the latents at each.</summary>
    public (int Height, int Width, int Channels) LatentShape { get; }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedGaussianVae(_model.Description, Columns),
        SavedModelJson.Default.SavedGaussianVae, _model.WriteWeights);
}

/// <summary>Adds the likeliest categories of an image's discrete latents as keys, and on request the reconstruction and bits; what
/// <see cref="VimcoEstimator"/> makes.</summary>
public sealed class VimcoTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeVimco";
    const string ModelSignature = "VQVAEVIM";

    readonly VimcoModel _model;

    internal VimcoTransformer(VimcoModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model, VimcoPass.Mapping(model, columns), columns, training) =>
        (_model, LatentGrid, Categories) = (model, model.Network.LatentGrid, model.Network.Categories);

    // Found by ML.NET by its name and parameters.
    static VimcoTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedVimco,
            (saved, weights) => new VimcoTransformer(VimcoModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The rows and columns of positions of an image, and the latents at each.</summary>
    public (int Height, int Width, int LatentsPerPosition) LatentGrid { get; }

    /// <summary>K: how many categories a latent has.</summary>
    public int Categories { get; }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedVimco(_model.Description, Columns), SavedModelJson.Default.SavedVimco,
        _model.WriteWeights);
}

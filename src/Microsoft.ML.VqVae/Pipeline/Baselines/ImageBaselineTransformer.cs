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

/// <summary>Base class of the transformers of the baseline models: their input and output columns.</summary>
public abstract class ImageBaselineTransformer : NetworkTransformer
{
    private protected ImageBaselineTransformer(IBatchMapping mapping, BaselineColumns columns, TrainingSummary? training)
        : base(mapping, training) => Columns = columns;

    private protected BaselineColumns Columns { get; }

    /// <summary>The column of images that is read.</summary>
    public string InputColumnName => Columns.Input;

    /// <summary>The column of latents that is added.</summary>
    public string OutputColumnName => Columns.Output;

    /// <summary>The column of decoded images that is added, or null.</summary>
    public string? ReconstructionColumnName => Columns.Reconstruction;

    /// <summary>The column of −log2 p(x|z) in bits that is added, or null.</summary>
    public string? ReconstructionBitsColumnName => Columns.ReconstructionBits;

    /// <summary>The column of the upper bound of −log2 p(x) in bits that is added, or null.</summary>
    public string? BoundBitsColumnName => Columns.BoundBits;
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="GaussianVaeEstimator"/>; it adds the means of the Gaussian
/// latents of an image as a vector and, on request, the reconstruction and bits.</summary>
public sealed class GaussianVaeTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeGaussianVae";

    static readonly ModelFormat<Saved<GaussianVaeDescription, BaselineColumns>, GaussianVaeDescription, ImageGaussianVae> Format =
        new("VQVAEGAU", LoaderSignature, SavedJson.Default.GaussianVae);

    readonly GaussianVaeModel _model;

    internal GaussianVaeTransformer(GaussianVaeModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model.Map(new PixelInput(columns.Input, model.Description.Pixels), columns.ToGaussianVaeOutputs(),
            inputs => new GaussianVaePass(model.Network, inputs[0].to(model.Device))), columns, training) =>
        (_model, LatentShape) = (model, model.Network.LatentShape);

    // Called by ML.NET, which finds it by its name and parameters.
    static GaussianVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new GaussianVaeTransformer(model, saved.Columns));

    /// <summary>The shape of the latents of an image: height, width and number of latents per position, D.</summary>
    public (int Height, int Width, int Channels) LatentShape { get; }

    private protected override string About => $"Gaussian VAE: '{InputColumnName}' ({_model.Description.Pixels}) → '{OutputColumnName}' "
        + $"({LatentShape.Height}×{LatentShape.Width}×{LatentShape.Channels} means)";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, Columns), _model);
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="VimcoEstimator"/>; it adds the most likely categories of the
/// discrete latents of an image as keys and, on request, the reconstruction and bits.</summary>
public sealed class VimcoTransformer : ImageBaselineTransformer
{
    internal const string LoaderSignature = "VqVaeVimco";

    static readonly ModelFormat<Saved<VimcoDescription, BaselineColumns>, VimcoDescription, ImageVimco> Format =
        new("VQVAEVIM", LoaderSignature, SavedJson.Default.Vimco);

    readonly VimcoModel _model;

    internal VimcoTransformer(VimcoModel model, BaselineColumns columns, TrainingSummary? training = null)
        : base(model.Map(new PixelInput(columns.Input, model.Description.Pixels), columns.ToVimcoOutputs(),
            inputs => new VimcoPass(model.Network, inputs[0].to(model.Device))), columns, training) =>
        (_model, LatentGrid, Categories) = (model, model.Network.LatentGrid, model.Network.Categories);

    // Called by ML.NET, which finds it by its name and parameters.
    static VimcoTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new VimcoTransformer(model, saved.Columns));

    /// <summary>The grid of latents of an image: height, width and number of latents per position, G.</summary>
    public (int Height, int Width, int LatentsPerPosition) LatentGrid { get; }

    /// <summary>K: number of categories of a latent.</summary>
    public int Categories { get; }

    private protected override string About => $"VIMCO: '{InputColumnName}' ({_model.Description.Pixels}) → '{OutputColumnName}' "
        + $"({LatentGrid.Height}×{LatentGrid.Width}×{LatentGrid.LatentsPerPosition} latents of {Categories} categories)";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, Columns), _model);
}

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(CodesVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE encoder of codes",
    CodesVqVaeTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds a few latents that stand for a whole row of codes, and on request what the codes cost once the latents are known; what
/// <see cref="CodesVqVaeEstimator"/> makes.
/// </summary>
public sealed class CodesVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesEncoder";
    const string ModelSignature = "VQVAECOD";

    readonly CodesModel _model;
    readonly CodesEncoderColumns _columns;

    internal CodesVqVaeTransformer(CodesModel model, CodesEncoderColumns columns, TrainingSummary? training = null)
        : base(model, new CodesEncoding(model, columns)) => (_model, _columns, TrainingSummary) = (model, columns, training);

    // Found by ML.NET by its name and parameters.
    static CodesVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedCodesEncoder,
            (saved, weights) => new CodesVqVaeTransformer(CodesModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of latents that is added.</summary>
    public string OutputColumnName => _columns.Latents;

    /// <summary>The column of bits that is added, or null.</summary>
    public string? BitsColumnName => _columns.Bits;

    /// <summary>L: how many latents stand for a row.</summary>
    public int Latents => _model.Description.Quantizer.CodesPerPosition;

    /// <summary>K: how many codes a latent chooses from.</summary>
    public int Codes => _model.Description.Quantizer.Codes;

    /// <summary>What training came to; null for a transformer that was loaded.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>The way back: a transformer from latents to codes, sampled from the PixelCNN. Decode these with the decoder of the first
    /// level.</summary>
    /// <remarks>Each row is drawn from (seed, its latents): a row gives the same codes whatever rows are around it, and rows with the same
    /// latents give the same codes. Take another seed for another sample.</remarks>
    /// <param name="outputColumnName">The column to add: codes as those that were trained on, with their key values and slot
    /// names.</param>
    /// <param name="latentsColumnName">The column of latents, as this transformer makes them; null for
    /// <see cref="OutputColumnName"/>.</param>
    /// <param name="temperature">What logits are divided by: below 1 likely codes become more likely. More than 0.</param>
    /// <param name="topK">From how many of the likeliest codes each is chosen; null for all.</param>
    /// <param name="seed">What the codes are drawn from.</param>
    /// <returns>A transformer that is saved and disposed on its own; it goes on working when this one is disposed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not above 0, or <paramref name="topK"/> not 1 or more.</exception>
    public CodesVqVaeDecoderTransformer Decoder(
        string outputColumnName, string? latentsColumnName = null, double temperature = 1, int? topK = null, int seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        new SamplingOptions { Temperature = temperature, TopK = topK }.Validate();
        HoldNetwork();
        return new CodesVqVaeDecoderTransformer(_model, new CodesDecoderColumns(latentsColumnName ?? OutputColumnName, outputColumnName),
            new CodesSampling(temperature, topK, seed));
    }

    /// <summary>What codes cost given any latents, for example those of another row: a transformer that adds −log2 p(codes |
    /// latents).</summary>
    /// <param name="outputColumnName">The column to add: a Single, in bits.</param>
    /// <param name="codesColumnName">The column of codes; null for <see cref="CodesColumnName"/>.</param>
    /// <param name="latentsColumnName">The column of latents; null for <see cref="OutputColumnName"/>.</param>
    /// <returns>A transformer that is saved and disposed on its own; it goes on working when this one is disposed.</returns>
    public CodesLikelihoodTransformer Likelihood(
        string outputColumnName, string? codesColumnName = null, string? latentsColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        HoldNetwork();
        return new CodesLikelihoodTransformer(_model, new CodesLikelihoodColumns(
            outputColumnName, codesColumnName ?? CodesColumnName, latentsColumnName ?? OutputColumnName));
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedCodesEncoder(_model.Description, _columns),
        SavedModelJson.Default.SavedCodesEncoder, _model.WriteWeights);
}

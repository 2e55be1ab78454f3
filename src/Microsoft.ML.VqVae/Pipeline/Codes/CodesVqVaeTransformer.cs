using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

[assembly: LoadableClass(typeof(CodesVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE encoder of codes",
    CodesVqVaeTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(CodesVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE decoder of codes",
    CodesVqVaeDecoderTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(CodesLikelihoodTransformer), null, typeof(SignatureLoadModel), "VQ-VAE likelihood of codes",
    CodesLikelihoodTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting a <see cref="CodesVqVaeEstimator"/>; it adds the latents of a row of codes as keys
/// and, on request, the bits of the codes given the latents.
/// </summary>
public sealed class CodesVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesEncoder";

    static readonly ModelFormat<Saved<CodesModelDescription, CodesEncoderColumns>, CodesModelDescription, CodesVqVae> Format =
        new("VQVAECOD", LoaderSignature, SavedJson.Default.CodesEncoder);

    readonly CodesModel _model;
    readonly CodesEncoderColumns _columns;

    internal CodesVqVaeTransformer(CodesModel model, CodesEncoderColumns columns, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(),
            inputs => new CodesPass(model.Network, inputs[0].to(model.Device))), training) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static CodesVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new CodesVqVaeTransformer(model, saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of latents that is added.</summary>
    public string OutputColumnName => _columns.Latents;

    /// <summary>The column of −log2 p(codes | latents) in bits that is added, or null.</summary>
    public string? BitsColumnName => _columns.Bits;

    /// <summary>L: number of latents per row.</summary>
    public int Latents => _model.Description.Quantizer.CodesPerPosition;

    /// <summary>K: number of codes of a latent.</summary>
    public int Codes => _model.Description.Quantizer.CodebookSize;

    /// <summary>Creates a transformer from latents to codes, sampled from the PixelCNN, which shares the network. Decode the codes with the
    /// decoder of the first level.</summary>
    /// <remarks>The codes of a row depend only on the seed and its latents: rows with the same latents have the same codes. Use another
    /// seed for another sample.</remarks>
    /// <param name="outputColumnName">The column of codes to add, in the format of the training data, with its key values and slot
    /// names.</param>
    /// <param name="latentsColumnName">The column of latents, in the format that this transformer outputs; null for
    /// <see cref="OutputColumnName"/>. Keys are matched by their values where the column has any.</param>
    /// <param name="temperature">The temperature, more than 0, by which logits are divided: values below 1 make likely codes more
    /// likely.</param>
    /// <param name="topK">Number of most likely codes that each code is sampled from; null for all.</param>
    /// <param name="seed">The seed of the random numbers.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">The name of the output column is empty.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not above 0, or <paramref name="topK"/> is below 1.</exception>
    public CodesVqVaeDecoderTransformer Decoder(
        string outputColumnName, string? latentsColumnName = null, double temperature = 1, int? topK = null, int seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        new SamplingOptions { Temperature = temperature, TopK = topK }.Validate();
        return new CodesVqVaeDecoderTransformer(
            _model.Share(), new CodesDecoderColumns(latentsColumnName ?? OutputColumnName, outputColumnName),
            new CodesSampling(temperature, topK, seed));
    }

    /// <summary>Creates a transformer that adds −log2 p(codes | latents) of codes given any latents, such as those of another row, and
    /// shares the network.</summary>
    /// <param name="outputColumnName">The column to add: a Single, in bits.</param>
    /// <param name="codesColumnName">The column of codes; null for <see cref="CodesColumnName"/>.</param>
    /// <param name="latentsColumnName">The column of latents; null for <see cref="OutputColumnName"/>.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">The name of the output column is empty.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public CodesLikelihoodTransformer Likelihood(
        string outputColumnName, string? codesColumnName = null, string? latentsColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        return new CodesLikelihoodTransformer(_model.Share(), new CodesLikelihoodColumns(
            outputColumnName, codesColumnName ?? CodesColumnName, latentsColumnName ?? OutputColumnName));
    }

    internal override CodeFormat? CodeFormat => _model.Description.Grid;

    private protected override string About => $"VQ-VAE of codes, encoder: "
        + $"'{CodesColumnName}' ({_model.Description.Grid.ToColumnType()}) → '{OutputColumnName}' ({_model.Description.Quantizer})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

/// <summary>Adds a column of codes to a column of latents; see <see cref="CodesVqVaeTransformer.Decoder"/>.</summary>
public sealed class CodesVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesDecoder";

    static readonly ModelFormat<SavedCodesDecoder, CodesModelDescription, CodesVqVae> Format =
        new("VQVAECDC", LoaderSignature, SavedJson.Default.CodesDecoder);

    readonly CodesModel _model;
    readonly CodesDecoderColumns _columns;
    readonly CodesSampling _sampling;

    internal CodesVqVaeDecoderTransformer(CodesModel model, CodesDecoderColumns columns, CodesSampling sampling)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => Sample(model, inputs[0].to(model.Device), sampling))) =>
        (_model, _columns, _sampling) = (model, columns, sampling);

    // Called by ML.NET, which finds it by its name and parameters.
    static CodesVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new CodesVqVaeDecoderTransformer(model, saved.Columns, saved.Sampling));

    /// <summary>The column of latents that is read.</summary>
    public string LatentsColumnName => _columns.Latents;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Output;

    static Tensor Sample(CodesModel model, Tensor latents, CodesSampling sampling) => model.Network.Sample(latents, new SampleRequest
    {
        Count = 0,
        Temperature = sampling.Temperature,
        TopK = sampling.TopK,
        Seed = sampling.Seed,
        BatchSize = Math.Min(model.Description.PredictionBatchSize, SampleRequest.MaximumBatchSize),
    });

    private protected override string About => $"VQ-VAE of codes, decoder: '{LatentsColumnName}' ({_model.Description.Quantizer}) → "
        + $"'{OutputColumnName}' ({_model.Description.Grid.ToColumnType()}, sampled)";

    private protected override void Save(ModelSaveContext context) =>
        Format.Save(context, new(_model.Description, _columns, _sampling), _model);
}

/// <summary>Adds −log2 p(codes | latents) to a column of codes and a column of latents; see
/// <see cref="CodesVqVaeTransformer.Likelihood"/>.</summary>
public sealed class CodesLikelihoodTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesLikelihood";

    // Each input has two tensors: codes and lengths.
    const int Codes = 0, Latents = 2;

    static readonly ModelFormat<Saved<CodesModelDescription, CodesLikelihoodColumns>, CodesModelDescription, CodesVqVae> Format =
        new("VQVAECLH", LoaderSignature, SavedJson.Default.CodesLikelihood);

    readonly CodesModel _model;
    readonly CodesLikelihoodColumns _columns;

    internal CodesLikelihoodTransformer(CodesModel model, CodesLikelihoodColumns columns)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(),
            inputs => model.Network.Bits(inputs[Codes].to(model.Device), inputs[Latents].to(model.Device)).sum(1))) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static CodesLikelihoodTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new CodesLikelihoodTransformer(model, saved.Columns));

    /// <summary>The column of bits that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of latents that is read.</summary>
    public string LatentsColumnName => _columns.Latents;

    private protected override string About => $"VQ-VAE of codes, likelihood: '{CodesColumnName}' "
        + $"({_model.Description.Grid.ToColumnType()}) given '{LatentsColumnName}' ({_model.Description.Quantizer}) → "
        + $"'{OutputColumnName}' (bits)";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

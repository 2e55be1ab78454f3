using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(FeatureTransformer), null, typeof(SignatureLoadModel), "VQ-VAE features",
    FeatureTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="FeatureEstimator"/>; it adds the features of a row of codes
/// and, on request, those of each position.</summary>
public sealed class FeatureTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeFeatures";

    static readonly ModelFormat<Saved<FeatureDescription, FeatureColumns>, FeatureDescription, MaskedCodeTransformer> Format =
        new("VQVAEFEA", LoaderSignature, SavedJson.Default.Features);

    readonly FeatureModel _model;
    readonly FeatureColumns _columns;

    internal FeatureTransformer(FeatureModel model, FeatureColumns columns, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new FeaturePass(model, columns, inputs)), training) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static FeatureTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new FeatureTransformer(model, saved.Columns));

    /// <summary>The column of codes that the network was trained on; it is read unless there is an <see cref="InputColumnName"/>.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of vectors that is read, or null.</summary>
    public string? InputColumnName => _columns.Input;

    /// <summary>The column of features that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of the features of each position that is added, or null.</summary>
    public string? PositionsColumnName => _columns.Positions;

    /// <summary>The layer whose outputs are the features, counted from 1.</summary>
    public int Layer => _columns.Layer;

    /// <summary>Number of layers of the network.</summary>
    public int Layers => _model.Description.Network.Layers;

    /// <summary>Number of features of a position.</summary>
    public int Channels => _model.Description.Network.Channels;

    /// <summary>Number of features of a row.</summary>
    public int Size => _columns.Size(_model.Description);

    /// <summary>Creates a transformer that shares the network and adds other features: those of another layer, or with another
    /// pooling.</summary>
    /// <param name="outputColumnName">The column of features to add.</param>
    /// <param name="layer">The layer whose outputs are the features, counted from 1; null, the default, for <see cref="Layer"/>.</param>
    /// <param name="poolingSize">Number of parts along each axis whose means are the features, see
    /// <see cref="FeatureOptions.PoolingSize"/>; null, the default, for that of this transformer.</param>
    /// <param name="includeMaximum">Whether the maximum over all positions follows; null, the default, for the choice of this
    /// transformer.</param>
    /// <param name="positionsColumnName">The column for the features of each position; null, the default, for none.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">A name is empty or used twice, or there is no such layer or pooling.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public FeatureTransformer WithFeatures(
        string outputColumnName, int? layer = null, int? poolingSize = null, bool? includeMaximum = null,
        string? positionsColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        FeatureColumns columns = _columns with
        {
            Output = outputColumnName,
            Positions = positionsColumnName,
            Layer = layer ?? _columns.Layer,
            PoolingSize = poolingSize ?? _columns.PoolingSize,
            IncludeMaximum = includeMaximum ?? _columns.IncludeMaximum,
        };
        OptionProblems.Check("The features cannot be computed", problems => columns.Describe(problems, _model.Description));
        return new FeatureTransformer(_model.Share(), columns);
    }

    internal override CodeFormat? CodeFormat => _model.Description.Format;

    private protected override string About => $"Features, {nameof(MaskedCodeTransformer)}: '{InputColumnName ?? CodesColumnName}' "
        + $"({_model.Description.Format.ToColumnType()}) → '{OutputColumnName}' ({_columns.FeaturesText(_model.Description)})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

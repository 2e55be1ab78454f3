using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(ImageFeatureTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image features",
    ImageFeatureTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="ITransformer"/> resulting from fitting an <see cref="ImageFeatureEstimator"/>; it adds the features of an
/// image.</summary>
public sealed class ImageFeatureTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeImageFeatures";

    static readonly ModelFormat<Saved<ImageFeatureDescription, ImageFeatureColumns>, ImageFeatureDescription, ImageFeatureNetwork> Format =
        new("VQVAEIFE", LoaderSignature, SavedJson.Default.ImageFeatures);

    readonly ImageFeatureModel _model;
    readonly ImageFeatureColumns _columns;

    internal ImageFeatureTransformer(ImageFeatureModel model, ImageFeatureColumns columns, TrainingSummary? training = null)
        : base(model.Map(new PixelInput(columns.Input, model.Description.Pixels), columns.ToOutputs(),
            inputs => new ImageFeaturePass(model, columns, inputs[0])), training) => (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static ImageFeatureTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new ImageFeatureTransformer(model, saved.Columns));

    /// <summary>The column of images that is read.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The column of features that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>Number of features of an image.</summary>
    public int Size => _columns.Size(_model.Description);

    /// <summary>Creates a transformer that shares the network and adds other features.</summary>
    /// <param name="outputColumnName">The column of features to add.</param>
    /// <param name="poolingSize">See <see cref="ImageFeatureOptions.PoolingSize"/>; null, the default, for that of this transformer.</param>
    /// <param name="middlePoolingSize">See <see cref="ImageFeatureOptions.MiddlePoolingSize"/>; null, the default, for that of this
    /// transformer.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no such pooling.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public ImageFeatureTransformer WithFeatures(string outputColumnName, int? poolingSize = null, int? middlePoolingSize = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ImageFeatureColumns columns = _columns with
        {
            Output = outputColumnName,
            PoolingSize = poolingSize ?? _columns.PoolingSize,
            MiddlePoolingSize = middlePoolingSize ?? _columns.MiddlePoolingSize,
        };
        OptionProblems.Check("The features cannot be computed", problems => columns.Describe(problems, _model.Description));
        return new ImageFeatureTransformer(_model.Share(), columns);
    }

    private protected override string About => $"Features, {nameof(ImageFeatureNetwork)}: '{InputColumnName}' ({_model.Description.Pixels}) → "
        + $"'{OutputColumnName}' ({_columns.FeaturesText(_model.Description)})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

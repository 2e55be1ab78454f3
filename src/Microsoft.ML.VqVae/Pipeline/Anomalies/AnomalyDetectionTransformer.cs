using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(AnomalyDetectionTransformer), null, typeof(SignatureLoadModel), "VQ-VAE anomaly detection",
    AnomalyDetectionTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting an <see cref="AnomalyDetectionEstimator"/>; it adds the score of a row, whether it
/// is an anomaly and, on request, the bits of each code, a heat map and restored codes.
/// </summary>
public sealed class AnomalyDetectionTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeAnomalies";

    static readonly ModelFormat<SavedAnomalies, PriorDescription, CodePrior> Format =
        new("VQVAEANO", LoaderSignature, SavedJson.Default.SavedAnomalies);

    readonly PriorModel _model;
    readonly AnomalyColumns _columns;
    readonly AnomalySettings _settings;

    internal AnomalyDetectionTransformer(
        PriorModel model, AnomalyColumns columns, AnomalySettings settings, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model, settings), columns.ToOutputs(settings),
            inputs => new AnomalyPass(model, settings, inputs)), training) =>
        (_model, _columns, _settings) = (model, columns, settings);

    // Called by ML.NET, which finds it by its name and parameters.
    static AnomalyDetectionTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new AnomalyDetectionTransformer(model, saved.Columns, saved.Settings));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of conditions, or null.</summary>
    public string? ConditionColumnName => _columns.Condition;

    /// <summary>The column of images that heat maps are laid over, or null.</summary>
    public string? ImageColumnName => _columns.Image;

    /// <summary>The column of scores that is added: bits per code.</summary>
    public string ScoreColumnName => _columns.Score;

    /// <summary>The column of predictions that is added.</summary>
    public string PredictedLabelColumnName => _columns.PredictedLabel;

    /// <summary>The column of bits per code that is added, or null.</summary>
    public string? PerCodeColumnName => _columns.PerCode;

    /// <summary>The column of restored codes that is added, or null.</summary>
    public string? RestoredCodesColumnName => _columns.RestoredCodes;

    /// <summary>The column of heat maps that is added, or null.</summary>
    public string? HeatMapColumnName => _columns.HeatMap;

    /// <summary>The score above which a row is an anomaly, in bits per code.</summary>
    public double Threshold => _settings.Threshold;

    /// <summary>The number of bits above which a code is restored.</summary>
    public double CodeThreshold => _settings.CodeThreshold;

    /// <summary>Creates a transformer with another threshold, which shares the network.</summary>
    /// <param name="threshold">The score above which a row is an anomaly, in bits per code.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is not a finite number.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public AnomalyDetectionTransformer WithThreshold(double threshold) => float.IsFinite((float)threshold)
        ? new AnomalyDetectionTransformer(_model.Share(), _columns, _settings with { Threshold = (float)threshold })
        : throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "The threshold must be a finite number.");

    internal override CategorySet? Classes => _model.Description.Conditions;

    private protected override string About => string.Create(CultureInfo.InvariantCulture,
        $"Anomaly detection: '{CodesColumnName}' ({_model.Description.Format.ToColumnType()}) → '{ScoreColumnName}' (bits per code, "
        + $"anomalies above {Threshold:G5}), '{PredictedLabelColumnName}'");

    private protected override void Save(ModelSaveContext context) =>
        Format.Save(context, new(_model.Description, _columns, _settings), _model);
}

using Microsoft.ML.Runtime;

namespace Microsoft.ML.VqVae;

/// <summary>Trains a model that the paper compares with; what their estimators have in common.</summary>
/// <typeparam name="TOptions">Its settings.</typeparam>
/// <typeparam name="TTransformer">What training gives.</typeparam>
public abstract class ImageBaselineEstimator<TOptions, TTransformer> : ImageEstimator<TOptions, TTransformer>
    where TOptions : ImageBaselineOptions
    where TTransformer : ImageBaselineTransformer
{
    private protected ImageBaselineEstimator(
        IHostEnvironment environment, string outputColumnName, string? inputColumnName, TOptions options)
        : base(environment, outputColumnName, inputColumnName, options)
    {
    }

    private protected override IEnumerable<SchemaShape.Column?> MoreShapes =>
        [Options.BoundBitsColumnName is string bound ? ModelColumns.NumberShape(bound) : null];

    // The loss itself counts bytes.
    private protected override bool CountsBits => true;

    private protected BaselineColumns Columns => BaselineColumns.Of(InputColumnName, OutputColumnName, Options);
}

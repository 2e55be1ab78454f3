using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>The options of trainers that minimize a regularized loss with L-BFGS.</summary>
public abstract class LbfgsTrainerBase<TOptions, TTransformer, TModel> : TrainerEstimatorBase<TTransformer, TModel>
    where TTransformer : ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
    where TOptions : LbfgsTrainerBase<TOptions, TTransformer, TModel>.OptionsBase, new()
{
    private static readonly TrainerInfo _info = new(normalization: true, caching: true);

    private protected readonly TOptions LbfgsTrainerOptions;

    internal LbfgsTrainerBase(IHostEnvironment env, TOptions options, SchemaShape.Column labelColumn)
        : base(env.Register("LbfgsTrainerBase"), Stock.ShapeVector(options.FeatureColumnName, NumberDataViewType.Single), labelColumn,
            options.ExampleWeightColumnName is { } weight ? Stock.ShapeScalar(weight, NumberDataViewType.Single) : default)
    {
        Host.CheckUserArg(options.NumberOfThreads is null or > 0, nameof(options.NumberOfThreads), "Must be positive (or empty for default)");
        Host.CheckUserArg(options.L2Regularization >= 0, nameof(options.L2Regularization), "Must be non-negative");
        Host.CheckUserArg(options.L1Regularization >= 0, nameof(options.L1Regularization), "Must be non-negative");
        Host.CheckUserArg(options.OptimizationTolerance > 0, nameof(options.OptimizationTolerance), "Must be positive");
        Host.CheckUserArg(options.HistorySize > 0, nameof(options.HistorySize), "Must be positive");
        Host.CheckUserArg(options.MaximumNumberOfIterations > 0, nameof(options.MaximumNumberOfIterations), "Must be positive");
        if (options.EnforceNonNegativity)
            throw new NotSupportedException("The stand-in for ML.NET does not train with EnforceNonNegativity.");
        LbfgsTrainerOptions = options;
    }

    public override TrainerInfo Info => _info;

    public abstract class OptionsBase : TrainerInputBaseWithWeight
    {
        public float L2Regularization = 1;
        public float L1Regularization = 1;
        public float OptimizationTolerance = 1e-7f;
        public int HistorySize = 20;
        public int MaximumNumberOfIterations = int.MaxValue;
        public bool Quiet;
        public float InitialWeightsDiameter;
        public int? NumberOfThreads;
        public bool EnforceNonNegativity;

        protected OptionsBase() { }
    }
}

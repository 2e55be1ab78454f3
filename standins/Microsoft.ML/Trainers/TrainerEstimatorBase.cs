using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

public interface ITrainerEstimator<out TTransformer, out TModel> : IEstimator<TTransformer>
    where TTransformer : ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
{
}

/// <summary>Checks the columns that a trainer reads, and declares those that its transformers add.</summary>
public abstract class TrainerEstimatorBase<TTransformer, TModel> : ITrainerEstimator<TTransformer, TModel>
    where TTransformer : ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
{
    public readonly SchemaShape.Column FeatureColumn;
    public readonly SchemaShape.Column LabelColumn;

    private protected readonly IHost Host;

    private protected TrainerEstimatorBase(IHost host, SchemaShape.Column feature, SchemaShape.Column label)
    {
        Host = host;
        FeatureColumn = feature;
        LabelColumn = label;
    }

    public TTransformer Fit(IDataView input)
    {
        Host.CheckValue(input, nameof(input));
        CheckInputSchema(SchemaShape.Create(input.Schema));
        return MakeTransformer(Train(input), input.Schema);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        CheckInputSchema(inputSchema);
        return inputSchema.With(GetOutputColumnsCore(inputSchema));
    }

    private protected abstract SchemaShape.Column[] GetOutputColumnsCore(SchemaShape inputSchema);

    private protected abstract TModel Train(IDataView data);

    private protected abstract TTransformer MakeTransformer(TModel model, DataViewSchema trainSchema);

    private void CheckInputSchema(SchemaShape inputSchema)
    {
        Check(FeatureColumn, "feature", nameof(inputSchema));
        Check(LabelColumn, "label", "labelCol");

        void Check(SchemaShape.Column expected, string role, string paramName)
        {
            var found = inputSchema.Find(Host, expected.Name, role);
            if (!expected.IsCompatibleWith(found))
                throw Host.ExceptSchemaMismatch(paramName, role, expected.Name, expected.GetTypeString(), found.GetTypeString());
        }
    }
}

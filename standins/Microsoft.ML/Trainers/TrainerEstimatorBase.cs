using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML
{
    /// <summary>What a trainer asks of its caller.</summary>
    public sealed class TrainerInfo
    {
        internal TrainerInfo(bool normalization, bool caching) => (NeedNormalization, WantCaching) = (normalization, caching);

        public bool NeedNormalization { get; }

        public bool WantCaching { get; }
    }
}

namespace Microsoft.ML.Trainers
{
    public interface ITrainerEstimator<out TTransformer, out TModel> : IEstimator<TTransformer>
        where TTransformer : ISingleFeaturePredictionTransformer<TModel>
        where TModel : class
    {
        TrainerInfo Info { get; }
    }

    /// <summary>Checks the columns that a trainer reads, and declares those that its transformers add.</summary>
    public abstract class TrainerEstimatorBase<TTransformer, TModel> : ITrainerEstimator<TTransformer, TModel>
        where TTransformer : ISingleFeaturePredictionTransformer<TModel>
        where TModel : class
    {
        public readonly SchemaShape.Column FeatureColumn;
        public readonly SchemaShape.Column LabelColumn;
        public readonly SchemaShape.Column WeightColumn;

        private protected readonly IHost Host;

        private protected TrainerEstimatorBase(IHost host, SchemaShape.Column feature, SchemaShape.Column label, SchemaShape.Column weight)
        {
            Host = host;
            FeatureColumn = feature;
            LabelColumn = label;
            WeightColumn = weight;
        }

        public abstract TrainerInfo Info { get; }

        public TTransformer Fit(IDataView input) => TrainTransformer(input, null);

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            Host.CheckValue(inputSchema, nameof(inputSchema));
            CheckInputSchema(inputSchema);
            return inputSchema.With(GetOutputColumnsCore(inputSchema));
        }

        private protected TTransformer TrainTransformer(IDataView data, TModel start)
        {
            Host.CheckValue(data, nameof(data));
            CheckInputSchema(SchemaShape.Create(data.Schema));
            return MakeTransformer(Train(data, start), data.Schema);
        }

        private protected abstract SchemaShape.Column[] GetOutputColumnsCore(SchemaShape inputSchema);

        private protected abstract TModel Train(IDataView data, TModel start);

        private protected abstract TTransformer MakeTransformer(TModel model, DataViewSchema trainSchema);

        private void CheckInputSchema(SchemaShape inputSchema)
        {
            Check(FeatureColumn, "feature", nameof(inputSchema));
            Check(WeightColumn, "weight", nameof(inputSchema));
            Check(LabelColumn, "label", "labelCol");

            void Check(SchemaShape.Column expected, string role, string paramName)
            {
                if (!expected.IsValid)
                    return;
                var found = inputSchema.Find(Host, expected.Name, role);
                if (!expected.IsCompatibleWith(found))
                    throw Host.ExceptSchemaMismatch(paramName, role, expected.Name, expected.GetTypeString(), found.GetTypeString());
            }
        }
    }
}

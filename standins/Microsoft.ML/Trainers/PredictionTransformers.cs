using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML
{
    public interface IPredictionTransformer<out TModel> : ITransformer where TModel : class
    {
    }

    public interface ISingleFeaturePredictionTransformer<out TModel> : IPredictionTransformer<TModel> where TModel : class
    {
    }
}

namespace Microsoft.ML.Data
{
    /// <summary>Applies a trained model to rows.</summary>
    public abstract class PredictionTransformerBase<TModel> : IPredictionTransformer<TModel>, IDisposable where TModel : class
    {
        private protected readonly IHost Host;

        private protected PredictionTransformerBase(IHost host, TModel model)
        {
            Host = host;
            Model = model;
        }

        public TModel Model { get; }

        bool ITransformer.IsRowToRowMapper => true;

        void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);

        public abstract DataViewSchema GetOutputSchema(DataViewSchema inputSchema);

        public IDataView Transform(IDataView input)
        {
            Host.CheckValue(input, nameof(input));
            return new RowToRowMapperTransform(Host, input, MakeRowMapper(input.Schema));
        }

        IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
        {
            Host.CheckValue(inputSchema, nameof(inputSchema));
            return new RowToRowMapperTransform(Host, new EmptyDataView(inputSchema), MakeRowMapper(inputSchema));
        }

        public void Dispose() => (Model as IDisposable)?.Dispose();

        private protected abstract void SaveModel(ModelSaveContext ctx);

        private protected abstract IRowMapper MakeRowMapper(DataViewSchema inputSchema);
    }

    public abstract class SingleFeaturePredictionTransformerBase<TModel>
        : PredictionTransformerBase<TModel>, ISingleFeaturePredictionTransformer<TModel>
        where TModel : class
    {
        private protected SingleFeaturePredictionTransformerBase(IHost host, TModel model, string featureColumn, DataViewType featureType)
            : base(host, model)
        {
            FeatureColumnName = featureColumn;
            FeatureColumnType = featureType;
        }

        public string FeatureColumnName { get; }

        public DataViewType FeatureColumnType { get; }

        public sealed override DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
        {
            Host.CheckValue(inputSchema, nameof(inputSchema));
            return RowToRowMapperTransform.GetOutputSchema(inputSchema, MakeRowMapper(inputSchema));
        }
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data
{
    internal readonly record struct EstimatorLink(IEstimator<ITransformer> Estimator, bool CacheAfter);

    /// <summary>Estimators fitted one after the other, each on what those before it make of the data.</summary>
    public sealed class EstimatorChain<TLastTransformer> : IEstimator<TransformerChain<TLastTransformer>>
        where TLastTransformer : class, ITransformer
    {
        private readonly IHostEnvironment _env;
        private readonly EstimatorLink[] _links;

        public EstimatorChain() : this(null, []) { }

        internal EstimatorChain(IHostEnvironment env, EstimatorLink[] links)
        {
            _env = env;
            _links = links;
        }

        public TransformerChain<TLastTransformer> Fit(IDataView input)
        {
            // Schema errors of late links are found before early links are trained.
            GetOutputSchema(SchemaShape.Create(input.Schema));
            var current = input;
            var transformers = new ITransformer[_links.Length];
            for (int i = 0; i < _links.Length; i++)
            {
                transformers[i] = _links[i].Estimator.Fit(current);
                current = transformers[i].Transform(current);
                if (_links[i].CacheAfter && i < _links.Length - 1)
                    current = new CacheDataView(_env, current, []);
            }
            return new TransformerChain<TLastTransformer>(transformers);
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
            _links.Aggregate(inputSchema, (schema, link) => link.Estimator.GetOutputSchema(schema));

        public EstimatorChain<TNewTrans> Append<TNewTrans>(IEstimator<TNewTrans> estimator,
            TransformerScope scope = TransformerScope.Everything)
            where TNewTrans : class, ITransformer
        {
            Contracts.CheckValue(estimator, nameof(estimator));
            TransformerChain.CheckScope(scope);
            return new EstimatorChain<TNewTrans>(_env, [.. _links, new EstimatorLink(estimator, false)]);
        }

        public EstimatorChain<TLastTransformer> AppendCacheCheckpoint(IHostEnvironment env)
        {
            Contracts.CheckValue(env, nameof(env));
            if (_links.Length == 0)
                throw new InvalidOperationException("Current estimator chain has no estimator, can't append cache checkpoint.");
            return new EstimatorChain<TLastTransformer>(env, [.. _links[..^1], _links[^1] with { CacheAfter = true }]);
        }
    }
}

namespace Microsoft.ML
{
    public static class LearningPipelineExtensions
    {
        public static EstimatorChain<TTrans> Append<TTrans>(this IEstimator<ITransformer> start, IEstimator<TTrans> estimator,
            TransformerScope scope = TransformerScope.Everything)
            where TTrans : class, ITransformer
        {
            Contracts.CheckValue(start, nameof(start));
            Contracts.CheckValue(estimator, nameof(estimator));
            var chain = start as EstimatorChain<ITransformer> ?? new EstimatorChain<ITransformer>().Append(start);
            return chain.Append(estimator, scope);
        }
    }
}

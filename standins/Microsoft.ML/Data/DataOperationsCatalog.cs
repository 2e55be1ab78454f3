using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Brings data in and out of views, and filters, splits, caches and shuffles views.</summary>
public sealed class DataOperationsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _env;

    internal DataOperationsCatalog(IHostEnvironment env) => _env = env;

    IHostEnvironment IInternalCatalog.Environment => _env;

    public struct TrainTestData
    {
        public readonly IDataView TrainSet;
        public readonly IDataView TestSet;

        internal TrainTestData(IDataView trainSet, IDataView testSet)
        {
            TrainSet = trainSet;
            TestSet = testSet;
        }
    }

    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, SchemaDefinition schemaDefinition = null) where TRow : class
    {
        _env.CheckValue(data, nameof(data));
        return new EnumerableDataView<TRow>(_env, data, schemaDefinition);
    }

    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, DataViewSchema schema) where TRow : class
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckValue(schema, nameof(schema));
        return new EnumerableDataView<TRow>(_env, data, SchemaDefinition.CreateFor<TRow>(_env, schema));
    }

    public IEnumerable<TRow> CreateEnumerable<TRow>(IDataView data, bool reuseRowObject, bool ignoreMissingColumns = false,
        SchemaDefinition schemaDefinition = null)
        where TRow : class, new()
    {
        _env.CheckValue(data, nameof(data));
        var filler = new RowFiller<TRow>(_env, data.Schema, ignoreMissingColumns, schemaDefinition);
        return Rows();

        IEnumerable<TRow> Rows()
        {
            using var cursor = data.GetRowCursor(filler.Columns);
            var fill = filler.Bind(cursor);
            TRow row = null;
            while (cursor.MoveNext())
            {
                if (!reuseRowObject || row == null)
                    row = new TRow();
                fill(row);
                yield return row;
            }
        }
    }

    public IDataView Cache(IDataView input, params string[] columnsToPrefetch)
    {
        _env.CheckValue(input, nameof(input));
        foreach (string name in columnsToPrefetch ?? [])
        {
            if (input.Schema.GetColumnOrNull(name) == null)
                throw _env.ExceptSchemaMismatch(nameof(columnsToPrefetch), "prefetch", name);
        }
        return new CacheDataView(_env, input, columnsToPrefetch ?? []);
    }

    public IDataView FilterRowsByColumn(IDataView input, string columnName, double lowerBound = double.NegativeInfinity,
        double upperBound = double.PositiveInfinity)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckNonEmpty(columnName, nameof(columnName));
        _env.CheckParam(lowerBound < upperBound, nameof(upperBound), "Must be less than lowerBound");
        var column = input.Schema[columnName];
        if (column.Type is not NumberDataViewType)
            throw _env.ExceptSchemaMismatch(nameof(columnName), "filter", columnName, "number", column.Type.ToString());
        if (column.Type.RawType != typeof(float) && column.Type.RawType != typeof(double))
            throw _env.ExceptParam("Column", $"Column '{columnName}' does not have compatible type");
        return RangeFilter.Create(input, column, value => value >= lowerBound && value < upperBound);
    }

    public IDataView ShuffleRows(IDataView input, int? seed = null, int shufflePoolSize = 1000, bool shuffleSource = true)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckUserArg(shufflePoolSize > 0, nameof(shufflePoolSize), "Must be positive");
        return new ShuffledDataView(_env, input, seed, shufflePoolSize, shuffleSource);
    }

    public IDataView SkipRows(IDataView input, long count)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckUserArg(count > 0, nameof(count), "Must be greater than zero.");
        return new SkipTakeDataView(input, count, long.MaxValue);
    }

    public IDataView TakeRows(IDataView input, long count)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckUserArg(count > 0, nameof(count), "Must be greater than zero.");
        return new SkipTakeDataView(input, 0, count);
    }

    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckParam(testFraction is > 0 and < 1, nameof(testFraction), "Must be between 0 and 1 exclusive");
        var splitter = new RowSplitter(_env, data, samplingKeyColumnName, seed, fallBackToContextSeed: true);
        return new TrainTestData(splitter.Where(number => !(number >= 0 && number < testFraction)),
            splitter.Where(number => number >= 0 && number < testFraction));
    }

    public IReadOnlyList<TrainTestData> CrossValidationSplit(IDataView data, int numberOfFolds = 5, string samplingKeyColumnName = null,
        int? seed = null)
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckParam(numberOfFolds > 1, nameof(numberOfFolds), "Must be more than 1");
        var splitter = new RowSplitter(_env, data, samplingKeyColumnName, seed, fallBackToContextSeed: true);
        return CrossValidationSplit(splitter, numberOfFolds).ToList();
    }

    /// <summary>The folds in their order; the bounds belong to both neighbours, as in ML.NET.</summary>
    internal static IEnumerable<TrainTestData> CrossValidationSplit(RowSplitter splitter, int numberOfFolds)
    {
        for (int fold = 0; fold < numberOfFolds; fold++)
        {
            double low = (double)fold / numberOfFolds, high = (double)(fold + 1) / numberOfFolds;
            yield return new TrainTestData(splitter.Where(number => low > number || number > high),
                splitter.Where(number => low <= number && number <= high));
        }
    }
}

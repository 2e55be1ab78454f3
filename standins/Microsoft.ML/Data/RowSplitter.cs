using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Gives every row a number in [0, 1) by which views are split: the rows of a key value stay together, otherwise the numbers are
/// those of the generator with the given seed, one a row, so that a seed splits as it does in ML.NET.
/// </summary>
internal sealed class RowSplitter
{
    private const uint DefaultSeed = 42;

    private readonly IDataView _data;
    private readonly DataViewSchema.Column? _key;
    private readonly uint _seed;

    public RowSplitter(IHostEnvironment env, IDataView data, string samplingKeyColumn, int? seed, bool fallBackToContextSeed)
    {
        _data = data;
        _seed = (uint?)(seed ?? (fallBackToContextSeed ? ((IHostEnvironmentInternal)env).Seed : null)) ?? DefaultSeed;
        if (samplingKeyColumn == null)
            return;
        _key = data.Schema.GetColumnOrNull(samplingKeyColumn) ??
            throw env.ExceptSchemaMismatch(nameof(samplingKeyColumn), "SamplingKeyColumn", samplingKeyColumn);
        if (_key.Value.Type is not KeyDataViewType)
            throw env.ExceptSchemaMismatch(nameof(samplingKeyColumn), "SamplingKeyColumn", samplingKeyColumn, "Key",
                _key.Value.Type.ToString());
    }

    /// <summary>The rows whose number passes the test.</summary>
    public IDataView Where(Func<double, bool> test) => _key is { } key
        ? RangeFilter.Create(_data, key, test)
        : new FilteredDataView(_data, [], cursor => RandomTest(cursor, test), inOrder: true);

    private Func<bool> RandomTest(DataViewRowCursor cursor, Func<double, bool> test)
    {
        var random = new TauswortheHybrid(new TauswortheHybrid.State(_seed));
        long next = 0;
        float number = 0;
        return () =>
        {
            for (; next <= cursor.Position; next++)
                number = random.NextSingle();
            return test(number);
        };
    }
}

/// <summary>Tests of a number: as such, or for keys as their place among all keys, from 0 to 1.</summary>
internal static class RangeFilter
{
    public static IDataView Create(IDataView data, DataViewSchema.Column column, Func<double, bool> test) =>
        new FilteredDataView(data, [column.Index], cursor =>
        {
            var read = Reader(cursor, cursor.Schema[column.Index]);
            return () => read() is { } number && test(number);
        });

    private static Func<double?> Reader(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        ulong count = column.Type.GetKeyCount();
        return Type.GetTypeCode(column.Type.RawType) switch
        {
            TypeCode.Single => Read<float>(value => value),
            TypeCode.Double => Read<double>(value => value),
            TypeCode.Byte => Read<byte>(value => Key(value)),
            TypeCode.UInt16 => Read<ushort>(value => Key(value)),
            TypeCode.UInt32 => Read<uint>(value => Key(value)),
            TypeCode.UInt64 => Read<ulong>(value => Key(value)),
            _ => throw Contracts.ExceptParam("Column", $"Column '{column.Name}' does not have compatible type"),
        };

        double? Key(ulong value) => value == 0 || value > count ? null : (value - 0.5) / count;

        Func<double?> Read<T>(Func<T, double?> convert)
        {
            var getter = cursor.GetGetter<T>(column);
            T value = default;
            return () =>
            {
                getter(ref value);
                return convert(value);
            };
        }
    }
}

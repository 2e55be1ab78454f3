using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads labels and scores of a scored data view into <see cref="MulticlassClassificationMetrics"/>.</summary>
internal static class MulticlassEvaluator
{
    internal static MulticlassClassificationMetrics Evaluate(
        IHostEnvironment env, IDataView data, string labelName, string scoreName, string predictedLabelName, int topKPredictionCount)
    {
        var label = Find("Label", labelName);
        var score = Find("Score", scoreName);
        _ = Find("PredictedLabel", predictedLabelName);
        if (score.Type is not VectorDataViewType { Size: >= 2 } scoreType || scoreType.ItemType != NumberDataViewType.Single)
            throw env.ExceptSchemaMismatch("schema", "score", score.Name, "vector of two or more items of type Single", score.Type.ToString());
        if (label.Type != NumberDataViewType.Single && label.Type is not KeyDataViewType)
            throw env.ExceptSchemaMismatch("schema", "label", label.Name, "Single or Key", label.Type.ToString());

        var counters = new MulticlassCounters(scoreType.Size);
        using (var cursor = data.GetRowCursor([label, score]))
        {
            var getLabel = LabelColumnReader.GetGetter(cursor, label);
            var getScores = cursor.GetGetter<VBuffer<float>>(score);
            VBuffer<float> buffer = default;
            var scores = new float[scoreType.Size];
            float value = 0;
            while (cursor.MoveNext())
            {
                getLabel(ref value);
                if (float.IsNaN(value) || value < 0 || value != (int)value)
                    continue;
                getScores(ref buffer);
                buffer.CopyTo(scores);
                if (Array.TrueForAll(scores, float.IsFinite))
                    counters.Add((int)value, scores);
            }
        }
        return new MulticlassClassificationMetrics(counters, ClassNames(score, scoreType.Size), topKPredictionCount);

        DataViewSchema.Column Find(string role, string name) =>
            data.Schema.GetColumnOrNull(name) ?? throw env.ExceptSchemaMismatch("schema", role, name);
    }

    private static IReadOnlyList<ReadOnlyMemory<char>> ClassNames(DataViewSchema.Column score, int classes)
    {
        if (score.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.SlotNames)?.Type is not VectorDataViewType { ItemType: TextDataViewType })
            return Enumerable.Range(0, classes).Select(c => c.ToString().AsMemory()).ToArray();
        VBuffer<ReadOnlyMemory<char>> names = default;
        score.Annotations.GetValue(AnnotationUtils.Kinds.SlotNames, ref names);
        return names.DenseValues().ToArray();
    }
}

/// <summary>Labels as numbers: a key's zero-based place (missing keys are NaN), or the number itself.</summary>
internal static class LabelColumnReader
{
    internal static ValueGetter<float> GetGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType)
            return row.GetGetter<float>(column);
        var raw = column.Type.RawType;
        return raw == typeof(byte) ? FromKey<byte>() : raw == typeof(ushort) ? FromKey<ushort>() : raw == typeof(uint) ? FromKey<uint>() : FromKey<ulong>();

        ValueGetter<float> FromKey<TKey>() where TKey : struct, System.Numerics.INumberBase<TKey>
        {
            var getKey = row.GetGetter<TKey>(column);
            TKey key = default;
            return (ref float value) =>
            {
                getKey(ref key);
                value = TKey.IsZero(key) ? float.NaN : float.CreateChecked(key) - 1;
            };
        }
    }
}

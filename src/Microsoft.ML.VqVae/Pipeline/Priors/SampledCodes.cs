using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Codes in memory as a data view that looks like the one that the prior was trained on.</summary>
internal static class SampledCodes
{
    /// <param name="ml">Whose view it becomes.</param>
    /// <param name="keys">The codes of each row, from 1.</param>
    /// <param name="classes">The class of each row, from 0; null for a prior without conditions.</param>
    /// <param name="description">The prior.</param>
    /// <param name="columns">How its columns are called.</param>
    public static IDataView View(
        MLContext ml, uint[][] keys, IReadOnlyList<int>? classes, PriorDescription description, PriorColumns columns)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        SchemaDefinition.Column codes = schema[nameof(Row.Codes)], condition = schema[nameof(Row.Condition)];
        codes.ColumnName = columns.Codes;
        codes.ColumnType = description.Format.ToColumnType();
        description.Format.Names?.AddTo(codes);
        if (description.Format.SlotNames is string[] names)
            KeyNames.AddSlotNames(codes, names);
        if (description.Conditions is ConditionSet set && classes is not null)
        {
            condition.ColumnName = columns.Condition!;
            condition.ColumnType = new KeyDataViewType(typeof(uint), set.Count);
            set.Names?.AddTo(condition);
        }
        else
        {
            schema.Remove(condition);
        }
        Row[] rows = [.. keys.Select((row, index) => new Row { Codes = row, Condition = (uint)(classes?[index] ?? 0) })];
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    // ML.NET takes a vector's keys from an object as they are, from 1, but counts a single key from 0.
    sealed class Row
    {
        public uint[] Codes { get; set; } = [];

        public uint Condition { get; set; }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Conversion of sampled codes to a data view in memory with the columns of the training data.</summary>
internal static class SampledCodes
{
    /// <summary>Codes of a request: they are Int64, so that they take at most 0.5 GB.</summary>
    public const int MaxCodesOfRequest = 1 << 26;

    const int BatchesOfRequest = 16;

    /// <summary>Number of rows that are sampled in a request: nothing is allocated for rows that are far from being sampled.</summary>
    /// <param name="codesPerRow">Number of codes of a row, known ones included.</param>
    /// <param name="batchSize">Number of rows that are sampled at once.</param>
    /// <param name="maxCodes">The number of codes of a request, unless a row has more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A row has more codes than a request can take.</exception>
    public static int RowsOfRequest(long codesPerRow, int batchSize, int maxCodes)
    {
        const int MaxCodesOfRow = int.MaxValue / sizeof(long);
        return codesPerRow <= MaxCodesOfRow
            ? (int)Math.Clamp(maxCodes / Math.Max(1, codesPerRow), 1, (long)BatchesOfRequest * batchSize)
            : throw new ArgumentOutOfRangeException(null, string.Create(CultureInfo.InvariantCulture,
                $"{codesPerRow} codes cannot be sampled in a row; expected are at most {MaxCodesOfRow}. Set a smaller Length of the options, "
                + $"or pass fewer actions to Rollout."));
    }

    /// <summary>The codes of each row as keys, from 1.</summary>
    /// <param name="codes">Int64 [rows, N] on the CPU.</param>
    /// <param name="lengths">Number of codes to take of each row; null for all.</param>
    public static uint[][] ToKeys(Tensor codes, IReadOnlyList<int>? lengths = null)
    {
        int rows = (int)codes.shape[0], stride = (int)codes.shape[1];
        ReadOnlySpan<long> values = MemoryMarshal.Cast<byte, long>(codes.contiguous().bytes);
        uint[][] keys = new uint[rows][];
        for (int row = 0; row < rows; row++)
        {
            keys[row] = new uint[lengths?[row] ?? stride];
            for (int i = 0; i < keys[row].Length; i++)
                keys[row][i] = (uint)(values[row * stride + i] + 1);
        }
        return keys;
    }

    /// <param name="ml">The context of the view.</param>
    /// <param name="keys">The codes of each row, from 1.</param>
    /// <param name="classes">The class of each row, from 0; null for a prior without conditions.</param>
    /// <param name="description">The prior.</param>
    /// <param name="columns">The names of its columns.</param>
    public static IDataView View(
        MLContext ml, uint[][] keys, IReadOnlyList<int>? classes, PriorDescription description, PriorColumns columns)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        SchemaDefinition.Column condition = schema[nameof(Row.Condition)];
        Describe(schema[nameof(Row.Codes)], columns.Codes, description.Format);
        if (description.Conditions is CategorySet set && classes is not null)
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

    /// <summary>Describes a column of codes in the format of the training data.</summary>
    public static void Describe(SchemaDefinition.Column codes, string name, CodeFormat format)
    {
        (codes.ColumnName, codes.ColumnType) = (name, format.ToColumnType());
        format.Names?.AddTo(codes);
        if (format.SlotNames is string[] slots)
            KeyNames.AddSlotNames(codes, slots);
    }

    // ML.NET takes the keys of a vector in an object as they are, from 1, but a single key from 0.
    sealed class Row
    {
        public uint[] Codes { get; set; } = [];

        public uint Condition { get; set; }
    }
}

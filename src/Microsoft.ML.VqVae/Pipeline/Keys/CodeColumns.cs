using System.Globalization;
using System.Numerics;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Reads columns of codes as arrays of integers, from 0.</summary>
/// <remarks>A cursor's getters and <c>CreateEnumerable</c> give a column of keys as <see cref="uint"/> and nothing else, by the rules of
/// ML.NET, and keys start at 1.</remarks>
public static class CodeColumns
{
    /// <summary>Reads the codes of each row, from 0.</summary>
    /// <param name="data">The data view.</param>
    /// <param name="columnName">A column of codes: a vector of keys, as EncodeImages outputs it.</param>
    /// <returns>The codes from 0 to K − 1 of each row, an array of its own; for grids row by row, the codes of a position side by side. The
    /// rows are read while they are enumerated, and again each time. Where the values of the keys are whole numbers, as those of all codecs
    /// are, they are the codes, also if the keys are numbered otherwise after they were read from text. Else the code is the key less
    /// 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or is not a vector of keys of <see cref="uint"/>.</exception>
    /// <exception cref="InvalidOperationException">While the rows are read: a code is missing; the message names row and slot.</exception>
    /// <example><code>
    /// int[][] codes = codec.Transform(images).GetCodes("Codes").ToArray();
    /// </code></example>
    public static IEnumerable<int[]> GetCodes(this IDataView data, string columnName) => data.GetCodes<int>(columnName);

    /// <summary>Reads the codes of each row, from 0, in a type of the caller's choice, such as <see cref="byte"/> for up to 256 codes or
    /// <see cref="ushort"/> for up to 65,536.</summary>
    /// <typeparam name="T">An integer type that holds K − 1.</typeparam>
    /// <param name="data">The data view.</param>
    /// <param name="columnName">A column of codes: a vector of keys, as EncodeImages outputs it.</param>
    /// <returns>The codes of each row, as for <see cref="GetCodes(IDataView, string)"/>.</returns>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> does not hold all codes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or is not a vector of keys of <see cref="uint"/>.</exception>
    /// <exception cref="InvalidOperationException">While the rows are read: a code is missing; the message names row and slot.</exception>
    public static IEnumerable<T[]> GetCodes<T>(this IDataView data, string columnName)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(columnName);
        DataViewSchema.Column column = SchemaColumns.Find(data.Schema, columnName, "codes");
        CodeFormat format = CodeFormat.Of(column);
        int[]? codeOfKey = NumbersOf(format.Names);
        int last = codeOfKey?.Max() ?? format.Codes - 1;
        if (long.CreateSaturating(T.MaxValue) < last)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"The codes of column '{columnName}' are from 0 to {last}; {typeof(T).Name} holds numbers up to {T.MaxValue}. Read them as "
                + $"{(last <= ushort.MaxValue ? "UInt16 or Int32" : "Int32")}."));
        }
        return Read();

        IEnumerable<T[]> Read()
        {
            using DataViewRowCursor cursor = data.GetRowCursor([column]);
            var getter = new CodeGetter(
                new CodeRequirements(column, format.Codes, format.Length, EmptyAllowed: true, CodeOfKey: codeOfKey), cursor);
            while (cursor.MoveNext())
            {
                ReadOnlySpan<long> codes = getter.Read();
                var row = new T[codes.Length];
                for (int slot = 0; slot < row.Length; slot++)
                    row[slot] = T.CreateTruncating(codes[slot]);
                yield return row;
            }
        }
    }

    // The codes that keys stand for by their values; null if these are not different whole numbers.
    static int[]? NumbersOf(KeyNames? names)
    {
        if (names is null)
            return null;
        int[] numbers = new int[names.Values.Length];
        for (int key = 0; key < numbers.Length; key++)
        {
            if (!int.TryParse(names.Values[key], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[key]))
                return null;
        }
        return numbers.Distinct().Count() == numbers.Length ? numbers : null;
    }
}

using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Reads columns of any type that the tests meet, so that views can be compared row by row.</summary>
internal static class Values
{
    /// <summary>The values of some columns, all where none is named: one array a row.</summary>
    public static List<object[]> Read(IDataView view, params string[] names)
    {
        DataViewSchema.Column[] columns = Columns(view.Schema, names);
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        return Read(cursor, columns);
    }

    public static List<object[]> Read(DataViewRowCursor cursor, params DataViewSchema.Column[] columns)
    {
        Func<object>[] getters = [.. columns.Select(column => Getter(cursor, column))];
        var rows = new List<object[]>();
        while (cursor.MoveNext())
            rows.Add([.. getters.Select(getter => getter())]);
        return rows;
    }

    /// <summary>The values that a transformer's row mapper gives for each row, one at a time.</summary>
    public static List<object[]> ReadByMapper(ITransformer transformer, IDataView input, params string[] names)
    {
        IRowToRowMapper mapper = transformer.GetRowToRowMapper(input.Schema);
        DataViewSchema.Column[] columns = Columns(mapper.OutputSchema, names);
        using DataViewRowCursor cursor = input.GetRowCursor(mapper.GetDependencies(columns).Select(column => input.Schema[column.Index]));
        using DataViewRow row = mapper.GetRow(cursor, columns);
        Assert.AreSame(mapper.OutputSchema, row.Schema);
        Func<object>[] getters = [.. columns.Select(column => Getter(row, column))];
        var rows = new List<object[]>();
        while (cursor.MoveNext())
            rows.Add([.. getters.Select(getter => getter())]);
        return rows;
    }

    public static void AreEqual(List<object[]> expected, List<object[]> actual, double tolerance = 0)
    {
        Assert.HasCount(expected.Count, actual);
        for (int row = 0; row < expected.Count; row++)
        {
            for (int column = 0; column < expected[row].Length; column++)
                AreEqual(expected[row][column], actual[row][column], tolerance, $"row {row}, column {column}");
        }
    }

    static void AreEqual(object expected, object actual, double tolerance, string where)
    {
        if (expected is not float[] and not float || tolerance == 0)
        {
            if (expected is System.Collections.ICollection list)
                CollectionAssert.AreEqual(list, (System.Collections.ICollection)actual, where);
            else
                Assert.AreEqual(expected, actual, where);
            return;
        }
        float[] expectedNumbers = expected as float[] ?? [(float)expected], actualNumbers = actual as float[] ?? [(float)actual];
        Assert.HasCount(expectedNumbers.Length, actualNumbers);
        for (int i = 0; i < expectedNumbers.Length; i++)
        {
            if (float.IsNaN(expectedNumbers[i]))
            {
                Assert.AreEqual(expectedNumbers[i], actualNumbers[i], $"{where}, slot {i}");
                continue;
            }
            // Of large numbers, floats have fewer decimals than the tolerance: the last two bits may differ.
            double atLeast = 4 * (Math.Abs((double)expectedNumbers[i]) - Math.Abs((double)MathF.BitDecrement(Math.Abs(expectedNumbers[i]))));
            Assert.AreEqual(expectedNumbers[i], actualNumbers[i], Math.Max(tolerance, atLeast), $"{where}, slot {i}");
        }
    }

    static DataViewSchema.Column[] Columns(DataViewSchema schema, string[] names) => names.Length == 0
        ? [.. schema.Where(column => !column.IsHidden)]
        : [.. names.Select(name => schema[name])];

    static Func<object> Getter(DataViewRow row, DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType { ItemType.RawType: var item } when item == typeof(float) => Vector<float>(row, column),
        VectorDataViewType { ItemType.RawType: var item } when item == typeof(uint) => Vector<uint>(row, column),
        VectorDataViewType { ItemType.RawType: var item } when item == typeof(byte) => Vector<byte>(row, column),
        VectorDataViewType { ItemType.RawType: var item } when item == typeof(bool) => Vector<bool>(row, column),
        VectorDataViewType { ItemType: TextDataViewType } => Texts(row, column),
        TextDataViewType => Scalar<ReadOnlyMemory<char>>(row, column, text => text.ToString()),
        { RawType: var type } when type == typeof(float) => Scalar<float>(row, column),
        { RawType: var type } when type == typeof(bool) => Scalar<bool>(row, column),
        { RawType: var type } when type == typeof(int) => Scalar<int>(row, column),
        { RawType: var type } when type == typeof(long) => Scalar<long>(row, column),
        { RawType: var type } when type == typeof(uint) => Scalar<uint>(row, column),
        { RawType: var type } when type == typeof(MLImage) => Scalar<MLImage>(row, column, image => Bytes(image)),
        _ => throw new NotSupportedException(column.ToString()),
    };

    /// <summary>The red, green, blue and alpha bytes of an image, whatever its format.</summary>
    public static byte[] Bytes(MLImage image)
    {
        byte[] bytes = image.Pixels.ToArray();
        if (image.PixelFormat == MLPixelFormat.Bgra32)
        {
            for (int i = 0; i < bytes.Length; i += 4)
                (bytes[i], bytes[i + 2]) = (bytes[i + 2], bytes[i]);
        }
        return bytes;
    }

    static Func<object> Scalar<T>(DataViewRow row, DataViewSchema.Column column, Func<T, object>? convert = null)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return convert is null ? value! : convert(value);
        };
    }

    static Func<object> Vector<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> getter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return () =>
        {
            getter(ref value);
            return value.DenseValues().ToArray();
        };
    }

    static Func<object> Texts(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> value = default;
        return () =>
        {
            getter(ref value);
            return value.DenseValues().Select(text => text.ToString()).ToArray();
        };
    }
}

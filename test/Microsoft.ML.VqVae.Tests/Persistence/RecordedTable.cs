using System.Globalization;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>A data view written as JSON: its columns with their types and names, and for each row the values of each column, those of a
/// scalar as a list of one.</summary>
internal sealed record RecordedTable(RecordedColumn[] Columns, JsonElement[][] Rows)
{
    /// <summary>Largest difference between two numbers, as a fraction of the largest magnitude in the value that they are part
    /// of.</summary>
    const double RelativeTolerance = 1e-5;

    /// <summary>Format of the files: numbers are written so that reading gives the same bits.</summary>
    public static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Records the visible columns of a view whose names are wanted.</summary>
    public static RecordedTable Of(IDataView view, Func<string, bool> wanted)
    {
        DataViewSchema.Column[] columns = [.. view.Schema.Where(column => !column.IsHidden && wanted(column.Name))];
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        Func<JsonElement>[] getters = [.. columns.Select(column => Getter(cursor, column))];
        var rows = new List<JsonElement[]>();
        while (cursor.MoveNext())
            rows.Add([.. getters.Select(getter => getter())]);
        return new RecordedTable([.. columns.Select(RecordedColumn.Of)], [.. rows]);
    }

    /// <summary>Rebuilds the view that was recorded. Where texts name <c>{folder}</c>, the folder takes its place.</summary>
    public IDataView ToView(MLContext ml, string folder)
    {
        SchemaDefinition all = SchemaDefinition.Create(typeof(Row)), used = SchemaDefinition.Create(typeof(Row));
        used.Clear();
        var setters = new Action<Row, JsonElement>[Columns.Length];
        for (int place = 0; place < Columns.Length; place++)
        {
            RecordedColumn column = Columns[place];
            string member = Row.Members(column).First(name => used.All(other => other.MemberName != name));
            SchemaDefinition.Column definition = all.Single(other => other.MemberName == member);
            definition.ColumnName = column.Name;
            definition.ColumnType = column.ToColumnType();
            column.KeyValues?.AddTo(definition, "KeyValues");
            column.SlotNames?.AddTo(definition, "SlotNames");
            used.Add(definition);
            setters[place] = Row.Setter(member, column, folder);
        }
        Row[] rows = [.. Rows.Select(values =>
        {
            var row = new Row();
            for (int place = 0; place < values.Length; place++)
                setters[place](row, values[place]);
            return row;
        })];
        return ml.Data.LoadFromEnumerable(rows, used);
    }

    /// <summary>Asserts that the columns and values are the recorded ones: numbers with the tolerance, everything else exactly.</summary>
    public void AssertEquals(RecordedTable actual)
    {
        Assert.AreEqual(
            string.Join('\n', Columns.Select(column => JsonSerializer.Serialize(column, Format))),
            string.Join('\n', actual.Columns.Select(column => JsonSerializer.Serialize(column, Format))), "The columns differ.");
        Assert.HasCount(Rows.Length, actual.Rows);
        for (int row = 0; row < Rows.Length; row++)
        {
            for (int column = 0; column < Columns.Length; column++)
                AssertEquals(Rows[row][column], actual.Rows[row][column], Columns[column], row);
        }
    }

    static void AssertEquals(JsonElement expected, JsonElement actual, RecordedColumn column, int row)
    {
        string where = $"Row {row} of column '{column.Name}'";
        if (column.Item != "Single")
        {
            Assert.AreEqual(expected.GetRawText(), actual.GetRawText(), where);
            return;
        }
        float[] numbers = Values<float>(expected), found = Values<float>(actual);
        Assert.HasCount(numbers.Length, found, where);
        double allowed = RelativeTolerance * numbers.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        for (int slot = 0; slot < numbers.Length; slot++)
        {
            // NaN equals NaN, and nothing else.
            if (!numbers[slot].Equals(found[slot]))
                Assert.IsLessThanOrEqualTo(allowed, Math.Abs((double)numbers[slot] - found[slot]),
                    $"{where}, slot {slot}: expected {numbers[slot]:R}, found {found[slot]:R}");
        }
    }

    static T[] Values<T>(JsonElement element) => element.Deserialize<T[]>(Format)!;

    static Func<JsonElement> Getter(DataViewRow row, DataViewSchema.Column column) => RecordedColumn.Of(column) switch
    {
        { Item: "Single" } single => Getter<float, float>(row, column, single, value => value),
        { Item: "Key" } key => Getter<uint, uint>(row, column, key, value => value),
        { Item: "Int32" } whole => Getter<int, int>(row, column, whole, value => value),
        { Item: "Int64" } whole => Getter<long, long>(row, column, whole, value => value),
        { Item: "Text" } text => Getter<ReadOnlyMemory<char>, string>(row, column, text, value => value.ToString()),
        _ => Scalar<MLImage>(row, column, image => JsonSerializer.SerializeToElement(Bytes(image), Format)),
    };

    static Func<JsonElement> Getter<T, TWritten>(
        DataViewRow row, DataViewSchema.Column column, RecordedColumn recorded, Func<T, TWritten> convert) => recorded.Shape is null
            ? Scalar<T>(row, column, value => JsonSerializer.SerializeToElement((TWritten[])[convert(value)], Format))
            : Scalar<VBuffer<T>>(row, column,
                values => JsonSerializer.SerializeToElement(values.DenseValues().Select(convert).ToArray(), Format));

    static Func<JsonElement> Scalar<T>(DataViewRow row, DataViewSchema.Column column, Func<T, JsonElement> convert)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return convert(value);
        };
    }

    // Red, green, blue and alpha of each pixel, as numbers: bytes would be written as Base64.
    static int[] Bytes(MLImage image)
    {
        int[] bytes = [.. image.Pixels.ToArray().Select(value => (int)value)];
        for (int i = 0; image.PixelFormat == MLPixelFormat.Bgra32 && i < bytes.Length; i += 4)
            (bytes[i], bytes[i + 2]) = (bytes[i + 2], bytes[i]);
        return bytes;
    }

    /// <summary>An object with members for every kind of column that a recorded view may have.</summary>
    sealed class Row
    {
        public float[] Numbers { get; set; } = [];

        public float[] MoreNumbers { get; set; } = [];

        public uint[] Keys { get; set; } = [];

        public uint[] MoreKeys { get; set; } = [];

        public uint Key { get; set; }

        public uint OtherKey { get; set; }

        public string Text { get; set; } = "";

        public string[] Texts { get; set; } = [];

        public long Whole { get; set; }

        public long OtherWhole { get; set; }

        // ML.NET reads images from objects only in sizes that an attribute names. All recorded ones have this size.
        [ImageType(8, 8)]
        public MLImage? Image { get; set; }

        /// <summary>The names of the members that can hold a column.</summary>
        public static string[] Members(RecordedColumn column) => (column.Item, column.Shape is null) switch
        {
            ("Single", false) => [nameof(Numbers), nameof(MoreNumbers)],
            ("Key", false) => [nameof(Keys), nameof(MoreKeys)],
            ("Key", true) => [nameof(Key), nameof(OtherKey)],
            ("Text", false) => [nameof(Texts)],
            ("Text", true) => [nameof(Text)],
            ("Int64", true) => [nameof(Whole), nameof(OtherWhole)],
            ("Image", _) => [nameof(Image)],
            _ => throw new NotSupportedException(column.ToString()),
        };

        /// <summary>Returns a function that gives a member its value.</summary>
        public static Action<Row, JsonElement> Setter(string member, RecordedColumn column, string folder)
        {
            System.Reflection.PropertyInfo property = typeof(Row).GetProperty(member)!;
            Func<JsonElement, object> read = member switch
            {
                nameof(Numbers) or nameof(MoreNumbers) => Values<float>,
                nameof(Keys) or nameof(MoreKeys) => Values<uint>,
                // Keys of row objects count from 0; one beyond their count is missing.
                nameof(Key) or nameof(OtherKey) => value => Values<uint>(value)[0] - 1,
                nameof(Text) => value => Values<string>(value)[0].Replace("{folder}", folder, StringComparison.Ordinal),
                nameof(Texts) => Values<string>,
                nameof(Image) => value => MLImage.CreateFromPixels(column.Shape![1], column.Shape[0], MLPixelFormat.Rgba32,
                    Array.ConvertAll(Values<int>(value), number => (byte)number)),
                _ => value => Values<long>(value)[0],
            };
            return (row, value) => property.SetValue(row, read(value));
        }
    }
}

/// <summary>A column of a recorded view.</summary>
/// <param name="Name">The name.</param>
/// <param name="Item">Single, Key, Int32 (outputs only), Int64, Text or Image.</param>
/// <param name="Count">The number of keys, where the items are keys.</param>
/// <param name="Shape">The sizes of a vector or an image; empty for a vector of any length, null for a scalar.</param>
/// <param name="KeyValues">The values that the keys stand for.</param>
/// <param name="SlotNames">The names of the slots of a vector.</param>
internal sealed record RecordedColumn(
    string Name, string Item, ulong? Count, int[]? Shape, RecordedNames? KeyValues, RecordedNames? SlotNames)
{
    public static RecordedColumn Of(DataViewSchema.Column column)
    {
        var vector = column.Type as VectorDataViewType;
        DataViewType item = vector?.ItemType ?? column.Type;
        int[]? shape = column.Type switch
        {
            VectorDataViewType { IsKnownSize: true } known => [.. known.Dimensions],
            VectorDataViewType => [],
            ImageDataViewType image => [image.Height, image.Width],
            _ => null,
        };
        string name = item switch
        {
            KeyDataViewType { RawType: var raw } when raw == typeof(uint) => "Key",
            TextDataViewType => "Text",
            NumberDataViewType number when number == NumberDataViewType.Single => "Single",
            NumberDataViewType number when number == NumberDataViewType.Int32 => "Int32",
            NumberDataViewType number when number == NumberDataViewType.Int64 => "Int64",
            ImageDataViewType => "Image",
            _ => throw new NotSupportedException(column.ToString()),
        };
        return new RecordedColumn(column.Name, name, (item as KeyDataViewType)?.Count, shape,
            RecordedNames.Of(column, "KeyValues"), RecordedNames.Of(column, "SlotNames"));
    }

    public DataViewType ToColumnType()
    {
        if (Item == "Image")
            return new ImageDataViewType(Shape![0], Shape[1]);
        PrimitiveDataViewType item = Item switch
        {
            "Key" => new KeyDataViewType(typeof(uint), Count!.Value),
            "Text" => TextDataViewType.Instance,
            "Int64" => NumberDataViewType.Int64,
            _ => NumberDataViewType.Single,
        };
        return Shape switch
        {
            null => item,
            [] => new VectorDataViewType(item),
            _ => new VectorDataViewType(item, Shape),
        };
    }
}

/// <summary>An annotation that gives keys or slots their names: texts or whole numbers.</summary>
internal sealed record RecordedNames(string Item, string[] Values)
{
    public static RecordedNames? Of(DataViewSchema.Column column, string annotation)
    {
        if (column.Annotations.Schema.GetColumnOrNull(annotation) is not { Type: VectorDataViewType type })
            return null;
        if (type.ItemType == NumberDataViewType.Int32)
            return new("Int32", Read<int>(column, annotation));
        return type.ItemType is TextDataViewType
            ? new("Text", Read<ReadOnlyMemory<char>>(column, annotation))
            : throw new NotSupportedException($"{column}, {annotation}: {type}");
    }

    static string[] Read<T>(DataViewSchema.Column column, string annotation)
    {
        VBuffer<T> values = default;
        column.Annotations.GetValue(annotation, ref values);
        return [.. values.DenseValues().Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}"))];
    }

    public void AddTo(SchemaDefinition.Column column, string annotation)
    {
        if (Item == "Int32")
        {
            column.AddAnnotation(annotation, Array.ConvertAll(Values, text => int.Parse(text, CultureInfo.InvariantCulture)),
                new VectorDataViewType(NumberDataViewType.Int32, Values.Length));
        }
        else
        {
            column.AddAnnotation(annotation, Values, new VectorDataViewType(TextDataViewType.Instance, Values.Length));
        }
    }
}

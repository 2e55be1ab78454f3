using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The values of the keys of a column, its annotation KeyValues, as saved in a model file.</summary>
/// <param name="Type">The name of the type of the values, <c>String</c> for text.</param>
/// <param name="Values">The values in the order of the keys, numbers in the invariant culture.</param>
internal sealed record KeyNames(string Type, string[] Values)
{
    static readonly Kind[] Kinds =
    [
        new Texts(), new Numbers<bool>(BooleanDataViewType.Instance), new Numbers<float>(NumberDataViewType.Single),
        new Numbers<double>(NumberDataViewType.Double), new Numbers<sbyte>(NumberDataViewType.SByte),
        new Numbers<byte>(NumberDataViewType.Byte), new Numbers<short>(NumberDataViewType.Int16),
        new Numbers<ushort>(NumberDataViewType.UInt16), new Numbers<int>(NumberDataViewType.Int32),
        new Numbers<uint>(NumberDataViewType.UInt32), new Numbers<long>(NumberDataViewType.Int64),
        new Numbers<ulong>(NumberDataViewType.UInt64),
    ];

    /// <summary>The key values of a column; null if it has none, or values of an unusual type.</summary>
    public static KeyNames? Of(DataViewSchema.Column column)
    {
        var type = column.Annotations.Schema.GetColumnOrNull(ColumnTypes.KeyValues)?.Type as VectorDataViewType;
        Kind? kind = Array.Find(Kinds, kind => kind.Type.Equals(type?.ItemType));
        return kind is null ? null : new KeyNames(kind.Name, kind.Read(column.Annotations, ColumnTypes.KeyValues));
    }

    /// <summary>Whether a column has key values of a type that cannot be saved.</summary>
    public static bool AreUnusual(DataViewSchema.Column column) =>
        Of(column) is null && column.Annotations.Schema.GetColumnOrNull(ColumnTypes.KeyValues)?.Type is VectorDataViewType;

    /// <summary>Whether values of a type can be read as text, and saved.</summary>
    public static bool CanRead(DataViewType? type) => Array.Exists(Kinds, kind => kind.Type.Equals(type));

    /// <summary>The types of values that can be saved.</summary>
    public static IEnumerable<string> KnownTypes => Kinds.Select(kind => kind.Name);

    /// <summary>The place of each of another column's key values among these, from 0; −1 for one that is not among them. Another data set
    /// may number the same values differently, as MapValueToKey does by their first rows.</summary>
    public int[] PlacesOf(KeyNames others)
    {
        Dictionary<string, int> places = [];
        for (int place = 0; place < Values.Length; place++)
            places.TryAdd(Values[place], place);
        return Array.ConvertAll(others.Values, value => places.GetValueOrDefault(value, -1));
    }

    /// <summary>Checks key values of a model file.</summary>
    public void Describe(OptionProblems problems, string option, int count)
    {
        Kind? kind = Array.Find(Kinds, kind => kind.Name == Type);
        problems.Require(kind is not null, $"{option}.Type", $"one of {string.Join(", ", KnownTypes)}", $"'{Type}'");
        problems.Require(Values.Length == count, $"{option}.Values", $"{count} values, one for each key", Values.Length);
        int wrong = kind is null ? -1 : Array.FindIndex(Values, value => value is null || !kind.CanParse(value));
        problems.Require(wrong < 0, $"{option}.Values", $"values of type {Type}", wrong < 0 ? null : Values[wrong]);
    }

    /// <summary>Checks slot names of a model file.</summary>
    public static void DescribeSlots(OptionProblems problems, string option, string[] names, int count) => problems.Require(
        names.Length == count && !names.Contains(null), option, $"{count} names, one for each slot", names.Length);

    public bool AreTexts => Type == Kinds[0].Name;

    /// <summary>Adds the key values to the description of a column.</summary>
    public void AddTo(SchemaDefinition.Column column) =>
        Array.Find(Kinds, kind => kind.Name == Type)?.Add(column, ColumnTypes.KeyValues, Values);

    /// <summary>Adds the key values to the annotations of a column, under another name if given.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations, string name = ColumnTypes.KeyValues) =>
        Array.Find(Kinds, kind => kind.Name == Type)?.Add(annotations, name, Values);

    /// <summary>Numbers from 0 as texts, the values of keys of codes.</summary>
    public static KeyNames Numbered(int count) => new(
        Kinds[0].Name, [.. Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture))]);

    /// <summary>The slot names of a column; null if it has none.</summary>
    public static string[]? SlotNamesOf(DataViewSchema.Column column) =>
        column.HasSlotNames() ? Kinds[0].Read(column.Annotations, ColumnTypes.SlotNames) : null;

    public static void AddSlotNames(SchemaDefinition.Column column, string[] names) => Kinds[0].Add(column, ColumnTypes.SlotNames, names);

    abstract class Kind(PrimitiveDataViewType type)
    {
        public PrimitiveDataViewType Type => type;

        public string Name => type.ToString()!;

        public abstract bool CanParse(string value);

        public abstract string[] Read(DataViewSchema.Annotations annotations, string annotation);

        public abstract void Add(SchemaDefinition.Column column, string annotation, string[] values);

        public abstract void Add(DataViewSchema.Annotations.Builder annotations, string annotation, string[] values);

        protected void AddValues<T>(DataViewSchema.Annotations.Builder annotations, string annotation, T[] values) =>
            annotations.Add(annotation, new VectorDataViewType(Type, values.Length), (ref VBuffer<T> value) =>
            {
                VBufferEditor<T> editor = VBufferEditor.Create(ref value, values.Length);
                values.CopyTo(editor.Values);
                value = editor.Commit();
            });

        protected static T[] ReadValues<T>(DataViewSchema.Annotations annotations, string annotation)
        {
            VBuffer<T> values = default;
            annotations.GetValue(annotation, ref values);
            return [.. values.DenseValues()];
        }
    }

    sealed class Texts() : Kind(TextDataViewType.Instance)
    {
        public override bool CanParse(string value) => true;

        public override string[] Read(DataViewSchema.Annotations annotations, string annotation) =>
            [.. ReadValues<ReadOnlyMemory<char>>(annotations, annotation).Select(text => text.ToString())];

        public override void Add(SchemaDefinition.Column column, string annotation, string[] values) =>
            column.AddAnnotation(annotation, values, new VectorDataViewType(Type, values.Length));

        public override void Add(DataViewSchema.Annotations.Builder annotations, string annotation, string[] values) =>
            AddValues(annotations, annotation, Array.ConvertAll(values, value => value.AsMemory()));
    }

    sealed class Numbers<T>(PrimitiveDataViewType type) : Kind(type) where T : IParsable<T>
    {
        public override bool CanParse(string value) => T.TryParse(value, CultureInfo.InvariantCulture, out _);

        public override string[] Read(DataViewSchema.Annotations annotations, string annotation) =>
            [.. ReadValues<T>(annotations, annotation).Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)!)];

        public override void Add(SchemaDefinition.Column column, string annotation, string[] values) => column.AddAnnotation(
            annotation, Parse(values), new VectorDataViewType(Type, values.Length));

        public override void Add(DataViewSchema.Annotations.Builder annotations, string annotation, string[] values) =>
            AddValues(annotations, annotation, Parse(values));

        static T[] Parse(string[] values) => Array.ConvertAll(values, value => T.Parse(value, CultureInfo.InvariantCulture));
    }
}

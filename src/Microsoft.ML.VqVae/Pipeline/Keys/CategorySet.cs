using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The categories that a network is conditioned on, such as classes, speakers or actions: the keys of a column, their values and
/// their frequencies.</summary>
/// <param name="Names">The values of the keys; null if the column has none, and numbers are used as names.</param>
/// <param name="Rows">Number of rows of each class in the training data, in the order of the keys.</param>
internal sealed record CategorySet(KeyNames? Names, int[] Rows)
{
    /// <summary>The maximum number of classes. Each class has weights in every layer, so hashes of a million values are
    /// unsuitable.</summary>
    public const int MaxClasses = ushort.MaxValue;

    const int MaxNamesInMessage = 12;

    static readonly string Expected = string.Create(CultureInfo.InvariantCulture,
        $"a key of at most {MaxClasses} values, as MapValueToKey outputs it");

    public int Count => Rows.Length;

    /// <summary>Checks the categories of a model file.</summary>
    public void Describe(OptionProblems problems, string option)
    {
        problems.Require(Rows.Length is >= 1 and <= MaxClasses, $"{option}.Rows", $"1 to {MaxClasses} counts", Rows.Length);
        problems.Require(Array.TrueForAll(Rows, count => count >= 0), $"{option}.Rows", "counts of 0 or more",
            Rows.Order().FirstOrDefault());
        Names?.Describe(problems, $"{option}.Names", Rows.Length);
    }

    public static SchemaShape.Column Check(SchemaShape schema, string name, string role)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, role);
        return column.Kind == SchemaShape.Column.VectorKind.Scalar && column.IsKey && column.ItemType == NumberDataViewType.UInt32
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), role);
    }

    /// <summary>The classes of a training column, before its rows are counted.</summary>
    public static CategorySet Of(DataViewSchema.Column column, string role) => new(KeyNames.Of(column), new int[CountOf(column, role)]);

    /// <summary>The same classes with the number of their rows.</summary>
    /// <param name="classes">The class of each row.</param>
    /// <param name="before">The same classes in an earlier training, whose numbers are kept for classes without rows; or null.</param>
    public CategorySet WithRows(IEnumerable<int> classes, CategorySet? before = null)
    {
        int[] rows = new int[Count];
        foreach (int index in classes)
            rows[index]++;
        return this with { Rows = before is null ? rows : [.. rows.Select((count, index) => count > 0 ? count : before.Rows[index])] };
    }

    public string NameOf(int index) => Names?.Values[index] ?? (index + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The names of the classes that occur in the training data.</summary>
    [JsonIgnore]
    public IEnumerable<string> Known => Enumerable.Range(0, Count).Where(index => Rows[index] > 0).Select(NameOf);

    /// <summary>The class with a name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The class does not occur in the training data.</exception>
    public int IndexOf(string name, string role, string parameter)
    {
        int index = Enumerable.Range(0, Count).FirstOrDefault(index => NameOf(index) == name, -1);
        return index >= 0 && Rows[index] > 0 ? index : throw new ArgumentOutOfRangeException(parameter, name,
            $"No row that the model was trained on had the {role} '{name}'; it knows {Listed()}.");
    }

    /// <summary>Finds a column to train on: each of its keys is a class.</summary>
    public static CategoryColumn FindNew(DataViewSchema schema, string name, string role)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        CategorySet set = Of(column, role);
        return new(column, role, set, [.. Enumerable.Range(0, set.Count)]);
    }

    /// <summary>Finds a column for a trained network. Keys are matched by value, since another data set may number the same values
    /// differently, or by number if one of the two columns has no key values.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="name">The name of the column.</param>
    /// <param name="role">The role of the column, for messages.</param>
    /// <param name="unseenAllowed">Whether classes without rows in the training data are taken as others are.</param>
    public CategoryColumn Find(DataViewSchema schema, string name, string role, bool unseenAllowed = false)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        int count = CountOf(column, role);
        int Seen(int index) => index >= 0 && (unseenAllowed || Rows[index] > 0) ? index : -1;
        if (Names is not null && KeyNames.Of(column) is KeyNames names)
            return new(column, role, this, Array.ConvertAll(Names.PlacesOf(names), Seen));
        return count == Count ? new(column, role, this, [.. Enumerable.Range(0, count).Select(Seen)])
            : throw SchemaColumns.Mismatch(name, $"{new KeyDataViewType(typeof(uint), Count)}, which the model was trained on",
                column.Type.ToString()!, role);
    }

    /// <summary>Checks that the classes of a trained network are those of the data that it is to be trained on.</summary>
    /// <param name="trained">The classes of the trained network, or null.</param>
    /// <param name="given">The classes of the data, or null.</param>
    /// <param name="option">The option that names the trained network.</param>
    /// <exception cref="InvalidOperationException">They are others, or in another order.</exception>
    public static void RequireSame(CategorySet? trained, CategorySet? given, string option)
    {
        if ((trained?.AllNames ?? []).SequenceEqual(given?.AllNames ?? []))
            return;
        static string Text(CategorySet? set) => set is null ? "no classes"
            : string.Create(CultureInfo.InvariantCulture, $"the {set.Count} classes {Listed([.. set.AllNames])}");
        throw new InvalidOperationException(
            $"The transformer of {option} was trained with {Text(trained)}, but the data have {Text(given)}. Weights belong to the number "
            + "of a class: give the data the same keys in the same order, with the fitted MapValueToKey of the first training or with its "
            + "keyData.");
    }

    IEnumerable<string> AllNames => Enumerable.Range(0, Count).Select(NameOf);

    public string Listed() => Listed([.. Known]);

    static string Listed(string[] known)
    {
        string names = string.Join(", ", known.Take(MaxNamesInMessage).Select(name => $"'{name}'"));
        return known.Length > MaxNamesInMessage ? $"{names} and {known.Length - MaxNamesInMessage} more" : names;
    }

    static int CountOf(DataViewSchema.Column column, string role) =>
        column.Type is KeyDataViewType { Count: >= 1 and <= MaxClasses } key && key.RawType == typeof(uint)
        ? (int)key.Count
        : throw SchemaColumns.Mismatch(column.Name, Expected, column.Type.ToString()!, role);
}

/// <summary>A column of categories as the input of a network; see <see cref="CategoryReader"/> for the tensors.</summary>
/// <param name="name">The name of the column.</param>
/// <param name="categories">The categories that the network was trained on.</param>
/// <param name="role">The role of the column, for messages.</param>
/// <param name="unknownAllowed">Whether rows may have a category that was not in the training data, or none.</param>
/// <param name="unknownInOnnx">Whether the keys of a column in an ONNX graph may be those of such categories.</param>
internal sealed class CategoryInput(
    string name, CategorySet categories, string role, bool unknownAllowed = false, bool unknownInOnnx = false) : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [categories.Find(schema, name, role).Column];

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new CategoryReader(categories.Find(row.Schema, name, role), row, capacity, unknownAllowed);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf)
    {
        CategoryColumn column = categories.Find(schema, name, role);
        return [column.ToOnnx(valueOf(column.Column), unknownInOnnx)];
    }
}

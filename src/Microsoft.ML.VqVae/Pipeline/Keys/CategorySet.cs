using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The categories that a network is conditioned on, such as classes, speakers or actions: the keys of a column, their values, and how
/// often each was seen.</summary>
/// <param name="Names">What the keys stand for; null where the column does not say it, and numbers are their names.</param>
/// <param name="Rows">How many rows of the training data each class had, in the order of the keys.</param>
internal sealed record CategorySet(KeyNames? Names, int[] Rows)
{
    /// <summary>Each class takes weights in every layer: a hash of a million values is not what conditions are for.</summary>
    public const int MostClasses = ushort.MaxValue;

    const int MostNamesInMessage = 12;

    static readonly string Expected = string.Create(CultureInfo.InvariantCulture,
        $"a key of at most {MostClasses} values, as MapValueToKey makes it");

    public int Count => Rows.Length;

    public static SchemaShape.Column Check(SchemaShape schema, string name, string role)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, role);
        return column.Kind == SchemaShape.Column.VectorKind.Scalar && column.IsKey && column.ItemType == NumberDataViewType.UInt32
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), role);
    }

    /// <summary>The classes of a column that is to be trained on, none of them seen yet.</summary>
    public static CategorySet Of(DataViewSchema.Column column, string role) => new(KeyNames.Of(column), new int[CountOf(column, role)]);

    public CategorySet WithRows(IEnumerable<int> classes)
    {
        int[] rows = new int[Count];
        foreach (int index in classes)
            rows[index]++;
        return this with { Rows = rows };
    }

    public string NameOf(int index) => Names?.Values[index] ?? (index + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The names of the classes that were seen in training.</summary>
    public IEnumerable<string> Known => Enumerable.Range(0, Count).Where(index => Rows[index] > 0).Select(NameOf);

    /// <summary>The class of a name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No row of the training data had it.</exception>
    public int IndexOf(string name, string role, string parameter)
    {
        int index = Enumerable.Range(0, Count).FirstOrDefault(index => NameOf(index) == name, -1);
        return index >= 0 && Rows[index] > 0 ? index : throw new ArgumentOutOfRangeException(parameter, name,
            $"No row that the model was trained on had the {role} '{name}'; it knows {Listed()}.");
    }

    /// <summary>Every key for the class of its number: for training.</summary>
    public CategoryKeys AllKeys(string role) => Keys([.. Enumerable.Range(0, Count)], NameOf, role);

    /// <summary>What the keys of a column mean. They are matched by what they stand for, since another data set may number the same values
    /// in another way; by number where one of the two columns does not say it.</summary>
    public CategoryKeys KeysOf(DataViewSchema.Column column, string role)
    {
        int count = CountOf(column, role);
        int Seen(int index) => index >= 0 && index < Count && Rows[index] > 0 ? index : -1;
        if (Names is null || KeyNames.Of(column) is not KeyNames names)
        {
            if (count != Count)
            {
                throw SchemaColumns.Mismatch(column.Name, $"{new KeyDataViewType(typeof(uint), Count)}, which the model was trained on",
                    column.Type.ToString()!, role);
            }
            return Keys([.. Enumerable.Range(0, count).Select(Seen)], NameOf, role);
        }
        Dictionary<string, int> classes = [];
        for (int index = 0; index < Count; index++)
            classes.TryAdd(NameOf(index), index);
        return Keys([.. names.Values.Select(name => Seen(classes.GetValueOrDefault(name, -1)))], key => names.Values[key], role);
    }

    CategoryKeys Keys(int[] classes, Func<int, string> name, string role) =>
        new(classes, [.. Enumerable.Range(0, classes.Length).Select(name)], Listed(), role);

    public string Listed()
    {
        string[] known = [.. Known];
        string names = string.Join(", ", known.Take(MostNamesInMessage).Select(name => $"'{name}'"));
        return known.Length > MostNamesInMessage ? $"{names} and {known.Length - MostNamesInMessage} more" : names;
    }

    static int CountOf(DataViewSchema.Column column, string role) =>
        column.Type is KeyDataViewType { Count: >= 1 and <= MostClasses } key && key.RawType == typeof(uint)
        ? (int)key.Count
        : throw SchemaColumns.Mismatch(column.Name, Expected, column.Type.ToString()!, role);
}

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(CodeLabelMapTransformer), null, typeof(SignatureLoadModel), "Code to label map",
    CodeLabelMapTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="IEstimator{TTransformer}"/> that maps each code to its most frequent label in the training data, which measures
/// the phonetic content of codes learned without labels (section 4.3 of arXiv 1711.00937).</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Label | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type of <xref:System.UInt32> |
/// | Code | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type of <xref:System.UInt32> |
/// | PredictedLabel | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type: the label, with the key values of the training label |
/// | Score | A vector of <xref:System.Single>: the probability of each label given the code; the sum is 1 |
///
/// ### Trainer Characteristics
/// |  |  |
/// | -- | -- |
/// | Machine learning task | Multiclass classification |
/// | Is normalization required? | No |
/// | Is caching required? | No: one pass |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet |
/// | Exportable to ONNX | Yes |
/// ]]></format>
///
/// Ties are broken by the frequency of the labels in all of the training data, then by the order of the keys. Codes that do not occur in
/// the training data and missing codes are mapped to the most frequent label. Codes are matched by their key values, as those of another
/// data set may have other key numbers, and by number where a column has no key values. Rows without a code or a label are ignored in
/// training. A score is (n(code, label) + p) / (n(code) + 1), where n counts rows and p = (n(label) + 1) / (n + number of labels) is the probability
/// of the label for an unknown code.
/// </remarks>
public sealed class CodeLabelMapTrainer : IEstimator<CodeLabelMapTransformer>
{
    const string Expected = "a UInt32 key of known count, as MapValueToKey outputs it";

    readonly string _labelColumnName, _codeColumnName;

    internal CodeLabelMapTrainer(string labelColumnName, string codeColumnName)
    {
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codeColumnName);
        (_labelColumnName, _codeColumnName) = (labelColumnName, codeColumnName);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column label = Find(_labelColumnName, "label");
        Find(_codeColumnName, "code");
        return SchemaColumns.With(inputSchema, CodeLabelScoring.Shape(label));

        SchemaShape.Column Find(string name, string role)
        {
            SchemaShape.Column column = SchemaColumns.Find(inputSchema, name, role);
            bool isKey = column.IsKey && column.ItemType == NumberDataViewType.UInt32;
            return isKey && column.Kind == SchemaShape.Column.VectorKind.Scalar
                ? column
                : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), role);
        }
    }

    /// <summary>Counts the labels of each code in one pass.</summary>
    /// <param name="input">The training data; only the columns of labels and codes are read.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has an unsuitable type.</exception>
    /// <exception cref="InvalidOperationException">No row has both a code and a label.</exception>
    public CodeLabelMapTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column label = Key(input.Schema, _labelColumnName, "label"), code = Key(input.Schema, _codeColumnName, "code");
        if (KeyNames.AreUnusual(label))
        {
            throw SchemaColumns.Mismatch(label.Name, $"keys with values of type {string.Join(", ", KeyNames.KnownTypes)}",
                "values of another type", "label");
        }
        ulong codes = ((KeyDataViewType)code.Type).Count, labels = ((KeyDataViewType)label.Type).Count;
        if ((UInt128)codes * labels > (UInt128)Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(input),
                $"{codes} codes in column '{code.Name}' and {labels} labels in column '{label.Name}' "
                + $"make more than {Array.MaxLength} pairs.");
        }
        var counts = new CodeLabelCounts((int)codes, (int)labels);
        long counted = 0, rows = 0;
        using DataViewRowCursor cursor = input.GetRowCursor([label, code]);
        ValueGetter<uint> getLabel = cursor.GetGetter<uint>(label), getCode = cursor.GetGetter<uint>(code);
        uint labelKey = 0, codeKey = 0;
        while (UnreadableRow.MoveNext(cursor))
        {
            getLabel(ref labelKey);
            getCode(ref codeKey);
            rows++;
            counted += counts.Add(codeKey, labelKey) ? 1 : 0;
        }
        if (counted == 0)
        {
            throw new InvalidOperationException(
                $"None of the {rows} rows has both a label in column '{label.Name}' and a code in column '{code.Name}': "
                + "there is nothing to count.");
        }
        return new CodeLabelMapTransformer(_labelColumnName, _codeColumnName, counts, KeyNames.Of(label), KeyNames.Of(code));
    }

    static DataViewSchema.Column Key(DataViewSchema schema, string name, string role)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        return column.Type is KeyDataViewType { Count: > 0 } key && key.RawType == typeof(uint)
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, column.Type.ToString()!, role);
    }
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="CodeLabelMapTrainer"/>; it predicts the most frequent label
/// of a code.</summary>
public sealed class CodeLabelMapTransformer : RowByRowTransformer
{
    internal const string LoaderSignature = "VqVaeCodeLabelMap";
    const string ModelSignature = "VQVAEMAP";

    readonly CodeLabelCounts _counts;
    readonly KeyNames? _values, _codeValues;

    internal CodeLabelMapTransformer(
        string labelColumnName, string codeColumnName, CodeLabelCounts counts, KeyNames? values, KeyNames? codeValues)
        : base(new CodeLabelScoring(codeColumnName, counts, values, codeValues)) =>
        (LabelColumnName, CodeColumnName, _counts, _values, _codeValues) = (labelColumnName, codeColumnName, counts, values, codeValues);

    // Called by ML.NET, which finds it by its name and parameters.
    static CodeLabelMapTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        SavedCodeLabelMap saved = ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.SavedCodeLabelMap);
        return new(saved.Label, saved.Code, new CodeLabelCounts(saved.Codes, saved.Labels, saved.Counts), saved.Values?.ToNames(),
            saved.CodeValues?.ToNames());
    }

    /// <summary>The column of labels of the training data, which predictions do not read.</summary>
    public string LabelColumnName { get; }

    /// <summary>The column of codes that is read: a key.</summary>
    public string CodeColumnName { get; }

    /// <summary>K: number of codes.</summary>
    public int Codes => _counts.Codes;

    /// <summary>Number of labels.</summary>
    public int Labels => _counts.Labels;

    /// <summary>Number of rows of the training data with a code and a label.</summary>
    /// <param name="code">The key of the code, from 1 to <see cref="Codes"/>.</param>
    /// <param name="label">The key of the label, from 1 to <see cref="Labels"/>.</param>
    /// <returns>The number of rows.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A key is out of range.</exception>
    public long CountOf(uint code, uint label)
    {
        ArgumentOutOfRangeException.ThrowIfZero(code);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, (uint)Codes);
        ArgumentOutOfRangeException.ThrowIfZero(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label, (uint)Labels);
        return _counts.Of(code, label);
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature,
        new SavedCodeLabelMap(LabelColumnName, CodeColumnName, Codes, Labels, [.. _counts.All], LabelValues.Of(_values),
            LabelValues.Of(_codeValues)),
        SavedJson.Default.SavedCodeLabelMap);
}

/// <summary>The JSON text of a <see cref="CodeLabelMapTransformer"/> in a model file.</summary>
internal sealed record SavedCodeLabelMap(string Label, string Code, int Codes, int Labels, long[] Counts, LabelValues? Values,
    LabelValues? CodeValues = null) : IDescription
{
    public void Describe(OptionProblems problems)
    {
        SchemaColumns.Describe(problems, [Label, Code], []);
        problems.AtLeast(nameof(Codes), Codes, 1);
        problems.AtLeast(nameof(Labels), Labels, 1);
        problems.Require(Counts.LongLength == (long)Codes * Labels && Array.TrueForAll(Counts, count => count >= 0), nameof(Counts),
            $"a count of 0 or more for each of {Codes} codes and {Labels} labels", $"{Counts.LongLength} counts");
        Values?.ToNames().Describe(problems, nameof(Values), Labels);
        CodeValues?.ToNames().Describe(problems, nameof(CodeValues), Codes);
    }
}

/// <summary>The key values of a label or a code in a model file.</summary>
/// <param name="Type">The name of the type of the values.</param>
/// <param name="Texts">The values as texts, in the order of the keys.</param>
internal sealed record LabelValues(string Type, string[] Texts)
{
    public static LabelValues? Of(KeyNames? names) => names is null ? null : new(names.Type, names.Values);

    public KeyNames ToNames() => new(Type, Texts);
}

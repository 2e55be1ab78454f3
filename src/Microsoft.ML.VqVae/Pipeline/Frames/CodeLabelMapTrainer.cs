using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>Maps every code to the label that it meets most often in training: how section 4.3 of the paper (arXiv 1711.00937) measures
/// what codes, learned without labels, say about phonemes.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Label | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type of <xref:System.UInt32> |
/// | Code | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type of <xref:System.UInt32> |
/// | PredictedLabel | [Key](xref:Microsoft.ML.Data.KeyDataViewType) type: the label, with the key values of the training label |
/// | Score | A vector of <xref:System.Single>: the probability of each label, given the code; they add up to 1 |
///
/// ### Trainer Characteristics
/// |  |  |
/// | -- | -- |
/// | Machine learning task | Multiclass classification |
/// | Is normalization required? | No |
/// | Is caching required? | No: one pass |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// Of labels that a code meets equally often, the one that is more frequent in all of the training data is taken, and of those the first. A
/// code that does not occur in training, and a missing one, are mapped to the most frequent label of the training data. Rows without a code
/// or without a label do not count in training. A score is (n(code, label) + p) / (n(code) + 1), where n counts rows and p = (n(label) + 1)
/// / (n + number of labels) is the label's probability when the code is not known.
/// </remarks>
public sealed class CodeLabelMapTrainer : IEstimator<CodeLabelMapTransformer>
{
    const string Expected = "a UInt32 key of known count (MapValueToKey makes one)";

    readonly string _labelColumnName, _codeColumnName;

    internal CodeLabelMapTrainer(string labelColumnName, string codeColumnName)
    {
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codeColumnName);
        (_labelColumnName, _codeColumnName) = (labelColumnName, codeColumnName);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column label = Find(_labelColumnName, "label");
        Find(_codeColumnName, "code");
        SchemaShape.Column[] added = CodeLabelScoring.Shape(label);
        return new SchemaShape(inputSchema.Where(column => added.All(made => made.Name != column.Name)).Concat(added));

        SchemaShape.Column Find(string name, string role)
        {
            SchemaShape.Column column = SchemaColumns.Find(inputSchema, name, role);
            bool isKey = column.IsKey && column.ItemType == NumberDataViewType.UInt32;
            return isKey && column.Kind == SchemaShape.Column.VectorKind.Scalar
                ? column
                : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), role);
        }
    }

    /// <summary>Counts how often each code meets each label.</summary>
    /// <param name="input">The training data; only the columns of labels and codes are read, once.</param>
    /// <returns>The map.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">No row has both a code and a label.</exception>
    public CodeLabelMapTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column label = Key(input.Schema, _labelColumnName, "label"), code = Key(input.Schema, _codeColumnName, "code");
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
        while (cursor.MoveNext())
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
        return new CodeLabelMapTransformer(_labelColumnName, _codeColumnName, counts, LabelValues.Of(label));
    }

    static DataViewSchema.Column Key(DataViewSchema schema, string name, string role)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, role);
        return column.Type is KeyDataViewType { Count: > 0 } key && key.RawType == typeof(uint)
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, column.Type.ToString()!, role);
    }
}

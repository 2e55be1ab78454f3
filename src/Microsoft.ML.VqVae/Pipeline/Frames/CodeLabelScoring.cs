using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The joint counts of codes and labels, and the conditional probabilities of labels. Codes and labels are keys, from 1; 0 is a
/// missing key.</summary>
internal sealed class CodeLabelCounts
{
    readonly long[] _counts;

    public CodeLabelCounts(int codes, int labels, long[]? counts = null)
    {
        (Codes, Labels) = (codes, labels);
        _counts = counts ?? new long[checked(codes * labels)];
    }

    public int Codes { get; }

    public int Labels { get; }

    /// <summary>The counts [K, labels], code by code.</summary>
    public IReadOnlyList<long> All => _counts;

    public long Of(uint code, uint label) => _counts[(int)(code - 1) * Labels + (int)(label - 1)];

    /// <summary>Counts a row, unless its code or label is missing.</summary>
    public bool Add(uint code, uint label)
    {
        if (code == 0 || code > Codes || label == 0 || label > Labels)
            return false;
        _counts[(int)(code - 1) * Labels + (int)(label - 1)]++;
        return true;
    }

    /// <summary>
    /// The probabilities of the labels for a missing code (row 0) and for each code. Each is (n(code, label) + p) / (n(code) + 1), where p,
    /// the probability for a missing code, is (n(label) + 1) / (n + number of labels). Since p is less than one count, it only breaks ties
    /// between equally frequent labels.
    /// </summary>
    public float[][] Probabilities()
    {
        double[] ofLabel = new double[Labels];
        for (int i = 0; i < _counts.Length; i++)
            ofLabel[i % Labels] += _counts[i];
        double all = ofLabel.Sum();
        double[] prior = [.. ofLabel.Select(count => (count + 1) / (all + Labels))];
        float[][] probabilities = new float[Codes + 1][];
        probabilities[0] = [.. prior.Select(p => (float)p)];
        for (int code = 0; code < Codes; code++)
        {
            ReadOnlySpan<long> counts = _counts.AsSpan(code * Labels, Labels);
            double ofCode = 1;
            foreach (long count in counts)
                ofCode += count;
            float[] row = new float[Labels];
            for (int label = 0; label < Labels; label++)
                row[label] = (float)((counts[label] + prior[label]) / ofCode);
            probabilities[code + 1] = row;
        }
        return probabilities;
    }
}

/// <summary>The mapping from a column of codes to the columns of a multiclass prediction, named and annotated as ML.NET's own.</summary>
/// <param name="codeColumnName">The column of codes.</param>
/// <param name="counts">The counts of the training data.</param>
/// <param name="values">The key values of the labels, or null.</param>
/// <param name="codeValues">The key values of the codes of the training data, or null.</param>
internal sealed class CodeLabelScoring(string codeColumnName, CodeLabelCounts counts, KeyNames? values, KeyNames? codeValues) : IRowMapping
{
    public const string PredictedLabel = "PredictedLabel", Score = "Score";
    const string SetId = "ScoreColumnSetId", ColumnKind = "ScoreColumnKind", ValueKind = "ScoreValueKind";

    readonly float[][] _probabilities = counts.Probabilities();

    public AddedColumns Bind(DataViewSchema inputSchema)
    {
        DataViewSchema.Column code = SchemaColumns.Find(inputSchema, codeColumnName, "code");
        RowsOfKeys(code);
        uint set = NextSet(inputSchema);
        DataViewSchema.Annotations.Builder predicted = Common(set, PredictedLabel), score = Common(set, Score);
        values?.AddTo(predicted);
        values?.AddTo(score, "TrainingLabelValues");
        if (values is { AreTexts: true })
            values.AddTo(score, ColumnTypes.SlotNames);
        return new AddedColumns(inputSchema, [code],
        [
            new(PredictedLabel, new KeyDataViewType(typeof(uint), counts.Labels), predicted.ToAnnotations()),
            new(Score, new VectorDataViewType(NumberDataViewType.Single, counts.Labels), score.ToAnnotations()),
        ]);
    }

    public IEnumerable<OnnxOutput> ToOnnx(DataViewSchema inputSchema, Func<DataViewSchema.Column, OnnxValue> valueOf)
    {
        AddedColumns columns = Bind(inputSchema);
        OnnxValue code = valueOf(columns.InputColumns[0]).To<long>();
        int[] rows = RowsOfKeys(columns.InputColumns[0]);
        uint[] predicted = Predicted();
        OnnxValue Table<T>(T[] values, params long[] shape) where T : unmanaged => code.RowsOf(code.Graph.Constant(values, shape));
        OnnxOutput Added(int output, OnnxValue value) => new(new(columns.OutputSchema[inputSchema.Count + output]), value);
        return
        [
            Added(0, Table(Array.ConvertAll(rows, row => (long)predicted[row] - 1), rows.Length)),
            Added(1, Table(rows.SelectMany(row => _probabilities[row]).ToArray(), rows.Length, counts.Labels)),
        ];
    }

    // A key for each code, of which 0 is a missing one; the first of equal maxima, as in ML.NET's evaluator.
    uint[] Predicted() => [.. _probabilities.Select(row => (uint)Array.IndexOf(row, row.Max()) + 1)];

    public Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output)
    {
        ValueGetter<uint> getKey = row.GetGetter<uint>(columns.InputColumns[0]);
        int[] rows = RowsOfKeys(columns.InputColumns[0]);
        uint key = 0;
        if (output == 0)
        {
            uint[] predicted = Predicted();
            return (ValueGetter<uint>)((ref uint value) => value = predicted[Read()]);
        }
        return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, counts.Labels);
            _probabilities[Read()].CopyTo(editor.Values);
            value = editor.Commit();
        });

        int Read()
        {
            getKey(ref key);
            return key < (uint)rows.Length ? rows[key] : throw new InvalidOperationException(
                $"Row {row.Position} of code column '{codeColumnName}' has the key {key}; expected are keys from 1 to {rows.Length - 1}.");
        }
    }

    // The probabilities for each key of a column, by their row: those of the code with its value, or with its number where a column has no
    // key values; row 0 for a missing key, and for a code that is not in the training data.
    int[] RowsOfKeys(DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType key || key.RawType != typeof(uint))
            throw Mismatch($"{new KeyDataViewType(typeof(uint), counts.Codes)}, as in training", column.Type.ToString()!);
        if (codeValues is null || KeyNames.Of(column) is not KeyNames found)
        {
            return key.Count == (ulong)counts.Codes ? [.. Enumerable.Range(0, counts.Codes + 1)]
                : throw Mismatch($"{new KeyDataViewType(typeof(uint), counts.Codes)}, as in training", key.ToString());
        }
        int[] places = codeValues.PlacesOf(found);
        return places.Length == 0 || places.Any(place => place >= 0) ? [0, .. places.Select(place => place + 1)]
            : throw Mismatch($"keys with the values of the training data, '{codeValues.Values[0]}' to '{codeValues.Values[^1]}', "
                + "or keys without values", $"'{found.Values[0]}' to '{found.Values[^1]}'");
    }

    ArgumentOutOfRangeException Mismatch(string expected, string found) =>
        SchemaColumns.Mismatch(codeColumnName, expected, found, "code");

    // The columns of a prediction share a number that no other prediction of the data has.
    static uint NextSet(DataViewSchema schema)
    {
        uint highest = 0;
        foreach (DataViewSchema.Column column in schema)
        {
            if (column.Annotations.Schema.GetColumnOrNull(SetId)?.Type is not KeyDataViewType { } key || key.RawType != typeof(uint))
                continue;
            uint set = 0;
            column.Annotations.GetValue(SetId, ref set);
            highest = Math.Max(highest, set);
        }
        return highest + 1;
    }

    static DataViewSchema.Annotations.Builder Common(uint set, string valueKind)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue(SetId, new KeyDataViewType(typeof(uint), int.MaxValue), set);
        annotations.AddPrimitiveValue(ColumnKind, TextDataViewType.Instance, "MulticlassClassification".AsMemory());
        annotations.AddPrimitiveValue(ValueKind, TextDataViewType.Instance, valueKind.AsMemory());
        return annotations;
    }

    /// <summary>The shapes of the two columns.</summary>
    public static SchemaShape.Column[] Shape(SchemaShape.Column label)
    {
        const SchemaShape.Column.VectorKind Scalar = SchemaShape.Column.VectorKind.Scalar, Vector = SchemaShape.Column.VectorKind.Vector;
        SchemaShape.Column[] common =
        [
            MLNetInternals.ShapeColumn(SetId, Scalar, NumberDataViewType.UInt32, isKey: true),
            MLNetInternals.ShapeColumn(ColumnKind, Scalar, TextDataViewType.Instance),
            MLNetInternals.ShapeColumn(ValueKind, Scalar, TextDataViewType.Instance),
        ];
        List<SchemaShape.Column> predicted = [.. common], score = [.. common];
        foreach (SchemaShape.Column keyValues in label.Annotations.Where(annotation => annotation.Name == ColumnTypes.KeyValues))
        {
            predicted.Add(keyValues);
            score.Add(MLNetInternals.ShapeColumn("TrainingLabelValues", Vector, keyValues.ItemType));
            if (keyValues.ItemType is TextDataViewType)
                score.Add(MLNetInternals.ShapeColumn(ColumnTypes.SlotNames, Vector, keyValues.ItemType));
        }
        return
        [
            MLNetInternals.ShapeColumn(PredictedLabel, Scalar, NumberDataViewType.UInt32, isKey: true, new SchemaShape(predicted)),
            MLNetInternals.ShapeColumn(Score, Vector, NumberDataViewType.Single, annotations: new SchemaShape(score)),
        ];
    }
}

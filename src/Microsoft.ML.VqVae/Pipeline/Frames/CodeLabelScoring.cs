using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of codes to the columns of a multiclass prediction, named and annotated as ML.NET's own.</summary>
internal sealed class CodeLabelScoring(string codeColumnName, CodeLabelCounts counts, LabelValues? values) : IRowMapping
{
    public const string PredictedLabel = "PredictedLabel", Score = "Score";
    const string SetId = "ScoreColumnSetId", ColumnKind = "ScoreColumnKind", ValueKind = "ScoreValueKind";

    readonly float[][] _probabilities = counts.Probabilities();

    public AddedColumns Bind(DataViewSchema inputSchema)
    {
        DataViewSchema.Column code = SchemaColumns.Find(inputSchema, codeColumnName, "code");
        if (code.Type is not KeyDataViewType key || key.RawType != typeof(uint) || key.Count != (ulong)counts.Codes)
        {
            throw SchemaColumns.Mismatch(
                codeColumnName, $"{new KeyDataViewType(typeof(uint), counts.Codes)}, as in training", code.Type.ToString()!, "code");
        }
        uint set = NextSet(inputSchema);
        DataViewSchema.Annotations.Builder predicted = Common(set, PredictedLabel), score = Common(set, Score);
        values?.AddTo(predicted, "KeyValues");
        values?.AddTo(score, "TrainingLabelValues");
        if (values is { AreTexts: true })
            values.AddTo(score, "SlotNames");
        return new AddedColumns(inputSchema, [code],
        [
            new(PredictedLabel, new KeyDataViewType(typeof(uint), counts.Labels), predicted.ToAnnotations()),
            new(Score, new VectorDataViewType(NumberDataViewType.Single, counts.Labels), score.ToAnnotations()),
        ]);
    }

    public Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output)
    {
        ValueGetter<uint> getCode = row.GetGetter<uint>(columns.InputColumns[0]);
        uint code = 0;
        if (output == 0)
        {
            // The first of the highest, as ML.NET's evaluator takes it.
            uint[] predicted = [.. _probabilities.Select(row => (uint)Array.IndexOf(row, row.Max()) + 1)];
            return (ValueGetter<uint>)((ref uint value) =>
            {
                getCode(ref code);
                value = predicted[code];
            });
        }
        return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            getCode(ref code);
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, counts.Labels);
            _probabilities[code].CopyTo(editor.Values);
            value = editor.Commit();
        });
    }

    // Columns of one prediction share a number, which no other prediction in the data has.
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

    /// <summary>The two columns in the shape of a schema.</summary>
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
        foreach (SchemaShape.Column keyValues in label.Annotations.Where(annotation => annotation.Name == "KeyValues"))
        {
            predicted.Add(keyValues);
            score.Add(MLNetInternals.ShapeColumn("TrainingLabelValues", Vector, keyValues.ItemType));
            if (keyValues.ItemType is TextDataViewType)
                score.Add(MLNetInternals.ShapeColumn("SlotNames", Vector, keyValues.ItemType));
        }
        return
        [
            MLNetInternals.ShapeColumn(PredictedLabel, Scalar, NumberDataViewType.UInt32, isKey: true, new SchemaShape(predicted)),
            MLNetInternals.ShapeColumn(Score, Vector, NumberDataViewType.Single, annotations: new SchemaShape(score)),
        ];
    }
}

using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

[assembly: LoadableClass(typeof(ISingleFeaturePredictionTransformer<object>), typeof(MulticlassPredictionTransformer), null,
    typeof(SignatureLoadModel), "", MulticlassPredictionTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Adds the classes' scores and the class of the highest score.</summary>
public sealed class MulticlassPredictionTransformer<TModel> : SingleFeaturePredictionTransformerBase<TModel> where TModel : class
{
    private readonly LinearMulticlassModelParametersBase _model;
    private readonly DataViewSchema _trainSchema;
    private readonly string _labelColumn;

    internal MulticlassPredictionTransformer(IHostEnvironment env, TModel model, DataViewSchema trainSchema, string featureColumn,
        string labelColumn)
        : base(env.Register("MulticlassPredictionTransformer"), model, featureColumn, trainSchema[featureColumn].Type)
    {
        _model = (LinearMulticlassModelParametersBase)(object)model;
        _trainSchema = trainSchema;
        _labelColumn = labelColumn;
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(MulticlassPredictionTransformer.Version);
        ctx.SaveModel(Model, "Model");
        ctx.SaveNonEmptyString(FeatureColumnName);
        ctx.SaveNonEmptyString(_labelColumn);
        // Of the training data, what the label's keys stand for and the type of the features are needed again.
        var needed = new DataViewSchema.Builder();
        needed.AddColumns(new[] { FeatureColumnName, _labelColumn }.Distinct().Select(name => new DataViewSchema.DetachedColumn(
            name, _trainSchema[name].Type, name == _labelColumn ? _trainSchema[name].Annotations : null)));
        ctx.SaveBinaryStream("TrainSchema", writer => SchemaFile.Write(writer.BaseStream, needed.ToSchema()));
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(this, inputSchema);

    private sealed class Mapper : IRowMapper
    {
        private readonly MulticlassPredictionTransformer<TModel> _parent;
        private readonly DataViewSchema.Column _feature;

        internal Mapper(MulticlassPredictionTransformer<TModel> parent, DataViewSchema schema)
        {
            _parent = parent;
            _feature = schema.GetColumnOrNull(parent.FeatureColumnName) ??
                throw parent.Host.ExceptSchemaMismatch("inputSchema", "feature", parent.FeatureColumnName);
            if (!_feature.Type.SameSizeAndItemType(parent.FeatureColumnType))
            {
                throw parent.Host.ExceptSchemaMismatch("inputSchema", "feature", parent.FeatureColumnName,
                    parent.FeatureColumnType.ToString(),
                    _feature.Type.ToString());
            }
        }

        public void Save(ModelSaveContext ctx) => _parent.SaveModel(ctx);

        public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
        {
            bool needed = activeOutput(0) || activeOutput(1);
            return column => needed && column == _feature.Index;
        }

        public DataViewSchema.DetachedColumn[] GetOutputColumns()
        {
            int classes = _parent._model.NumberOfClasses;
            var predicted = Annotations("PredictedLabel");
            var score = Annotations("Score");
            var label = _parent._trainSchema[_parent._labelColumn];
            if (label.AnnotationType(AnnotationUtils.Kinds.KeyValues) is VectorDataViewType values && values.Size == classes)
            {
                var getter = label.Annotations.GetterAt(label.Annotations.Schema[AnnotationUtils.Kinds.KeyValues].Index);
                predicted.Add(AnnotationUtils.Kinds.KeyValues, values, getter);
                score.Add(AnnotationUtils.Kinds.TrainingLabelValues, values, getter);
                if (values.ItemType is TextDataViewType)
                    score.Add(AnnotationUtils.Kinds.SlotNames, values, getter);
            }
            return
            [
                new DataViewSchema.DetachedColumn("PredictedLabel", new KeyDataViewType(typeof(uint), classes), predicted.ToAnnotations()),
                new DataViewSchema.DetachedColumn("Score", new VectorDataViewType(NumberDataViewType.Single, classes),
                    score.ToAnnotations()),
            ];
        }

        private static DataViewSchema.Annotations.Builder Annotations(string valueKind)
        {
            var builder = new DataViewSchema.Annotations.Builder();
            builder.AddPrimitiveValue(AnnotationUtils.Kinds.ScoreColumnSetId, new KeyDataViewType(typeof(uint), int.MaxValue), 1u);
            builder.AddPrimitiveValue(AnnotationUtils.Kinds.ScoreColumnKind, TextDataViewType.Instance,
                "MulticlassClassification".AsMemory());
            builder.AddPrimitiveValue(AnnotationUtils.Kinds.ScoreValueKind, TextDataViewType.Instance, valueKind.AsMemory());
            return builder;
        }

        public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            if (!activeOutput(0) && !activeOutput(1))
                return [null, null];
            var getFeatures = input.GetGetter<VBuffer<float>>(input.Schema[_feature.Index]);
            VBuffer<float> features = default;
            var scores = new float[_parent._model.NumberOfClasses];
            long scored = -1;
            // Both columns are made of the same scores, computed once a row.
            float[] Scores()
            {
                if (scored != input.Position || scored < 0)
                {
                    getFeatures(ref features);
                    _parent._model.Score(features, scores);
                    scored = input.Position;
                }
                return scores;
            }
            ValueGetter<uint> getPredicted = (ref uint key) => key = Highest(Scores());
            ValueGetter<VBuffer<float>> getScores = (ref VBuffer<float> vector) => Stock.Constant(Scores())(ref vector);
            return [activeOutput(0) ? getPredicted : null, activeOutput(1) ? getScores : null];
        }

        // One-based; 0, the missing key, where no score is a number.
        private static uint Highest(float[] scores)
        {
            int highest = -1;
            for (int c = 0; c < scores.Length; c++)
            {
                if (!float.IsNaN(scores[c]) && (highest < 0 || scores[c] > scores[highest]))
                    highest = c;
            }
            return (uint)(highest + 1);
        }
    }
}

internal static class MulticlassPredictionTransformer
{
    internal const string LoaderSignature = "MulticlassPredXfer";

    internal static VersionInfo Version => Stock.Version("MC  PRED", LoaderSignature);

    private static ISingleFeaturePredictionTransformer<object> Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        ctx.LoadModel<MaximumEntropyModelParameters, SignatureLoadModel>(env, out var model, "Model");
        string feature = ctx.LoadNonEmptyString(), label = ctx.LoadNonEmptyString();
        DataViewSchema schema = null;
        env.CheckDecode(ctx.TryLoadBinaryStream("TrainSchema", reader => schema = SchemaFile.Read(reader.BaseStream)));
        return new MulticlassPredictionTransformer<MaximumEntropyModelParameters>(env, model, schema, feature, label);
    }
}

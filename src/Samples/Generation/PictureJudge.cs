using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>A linear classifier of pixels, of stock ML.NET parts. It learns from real pictures and knows nothing of codes.</summary>
internal sealed class PictureJudge(MLContext ml, ImageShape shape)
{
    const float Strength = 1e-3f;

    TransformerChain<KeyToValueMappingTransformer>? _classifier;

    public void Learn(IEnumerable<LabelledImage> pictures)
    {
        Judged[] rows = [.. pictures.Select(Scaled)];
        _classifier = ml.Transforms.Conversion.MapValueToKey("Label", nameof(Judged.Class))
            // ML.NET adds the penalty to the sum over the rows, not to their mean.
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                l1Regularization: 0, l2Regularization: Strength * rows.Length, optimizationTolerance: 1e-4f))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(View(rows));
    }

    /// <summary>The share of pictures that the judge takes for what they are said to be.</summary>
    public double Agreement(IEnumerable<LabelledImage> pictures) => ml.Data
        .CreateEnumerable<Verdict>(_classifier!.Transform(View([.. pictures.Select(Scaled)])), reuseRowObject: true)
        .Average(row => row.PredictedLabel == row.Class ? 1.0 : 0.0);

    IDataView View(Judged[] rows)
    {
        var schema = SchemaDefinition.Create(typeof(Judged));
        schema[nameof(Judged.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, shape.Values);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    static Judged Scaled(LabelledImage picture) =>
        new() { Features = Array.ConvertAll(picture.Pixels, value => value / 255), Class = picture.Class };

    sealed class Judged
    {
        public float[] Features { get; set; } = [];

        public string Class { get; set; } = "";
    }

    sealed class Verdict
    {
        public string Class { get; set; } = "";

        public string PredictedLabel { get; set; } = "";
    }
}

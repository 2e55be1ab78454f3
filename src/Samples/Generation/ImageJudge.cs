using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>A linear classifier of pixels that is trained on real images, to evaluate sampled ones.</summary>
internal sealed class ImageJudge(MLContext ml, ImageShape shape)
{
    const float Strength = 1e-3f;

    TransformerChain<KeyToValueMappingTransformer>? _classifier;

    public void Learn(IEnumerable<LabelledImage> images)
    {
        Judged[] rows = [.. images.Select(Scaled)];
        _classifier = LinearClassifier.Create(ml, nameof(Judged.Class), Strength * rows.Length, tolerance: 1e-4f).Fit(View(rows));
    }

    /// <summary>The fraction of images whose predicted class is their class.</summary>
    public double Agreement(IEnumerable<LabelledImage> images) => ml.Data
        .CreateEnumerable<Verdict>(_classifier!.Transform(View([.. images.Select(Scaled)])), reuseRowObject: true)
        .Average(row => row.PredictedLabel == row.Class ? 1.0 : 0.0);

    IDataView View(Judged[] rows)
    {
        var schema = SchemaDefinition.Create(typeof(Judged));
        schema[nameof(Judged.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, shape.Values);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    static Judged Scaled(LabelledImage image) =>
        new() { Features = Array.ConvertAll(image.Pixels, value => value / 255), Class = image.Class };

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

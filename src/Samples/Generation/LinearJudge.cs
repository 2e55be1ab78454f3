using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>A linear classifier of pixels.</summary>
internal sealed class LinearJudge(MLContext ml, ImageShape shape) : IImageJudge
{
    const float Strength = 1e-3f;

    TransformerChain<KeyToValueMappingTransformer>? _classifier;

    public string Name => "linear classifier";

    public void Train(IReadOnlyList<LabelledImage> images, CancellationToken cancellation)
    {
        ScaledImage[] rows = [.. images.Select(Scaled)];
        _classifier = LinearClassifier.Create(ml, nameof(ScaledImage.Class), Strength * rows.Length, tolerance: 1e-4f).Fit(View(rows));
    }

    public double Agreement(IReadOnlyList<LabelledImage> images) => ml.Data
        .CreateEnumerable<Prediction>(_classifier!.Transform(View([.. images.Select(Scaled)])), reuseRowObject: true)
        .Average(row => row.PredictedLabel == row.Class ? 1.0 : 0.0);

    public double? Distance(IReadOnlyList<LabelledImage> images, IReadOnlyList<LabelledImage> others) => null;

    public void Dispose() => _classifier?.Dispose();

    IDataView View(ScaledImage[] rows)
    {
        var schema = SchemaDefinition.Create(typeof(ScaledImage));
        schema[nameof(ScaledImage.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, shape.Values);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    static ScaledImage Scaled(LabelledImage image) =>
        new() { Features = Array.ConvertAll(image.Pixels, value => value / 255), Class = image.Class };

    sealed class ScaledImage
    {
        public float[] Features { get; set; } = [];

        public string Class { get; set; } = "";
    }

    sealed class Prediction
    {
        public string Class { get; set; } = "";

        public string PredictedLabel { get; set; } = "";
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>A classifier that is trained on real images alone, to evaluate sampled ones.</summary>
internal interface IImageJudge : IDisposable
{
    /// <summary>The name of the kind of classifier.</summary>
    string Name { get; }

    void Train(IReadOnlyList<LabelledImage> images, CancellationToken cancellation);

    /// <summary>The fraction of images whose predicted class is their class.</summary>
    double Agreement(IReadOnlyList<LabelledImage> images);

    /// <summary>The distance of images from others in the features of the classifier; null where it has none.</summary>
    double? Distance(IReadOnlyList<LabelledImage> images, IReadOnlyList<LabelledImage> others);
}

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

/// <summary>A convolutional classifier, for photographs: of them a linear classifier of pixels knows little.</summary>
internal sealed class ConvolutionalJudge(ImageShape shape, int steps, int seed) : IImageJudge
{
    ConvolutionalClassifier? _classifier;
    string[] _classes = [];

    public string Name => "convolutional classifier";

    public void Train(IReadOnlyList<LabelledImage> images, CancellationToken cancellation)
    {
        _classes = [.. images.Select(image => image.Class).Distinct().Order(StringComparer.Ordinal)];
        _classifier = new ConvolutionalClassifier(shape, _classes.Length, seed);
        _classifier.Train(
            [.. images.Select(image => image.Pixels)], [.. images.Select(image => (long)Array.IndexOf(_classes, image.Class))], steps,
            cancellation);
    }

    public double Agreement(IReadOnlyList<LabelledImage> images) => _classifier!.Classify(images.Select(image => image.Pixels))
        .Zip(images).Average(pair => _classes[pair.First] == pair.Second.Class ? 1.0 : 0.0);

    public double? Distance(IReadOnlyList<LabelledImage> images, IReadOnlyList<LabelledImage> others) =>
        FrechetDistance.Between(Features(images), Features(others));

    public void Dispose() => _classifier?.Dispose();

    double[][] Features(IReadOnlyList<LabelledImage> images) => _classifier!.Features(images.Select(image => image.Pixels));
}

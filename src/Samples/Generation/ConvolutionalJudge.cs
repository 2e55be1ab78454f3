using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

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

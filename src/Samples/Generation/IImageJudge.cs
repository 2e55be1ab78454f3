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

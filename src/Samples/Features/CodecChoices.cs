using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Compares the features of the codes of several codecs, and of changed images with the codes of the unchanged ones as
/// targets.</summary>
internal sealed class CodecChoices(MLContext ml, FeaturesSettings settings, Stages stages, CancellationToken cancellation)
{
    sealed record Choice(string Name, Action<ImageVqVaeOptions> Change, bool ChangesImages = false);

    static readonly Choice[] _choices =
    [
        new("defaults", _ => { }),
        new("128 channels", options => (options.Codec.HiddenChannels, options.Codec.ResidualChannels, options.Codec.OuterChannels) = (128, 128, 64)),
        new("codes of 16 numbers", options => options.VectorQuantizer.Dimensions = 16),
        new("codes of 128 numbers", options => options.VectorQuantizer.Dimensions = 128),
        new("128 codes", options => options.VectorQuantizer.Codes = 128),
        new("defaults, changed images", _ => { }, ChangesImages: true),
    ];

    public LabelCurves Measure(ImageData data, FeaturesPlan plan)
    {
        string[] classes = [.. ml.Data.TakeRows(data.Train, plan.PoolRows).GetColumn<string>("Class")];
        string[] testClasses = [.. ml.Data.TakeRows(data.Test, plan.TestRows).GetColumn<string>("Class")];
        var curves = new LabelCurves(ml, data.Name, classes, testClasses, settings.Labels, settings.Seed);
        foreach (Choice choice in _choices)
        {
            FeatureSet features = Features(choice, data, plan);
            stages.Run($"Classify by the features, {choice.Name}", _ => curves.Measure(features, cancellation));
        }
        return curves;
    }

    FeatureSet Features(Choice choice, ImageData data, FeaturesPlan plan)
    {
        IDataView all = ml.Data.TakeRows(data.Train, plan.UnlabelledRows);
        ImageVqVaeOptions codecOptions = plan.ImageCodec(data, settings);
        choice.Change(codecOptions);
        using ImageVqVaeTransformer codec = stages.Train(
            $"Train a codec, {choice.Name}", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", codecOptions).Fit(all));

        IDataView encoded = codec.Transform(all);
        if (choice.ChangesImages)
        {
            // The codes of the images as they are, and the encoder outputs of the changed ones.
            IDataView targets = ml.Transforms.CopyColumns("Targets", "Codes").Fit(encoded).Transform(encoded);
            encoded = codec.Transform(ChangedImages.Transform(ml, targets, data.Shape));
        }
        FeatureOptions featureOptions = plan.FeatureOptions(settings, plan.FeatureSteps);
        featureOptions.PoolingSize = 3;
        using FeatureTransformer features = stages.Train(
            $"Train its features, {choice.Name}", featureOptions.Training, cancellation,
            () => ml.Transforms.VqVae.Featurize("Features", choice.ChangesImages ? "Targets" : "Codes", featureOptions).Fit(encoded));

        // A trained transformer reads the encoder outputs alone.
        IDataView Transformed(IDataView images, int rows) => features.Transform(codec.Transform(ml.Data.TakeRows(images, rows)));
        return stages.Run($"Compute the features, {choice.Name}", _ => FeatureSet.Read(
            choice.Name, Transformed(data.Train, plan.PoolRows), Transformed(data.Test, plan.TestRows), "Features").Standardized());
    }
}

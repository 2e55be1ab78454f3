using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Compares the features of the codes of several codecs, and of changed images with the codes of the unchanged ones as
/// targets.</summary>
internal sealed class CodecChoices(MLContext ml, FeaturesSettings settings, Stages stages, CancellationToken cancellation)
{
    sealed record Choice(string Name, Action<ImageVqVaeOptions> Change);

    static readonly Choice[] _choices =
    [
        new("defaults", _ => { }),
        new("codes of 16 numbers", options => options.VectorQuantizer.Dimensions = 16),
        new("128 channels", options => (options.Codec.HiddenChannels, options.Codec.ResidualChannels, options.Codec.OuterChannels) = (128, 128, 64)),
        new("128 codes", options => options.VectorQuantizer.Codes = 128),
    ];

    public LabelCurves Measure(ImageData data, FeaturesPlan plan)
    {
        string[] classes = [.. ml.Data.TakeRows(data.Train, plan.PoolRows).GetColumn<string>("Class")];
        string[] testClasses = [.. ml.Data.TakeRows(data.Test, plan.TestRows).GetColumn<string>("Class")];
        var curves = new LabelCurves(ml, data.Name, classes, testClasses, settings.Labels, settings.Seed);
        IDataView images = ml.Data.TakeRows(data.Train, plan.UnlabelledRows);
        foreach (Choice choice in _choices)
        {
            ImageVqVaeOptions options = plan.ImageCodec(data, settings);
            choice.Change(options);
            using ImageVqVaeTransformer codec = stages.Train(
                $"Train a codec, {choice.Name}", options.Training, cancellation,
                () => ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(images));
            IDataView encoded = codec.Transform(images);
            Classify(choice.Name, codec, encoded, "Codes");
            if (choice == _choices[0])
            {
                IDataView targets = ml.Transforms.CopyColumns("Targets", "Codes").Fit(encoded).Transform(encoded);
                Classify($"{choice.Name}, changed images", codec, codec.Transform(ChangedImages.Transform(ml, targets, data.Shape)), "Targets");
            }
        }
        return curves;

        // Trains features of encoder outputs, with a column of codes as targets, and classifies by them.
        void Classify(string name, ImageVqVaeTransformer codec, IDataView training, string targets)
        {
            FeatureOptions options = plan.FeatureOptions(settings, plan.FeatureSteps);
            options.PoolingSize = 3;
            using FeatureTransformer features = stages.Train(
                $"Train features, {name}", options.Training, cancellation,
                () => ml.Transforms.VqVae.Featurize("Features", targets, options).Fit(training));
            // A trained transformer reads the encoder outputs alone.
            IDataView Of(IDataView view, int rows) => features.Transform(codec.Transform(ml.Data.TakeRows(view, rows)));
            stages.Run($"Classify by features, {name}", stage =>
            {
                curves.Measure(
                    FeatureSet.Read(name, Of(data.Train, plan.PoolRows), Of(data.Test, plan.TestRows), "Features").Standardized(), cancellation);
                stage.Report(1, string.Join(", ", curves.Cells.Where(cell => cell.Features == name).Select(cell => $"{cell.Accuracy:0.000}")));
            });
        }
    }
}

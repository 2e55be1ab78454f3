using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>The options of the anomalies command.</summary>
internal sealed record AnomaliesSettings : ImageSampleSettings
{
    /// <summary>Number of classes that are left out, one at a time; null for the default.</summary>
    public int? Classes { get; init; }
}

/// <summary>The training budget.</summary>
/// <param name="Classes">Number of classes that are left out, one at a time: as many codecs and priors are trained.</param>
/// <param name="CodecSteps">Training steps of the codec of each left-out class.</param>
/// <param name="PriorSteps">Training steps of its prior.</param>
/// <param name="TrainRows">Number of training images, of all classes.</param>
/// <param name="TestRows">Number of test images, of all classes.</param>
/// <param name="DefectCodecSteps">Training steps of the codec that defects are shown to.</param>
/// <param name="DefectPriorSteps">Training steps of its prior.</param>
/// <param name="DefectRows">Number of test images that defects are painted into.</param>
/// <param name="SeriesSteps">Training steps of the codec of sensor series, and of its prior.</param>
internal sealed record AnomaliesPlan(
    int Classes, int CodecSteps, int PriorSteps, int TrainRows, int TestRows, int DefectCodecSteps, int DefectPriorSteps, int DefectRows,
    int SeriesSteps)
{
    public static AnomaliesPlan For(AnomaliesSettings settings)
    {
        AnomaliesPlan plan = settings.Quick
            ? new(Classes: 1, CodecSteps: 90, PriorSteps: 60, TrainRows: 2_000, TestRows: 500, DefectCodecSteps: 120, DefectPriorSteps: 80,
                DefectRows: 100, SeriesSteps: 60)
            : new(Classes: 10, CodecSteps: 400, PriorSteps: 600, TrainRows: 12_000, TestRows: 4_000, DefectCodecSteps: 1000,
                DefectPriorSteps: 1500, DefectRows: 1_000, SeriesSteps: 500);
        return plan with { Classes = settings.Classes ?? plan.Classes };
    }

    /// <summary>The images sample's codec, a narrower one, with the steps given.</summary>
    public static ImageVqVaeOptions CodecOptions(ImageData data, AnomaliesSettings settings, int steps)
    {
        var images = new ImagesSettings { Steps = steps, Seed = settings.Seed, Quick = true };
        ImageVqVaeOptions options = ImagesPlan.For(data, images).CodecOptions(data, images);
        options.ReconstructionColumnName = null;
        options.ReconstructionErrorColumnName = "Error";
        return options;
    }

    public static PriorOptions PriorOptions(AnomaliesSettings settings, int steps)
    {
        PriorOptions options = VqVae.PriorOptions.Fast();
        // A narrow network, as there is one for each class.
        (options.PixelCnn.Layers, options.PixelCnn.Channels) = (4, 32);
        options.Training.Steps = steps;
        options.Training.Seed = settings.Seed;
        return options;
    }
}

using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The ML.NET pipelines of the phonemes sample. Put one after the other, they lead from a file name to the phones in it.</summary>
internal static class PhonemePipelines
{
    /// <summary>From the file that a row names to its samples, and from the name of the speaker to a key.</summary>
    public static IEstimator<ITransformer> Audio(MLContext ml) =>
        ml.Transforms.VqVae.LoadAudio(
                "Waveform", nameof(AlignedUtterance.AudioPath), startColumnName: nameof(AlignedUtterance.Start),
                lengthColumnName: nameof(AlignedUtterance.Length))
            .Append(ml.Transforms.Conversion.MapValueToKey("Voice", nameof(AlignedUtterance.Speaker)));

    /// <summary>A row for each code: the code, those around it, and what is said at its centre.</summary>
    public static IEstimator<ITransformer> Frames(MLContext ml, int samplesPerCode, int context) =>
        ml.Transforms.SelectColumns(
                nameof(AlignedUtterance.Utterance), "Codes", nameof(AlignedUtterance.Labels), nameof(AlignedUtterance.LabelStarts),
                nameof(AlignedUtterance.LabelEnds))
            .Append(ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new ExpandFramesOptions
            {
                SamplesPerCode = samplesPerCode,
                Context = context,
                WindowColumnName = "Window",
                LabelColumnName = nameof(FrameRow.Phone),
            }));

    /// <summary>The paper's measure: every code stands for the phone that it meets most often.</summary>
    public static IEstimator<ITransformer> Map(MLContext ml) =>
        ml.Transforms.Conversion.MapValueToKey("Label", nameof(FrameRow.Phone))
            .Append(ml.MulticlassClassification.Trainers.CodeLabelMap("Label", "Code"))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    /// <summary>A classifier of stock parts: the codes of the window as one-hot vectors, and a linear model.</summary>
    public static IEstimator<ITransformer> Window(MLContext ml, int rows, double strength) =>
        ml.Transforms.Conversion.MapValueToKey("Label", nameof(FrameRow.Phone))
            .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Window"))
            // ML.NET adds the penalty to the sum over the rows, not to their mean.
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                l1Regularization: 0, l2Regularization: (float)(strength * rows), optimizationTolerance: 1e-5f))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
}

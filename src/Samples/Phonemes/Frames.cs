using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>A code of an utterance, and the phone at its center.</summary>
internal sealed class FrameRow
{
    /// <summary>A key: 1 is the first code.</summary>
    public uint Code { get; set; }

    public string Phone { get; set; } = "";

    /// <summary>A view of the rows, with the number of codes in the key type.</summary>
    public static IDataView View(MLContext ml, IEnumerable<FrameRow> rows, int codes)
    {
        var schema = SchemaDefinition.Create(typeof(FrameRow));
        schema[nameof(Code)].ColumnType = new KeyDataViewType(typeof(uint), codes);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }
}

/// <summary>A code of an utterance with the prediction of a classifier.</summary>
internal sealed class ClassifiedFrame
{
    public string Utterance { get; set; } = "";

    public uint Code { get; set; }

    public string Phone { get; set; } = "";

    public string PredictedLabel { get; set; } = "";

    public float[] Score { get; set; } = [];
}

/// <summary>The ML.NET pipelines of the phonemes sample. They follow SpeechPipeline, and lead from codes to phones.</summary>
internal static class PhonemePipelines
{
    /// <summary>One row per code: the code, its neighbors, and the phone at its center.</summary>
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

    /// <summary>The paper's measure: predicts, for each code, its most frequent phone in training.</summary>
    public static IEstimator<ITransformer> Map(MLContext ml) =>
        ml.Transforms.Conversion.MapValueToKey("Label", nameof(FrameRow.Phone))
            .Append(ml.MulticlassClassification.Trainers.CodeLabelMap("Label", "Code"))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    /// <summary>A linear classifier on the codes of a window as one-hot vectors.</summary>
    public static IEstimator<ITransformer> Window(MLContext ml, int rows, double strength) =>
        ml.Transforms.Conversion.MapKeyToVector("Features", "Window")
            .Append(LinearClassifier.Create(ml, nameof(FrameRow.Phone), strength * rows, tolerance: 1e-5f));
}

using Microsoft.ML.Data;

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

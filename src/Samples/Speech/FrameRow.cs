using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>A code of an utterance, and the phone that is spoken at its centre.</summary>
internal sealed class FrameRow
{
    /// <summary>A key: 1 is the first code.</summary>
    public uint Code { get; set; }

    public string Phone { get; set; } = "";

    /// <summary>The rows as a view, for which ML.NET has to be told how many codes there are.</summary>
    public static IDataView View(MLContext ml, IEnumerable<FrameRow> rows, int codes)
    {
        var schema = SchemaDefinition.Create(typeof(FrameRow));
        schema[nameof(Code)].ColumnType = new KeyDataViewType(typeof(uint), codes);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }
}

/// <summary>A code of an utterance with what a classifier says of it.</summary>
internal sealed class ClassifiedFrame
{
    public string Utterance { get; set; } = "";

    public uint Code { get; set; }

    public string Phone { get; set; } = "";

    public string PredictedLabel { get; set; } = "";

    public float[] Score { get; set; } = [];
}

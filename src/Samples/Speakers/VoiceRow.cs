using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>An utterance as codes, and the target voice.</summary>
internal sealed class VoiceRow
{
    public string Utterance { get; set; } = "";

    public string Target { get; set; } = "";

    /// <summary>Keys: 1 is the first code.</summary>
    public uint[] Codes { get; set; } = [];

    /// <summary>A view of the rows, with the number of codes in the key type.</summary>
    public static IDataView View(MLContext ml, IEnumerable<VoiceRow> rows, int codes)
    {
        var schema = SchemaDefinition.Create(typeof(VoiceRow));
        schema[nameof(Codes)].ColumnType = new VectorDataViewType(new KeyDataViewType(typeof(uint), codes));
        return ml.Data.LoadFromEnumerable(rows, schema);
    }
}

/// <summary>An utterance as codes.</summary>
internal sealed class CodedUtterance
{
    public string Utterance { get; set; } = "";

    public uint[] Codes { get; set; } = [];
}

/// <summary>A decoded <see cref="VoiceRow"/>.</summary>
internal sealed class SpokenRow
{
    public string Utterance { get; set; } = "";

    public string Target { get; set; } = "";

    public float[] Converted { get; set; } = [];
}

/// <summary>A sound to classify.</summary>
/// <param name="Of">The utterance that is spoken.</param>
/// <param name="Voice">The voice of the sound.</param>
/// <param name="Waveform">The samples.</param>
internal sealed record Spoken(AlignedUtterance Of, string Voice, float[] Waveform)
{
    public bool IsConversion => Voice != Of.Speaker;
}

using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>An utterance as codes, and who is to say it.</summary>
internal sealed class VoiceRow
{
    public string Utterance { get; set; } = "";

    public string Target { get; set; } = "";

    /// <summary>Keys: 1 is the first code.</summary>
    public uint[] Codes { get; set; } = [];

    /// <summary>The rows as a view, for which ML.NET has to be told how many codes there are.</summary>
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

/// <summary>What came of a <see cref="VoiceRow"/>.</summary>
internal sealed class SpokenRow
{
    public string Utterance { get; set; } = "";

    public string Target { get; set; } = "";

    public float[] Converted { get; set; } = [];
}

/// <summary>Sound that a judge hears.</summary>
/// <param name="Of">The utterance whose words these are.</param>
/// <param name="Voice">Who is to be heard.</param>
/// <param name="Waveform">The samples.</param>
internal sealed record Spoken(AlignedUtterance Of, string Voice, float[] Waveform)
{
    public bool IsConversion => Voice != Of.Speaker;
}

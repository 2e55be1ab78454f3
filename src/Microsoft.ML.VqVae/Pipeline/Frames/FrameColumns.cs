namespace Microsoft.ML.VqVae;

/// <summary>What a row a code is made of: the names of the columns that are read and added, null for those that are not wanted, and the
/// time of a code.</summary>
internal sealed record FrameColumns(
    string Codes, string Code, string? Window, int Context, string? Time, string? Label, string Labels, string LabelStarts,
    string LabelEnds, int SamplesPerCode, int SampleRate)
{
    /// <summary>Seconds from the begin of the utterance to a code's centre. As a Single, like the times of labels: two that are written
    /// alike are then alike.</summary>
    public float Centre(int code) => (float)((code + 0.5) * SamplesPerCode / SampleRate);

    /// <summary>Seconds that a number of codes covers.</summary>
    public double Duration(int codes) => (double)codes * SamplesPerCode / SampleRate;

    /// <summary>The columns that are added, in this order; each is null where it is not wanted.</summary>
    public string?[] Added => [Code, Window, Label, Time];
}

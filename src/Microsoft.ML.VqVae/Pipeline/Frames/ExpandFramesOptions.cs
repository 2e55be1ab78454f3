using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <c>ExpandFrames</c>, which makes a row of every code of an utterance.</summary>
public sealed class ExpandFramesOptions
{
    /// <summary>How many samples a code stands for: code i is about samples i · this to (i + 1) · this.</summary>
    /// <value>At least 1. The default is 640: 25 codes a second at 16 kHz.</value>
    public int SamplesPerCode { get; set; } = 640;

    /// <summary>Samples a second of the audio that was encoded.</summary>
    /// <value>At least 1. The default is 16000.</value>
    public int SampleRate { get; set; } = 16000;

    /// <summary>The column to add for the codes around a code: <see cref="Context"/> before it, itself, and as many after it. Slots beyond
    /// the ends of the utterance are missing keys.</summary>
    /// <value>Null for none. The default is "Window".</value>
    public string? WindowColumnName { get; set; } = "Window";

    /// <summary>How many codes a window has on each side of its own.</summary>
    /// <value>Zero or more. The default is 3.</value>
    public int Context { get; set; } = 3;

    /// <summary>The column to add for the label at the code's centre: that of the interval that begins at the centre or before and ends
    /// after it. Where there is none, the text is empty, or the key missing.</summary>
    /// <value>Null, the default, for none.</value>
    public string? LabelColumnName { get; set; }

    /// <summary>The column of labels of an utterance in order of time: a vector of Text, or of UInt32 keys.</summary>
    /// <value>The default is "Labels". It is not needed without a <see cref="LabelColumnName"/>.</value>
    public string LabelsColumnName { get; set; } = "Labels";

    /// <summary>The column with the begin of each label in seconds, a vector of Single.</summary>
    /// <value>The default is "LabelStarts".</value>
    public string LabelStartsColumnName { get; set; } = "LabelStarts";

    /// <summary>The column with the end of each label in seconds, a vector of Single.</summary>
    /// <value>The default is "LabelEnds".</value>
    public string LabelEndsColumnName { get; set; } = "LabelEnds";

    /// <summary>The column to add for the time of the code's centre in seconds, (i + 0.5) · samples per code / sample rate,
    /// Single.</summary>
    /// <value>Null, the default, for none.</value>
    public string? TimeColumnName { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of ExpandFrames cannot be used");
        problems.AtLeast(nameof(SamplesPerCode), SamplesPerCode, 1);
        problems.AtLeast(nameof(SampleRate), SampleRate, 1);
        problems.Require(Context is >= 0 and <= 1 << 20, nameof(Context), "from 0 to a million", Context);
        if (LabelColumnName is not null)
        {
            (string Option, string Value)[] needed =
            [
                (nameof(LabelsColumnName), LabelsColumnName), (nameof(LabelStartsColumnName), LabelStartsColumnName),
                (nameof(LabelEndsColumnName), LabelEndsColumnName),
            ];
            foreach ((string option, string value) in needed)
                problems.Require(!string.IsNullOrEmpty(value), option, "the name of a column, since labels are asked for", value ?? "null");
        }
        problems.ThrowIfAny();
    }
}

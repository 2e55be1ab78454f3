using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Anomalies;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The command that detects anomalies.</summary>
internal static class AnomaliesVerb
{
    public static SampleVerb Create()
    {
        var verb = new SampleVerb(
            AnomaliesSample.Name, "Detects classes left out of training, painted defects, and odd windows of a series, by the bits of codes.",
            ImageVerbs.Data);
        Option<bool> skip = ImageVerbs.WithSkip(verb);
        Option<int?> classes = verb.WithCount("--classes", "Number of classes to leave out, one at a time. Default: 10, or 1 with --quick.");
        return verb.Runs<AnomaliesSettings>((settings, parsed, cancellation) => new AnomaliesSample(
            settings with { SkipUnreadable = parsed.GetValue(skip), Classes = parsed.GetValue(classes) }, cancellation).Run());
    }
}

using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>A hidden command that a sample starts as a second process: loads a model file and writes its predictions for test
/// data.</summary>
internal sealed class PredictionVerb : System.CommandLine.Command
{
    PredictionVerb(string name, string sample, Func<MLContext, ITransformer, PredictionData, IEnumerable<string>> lines)
        : base(name, "Loads a model and writes its predictions for the test data.")
    {
        var model = new Option<string>("--model") { Description = $"A model.zip of the {sample} sample.", Required = true };
        var data = new Option<string?>("--data") { Description = $"As for {sample}." };
        var rows = new Option<int>("--rows") { Description = "Number of test rows.", DefaultValueFactory = _ => int.MaxValue };
        var skip = new Option<bool>("--skip-unreadable") { Description = "As for images." };
        var output = new Option<string>("--out") { Description = "Output file.", Required = true };
        Option<string> device = SampleVerb.DeviceOption();
        foreach (Option option in (Option[])[model, data, rows, skip, output, device])
            Add(option);
        Hidden = true;
        SetAction((parsed, _) => SampleVerb.Guarded(() =>
        {
            var ml = new MLContext { GpuDeviceId = parsed.GetValue(device) == "cuda" ? 0 : null };
            ITransformer chain = ml.Model.Load(parsed.GetValue(model)!, out DataViewSchema _);
            File.WriteAllLines(parsed.GetValue(output)!, lines(
                ml, chain, new PredictionData(parsed.GetValue(data), parsed.GetValue(rows), parsed.GetValue(skip))));
            return 0;
        }));
    }

    public static PredictionVerb OfImages() => new(ImagePredictions.Verb, "images", (ml, model, data) =>
        ImagePredictions.Lines(ml, model, ImageDataSets.Open(ml, data.Folder, data.SkipUnreadable).Test, data.Rows));

    public static PredictionVerb OfPhones() => new(PhonePredictions.Verb, "phonemes", (ml, model, data) =>
    {
        string folder = data.Folder ?? throw new ArgumentException("The option --data is missing.");
        return PhonePredictions.Lines(ml, model, SpeechData.Read("", folder, newSpeakers: true), data.Rows);
    });

    /// <summary>The test data of a prediction.</summary>
    sealed record PredictionData(string? Folder, int Rows, bool SkipUnreadable);
}

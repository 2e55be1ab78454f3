using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The second process of the images sample: knows nothing but the model file and the data.</summary>
internal static class PredictVerb
{
    public static System.CommandLine.Command Create()
    {
        var model = new Option<string>("--model") { Description = "A model.zip of the images sample.", Required = true };
        var data = new Option<string?>("--data") { Description = "As for images." };
        var rows = new Option<int>("--rows") { Description = "How many of the test rows.", DefaultValueFactory = _ => int.MaxValue };
        var output = new Option<string>("--out") { Description = "The file to write.", Required = true };
        Option<string> device = VerbParts.DeviceOption();
        var verb = new System.CommandLine.Command("predict", "Loads a model and writes its predictions for the test rows.")
        {
            model, data, rows, output, device,
        };
        verb.Hidden = true;
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() =>
        {
            var ml = new MLContext { GpuDeviceId = parsed.GetValue(device) == "cuda" ? 0 : null };
            ITransformer chain = ml.Model.Load(parsed.GetValue(model)!, out _);
            ImageData images = ImageDataSets.Open(ml, parsed.GetValue(data));
            File.WriteAllLines(parsed.GetValue(output)!, Predictions.Lines(ml, chain, images.Test, parsed.GetValue(rows)));
            return 0;
        }));
        return verb;
    }
}

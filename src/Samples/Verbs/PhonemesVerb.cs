using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Speech;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>What codes of speech say of phonemes.</summary>
internal static class PhonemesVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = SpeechSettings.DataDescription,
        };
        var labelled = new Option<string[]>("--labelled")
        {
            Description = "A folder as for --data, of other speakers, all of which is trained on. May be given several times.",
            DefaultValueFactory = _ => [],
        };
        var unlabelled = new Option<string[]>("--unlabelled")
        {
            Description = "A folder that the codec learns from too, without labels: WAV, NIST SPHERE or FLAC files, or a folder as for "
                + "--data. May be given several times.",
            DefaultValueFactory = _ => [],
        };
        var codec = new Option<string>("--codec")
        {
            Description = "The codec over mel features, or the paper's over waveforms: a small one on a CPU.",
            DefaultValueFactory = _ => "mel",
        };
        codec.AcceptOnlyFromAmong("mel", "waveform");
        Option<int?> steps = VerbParts.StepsOption();
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("phonemes");
        Option<string?> checkpoint = VerbParts.CheckpointOption();
        var verb = new System.CommandLine.Command("phonemes", "Trains a VQ-VAE on speech without labels, and tells phonemes by its codes.")
        {
            data, labelled, unlabelled, codec, steps, seed, device, quick, output, checkpoint,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new PhonemesSample(
            new SpeechSettings
            {
                DataFolder = parsed.GetValue(data),
                LabelledFolders = parsed.GetValue(labelled)!,
                UnlabelledFolders = parsed.GetValue(unlabelled)!,
                Waveform = parsed.GetValue(codec) == "waveform",
                Steps = parsed.GetValue(steps),
                Seed = parsed.GetValue(seed),
                Cuda = parsed.GetValue(device) == "cuda",
                Quick = parsed.GetValue(quick),
                OutputFolder = parsed.GetValue(output)!,
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            AnsiConsole.Console,
            cancellation).Run()));
        return verb;
    }

    /// <summary>The second process of the phonemes sample: knows nothing but the model file and the data.</summary>
    public static System.CommandLine.Command CreateSecondProcess()
    {
        var model = new Option<string>("--model") { Description = "A model.zip of the phonemes sample.", Required = true };
        var data = new Option<string>("--data") { Description = "As for phonemes.", Required = true };
        var utterances = new Option<int>("--utterances")
        {
            Description = "How many of the test data.",
            DefaultValueFactory = _ => int.MaxValue,
        };
        var output = new Option<string>("--out") { Description = "The file to write.", Required = true };
        Option<string> device = VerbParts.DeviceOption();
        var verb = new System.CommandLine.Command(Phones.Verb, "Loads a model and writes the phones that it hears in the test data.")
        {
            model, data, utterances, output, device,
        };
        verb.Hidden = true;
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() =>
        {
            var ml = new MLContext { GpuDeviceId = parsed.GetValue(device) == "cuda" ? 0 : null };
            ITransformer chain = ml.Model.Load(parsed.GetValue(model)!, out _);
            SpeechData speech = SpeechData.Read("", parsed.GetValue(data)!, newSpeakers: true);
            File.WriteAllLines(parsed.GetValue(output)!, Phones.Lines(ml, chain, speech, parsed.GetValue(utterances)));
            return 0;
        }));
        return verb;
    }
}

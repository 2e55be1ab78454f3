using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The counts of a run of kills.</summary>
/// <param name="Killed">Processes that were killed while they trained.</param>
/// <param name="Resumed">Processes that went on from a checkpoint of a killed one.</param>
/// <param name="Runs">Trainings that were killed, and brought to their end.</param>
/// <param name="Equal">Those whose weights are, bit for bit, those of a training that nothing interrupted.</param>
/// <param name="Errors">What processes wrote that did not end well.</param>
internal sealed record KillReport(int Killed, int Resumed, int Runs, int Equal, IReadOnlyList<string> Errors)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Killed} kills, {Resumed} resumptions, {Runs} trainings brought to their end, {Equal} with equal weights, {Errors.Count} errors");
}

/// <summary>Kills training processes at random moments, has others go on from their checkpoints, and compares the weights at the
/// end.</summary>
internal static class Kills
{
    const int KillsOfARun = 5, Steps = 300;

    // The line of a training process at each of its steps.
    const string Step = "step";

    // The beginning of its last line, where it went on from a checkpoint.
    const string GoneOn = "gone on from step ";

    static readonly TimeSpan _longest = TimeSpan.FromMinutes(2);

    public static KillReport Run(int kills, int seed, string folder, TextWriter log)
    {
        var random = new Random(seed);
        var errors = new List<string>();
        Stopwatch time = Stopwatch.StartNew();
        byte[] expected = Train(Path.Combine(folder, "whole"), killAfter: null, errors, out _)
            ?? throw new InvalidOperationException($"The training that nothing interrupts did not end well: {string.Join('\n', errors)}");
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A training takes {time.Elapsed.TotalSeconds:F1} s."));
        (int killed, int resumed, int runs, int equal) = (0, 0, 0, 0);
        while (killed < kills && errors.Count < 10)
        {
            string run = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"run{runs++}"));
            byte[]? weights = null;
            for (int kill = 0; kill < KillsOfARun && killed < kills && weights is null; kill++)
            {
                // Anywhere within a step, and so within the writing of a checkpoint too.
                weights = Train(run, (random.Next(Steps / KillsOfARun), random.Next(10)), errors, out bool hadCheckpoint);
                killed += weights is null ? 1 : 0;
                resumed += hadCheckpoint ? 1 : 0;
            }
            if (weights is null)
            {
                weights = Train(run, killAfter: null, errors, out bool hadCheckpoint);
                resumed += hadCheckpoint ? 1 : 0;
            }
            equal += weights is not null && weights.AsSpan().SequenceEqual(expected) ? 1 : 0;
            Directory.Delete(run, recursive: true);
            log.WriteLine(new KillReport(killed, resumed, runs, equal, errors));
        }
        return new KillReport(killed, resumed, runs, equal, errors);
    }

    /// <summary>Trains in a process of its own; null where it was killed or failed.</summary>
    static byte[]? Train(string folder, (int Steps, int Milliseconds)? killAfter, List<string> errors, out bool hadCheckpoint)
    {
        hadCheckpoint = File.Exists(Path.Combine(folder, "checkpoints", "checkpoint.safetensors"));
        string weights = Path.Combine(folder, "weights.safetensors");
        using Process process = Child.Start(null, "train", "--folder", folder);
        process.StandardInput.Close();
        // A line for each step of this process.
        string? line = process.StandardOutput.ReadLine();
        for (int step = 0; step < killAfter?.Steps && line == Step; step++)
            line = process.StandardOutput.ReadLine();
        if (killAfter is { } wait && line == Step && !process.WaitForExit(wait.Milliseconds))
        {
            process.Kill();
            process.WaitForExit();
            return null;
        }
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(_longest))
        {
            process.Kill();
            errors.Add("A training did not end.");
            return null;
        }
        if (process.ExitCode != 0)
        {
            errors.Add($"{line}\n{output.Result}");
            return null;
        }
        // A training from the start would end in the same weights.
        if ($"{line}\n{output.Result}".Contains(GoneOn, StringComparison.Ordinal) != hadCheckpoint)
        {
            errors.Add(hadCheckpoint ? "A training began from the start, though there was a checkpoint."
                : "A training went on from a checkpoint, though there was none.");
        }
        return File.ReadAllBytes(weights);
    }

    /// <summary>A training of some hundred steps, with a checkpoint after every few.</summary>
    public static void Train(string folder, TextWriter output)
    {
        var ml = new MLContext(seed: 1);
        var options = new ImageVqVaeOptions
        {
            Codec = ModelKinds.Codec(), Quantizer = ModelKinds.Quantizer(2), Training = ModelKinds.Training(Steps),
        };
        options.Training.ValidationFraction = 0.2;
        options.Training.ValidateEverySteps = 20;
        options.Training.CheckpointFolder = Path.Combine(folder, "checkpoints");
        options.Training.CheckpointEverySteps = 3;
        options.Training.ProgressEverySteps = 1;
        options.Training.Progress = new StepReport(output);
        using ImageVqVaeTransformer model =
            ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(SampleData.Pixels(ml, 24));
        model.SaveWeights(Path.Combine(folder, "weights.safetensors"));
        if (model.TrainingSummary!.ResumedFromStep is long step and > 0)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{GoneOn}{step}"));
    }

    sealed class StepReport(TextWriter output) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            output.WriteLine(Step);
            output.Flush();
        }
    }
}

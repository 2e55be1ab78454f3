using System.Globalization;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Steps;

/// <summary>The parts of a training step of the image codec: how much of its time each takes.</summary>
internal static class StepProfile
{
    const int WarmUpSteps = 5, Steps = 40;

    public static void Run(IReadOnlyList<string> models, TextWriter output)
    {
        output.WriteLine("| model | precision | encoder | quantizer | decoder and losses | backward | Adam | whole step, ms |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (string model in models)
        {
            foreach (bool isReduced in FastBFloat16.IsOn(CPU) ? new[] { false, true } : [false])
                output.WriteLine(Row(model, isReduced));
        }
        output.WriteLine($"Milliseconds, medians of {Steps} steps. Each part is the difference between two sums of the parts up to it.");
    }

    static string Row(string model, bool isReduced)
    {
        ModelSize size = ModelSize.Named(model);
        ImageVqVaeOptions options = size.Options(steps: 1);
        options.Codec.Height = options.Codec.Width = size.Side;
        options.Codec.Channels = size.Channels;
        using var network = new ImageVqVae(options.Codec, options.Quantizer, seed: 1);
        using var tensors = new TrainingTensors(network, CPU);
        using Tensor images = rand(size.Batch, size.Channels, size.Side, size.Side).mul_(255);
        Action<Tensor>[] parts =
        [
            batch => network.EncodeToLatents(batch),
            batch => network.Quantizer.call(network.EncodeToLatents(batch)),
            batch => network.Loss(batch, new TrainingMoment(1, 2)),
            batch => network.Loss(batch, new TrainingMoment(1, 2)).Total.backward(),
            batch =>
            {
                network.Loss(batch, new TrainingMoment(1, 2)).Total.backward();
                tensors.Step(1e-4);
            },
        ];
        network.train();
        double[][] times = [.. parts.Select(_ => new double[Steps])];
        for (int step = -WarmUpSteps; step < Steps; step++)
        {
            // In turn, as the speed of a shared machine changes.
            for (int part = 0; part < parts.Length; part++)
            {
                tensors.DropGradients();
                using DisposeScope scope = NewDisposeScope();
                using IDisposable? precision = isReduced ? MixedPrecision.BFloat16() : null;
                double time = IWorkloads.Time(() => parts[part](images));
                if (step >= 0)
                    times[part][step] = time;
            }
        }
        double[] sums = [.. times.Select(part => part.Order().ElementAt(Steps / 2))];
        string cells = string.Join(" | ", sums.Select((sum, part) =>
            (part == 0 ? sum : sum - sums[part - 1]).ToString("0.0", CultureInfo.InvariantCulture)));
        return string.Create(CultureInfo.InvariantCulture,
            $"| {model} | {(isReduced ? "BFloat16" : "Single")} | {cells} | {sums[^1]:0.0} |");
    }
}

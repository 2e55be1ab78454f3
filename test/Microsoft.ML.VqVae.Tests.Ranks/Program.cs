using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Training;

// Trains a codec on all processes that mpirun started, 50 steps with batches of 9 images, and saves the weights: `train FOLDER`. Others
// show what happens when a rank fails or is canceled: `fail-reading`, `fail-training`, `cancel`. `alone FOLDER` trains in this process alone.
string what = args[0];
using MpiTrainingGroup? group = what == "alone" ? null : MpiTrainingGroup.Join();
int rank = group?.Rank ?? 0;

var ml = new MLContext(seed: 1);
if (rank == 0)
    ml.Log += (_, message) => Console.WriteLine(message.Message);
IDataView pictures = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 60).Select(number => Picture.Of(number)).ToArray());
if (what == "fail-reading" && rank == 1)
    pictures = ml.Data.LoadFromEnumerable(new[] { new Picture { Pixels = [.. Enumerable.Repeat(float.NaN, 64)] } });

using var cancellation = new CancellationTokenSource();
ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
(options.Codec.HiddenChannels, options.Codec.OuterChannels, options.Codec.ResidualChannels, options.Codec.Downsamplings) = (8, 8, 4, 1);
(options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (8, 4, 3);
options.Training = new TrainingOptions
{
    Group = group, Steps = 50, BatchSize = 9, LearningRate = 1e-3, Seed = 3, CancellationToken = cancellation.Token,
    Progress = new Reports(step =>
    {
        if (what == "fail-training" && step == 20)
            throw new InvalidOperationException("The reporter of rank 0 is broken.");
        if (what == "cancel" && step == 20)
            cancellation.Cancel();
    }),
};

try
{
    using ImageVqVaeTransformer codec = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(pictures);
    codec.SaveWeights(Path.Combine(args[1], $"{what}-{rank}.safetensors"));
    Console.WriteLine($"rank {rank}: saved");
}
catch (OperationCanceledException)
{
    Console.WriteLine($"rank {rank}: canceled");
}

internal sealed class Picture
{
    [VectorType(8, 8)]
    public float[] Pixels { get; set; } = [];

    public static Picture Of(int number) => new()
    {
        Pixels = [.. Enumerable.Range(0, 64).Select(i => 128 + 100 * MathF.Sin((i % 8 * (number % 5 + 1) + i / 8 * (number % 3)) / 3f))],
    };
}

internal sealed class Reports(Action<long> report) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => report(value.Step);
}

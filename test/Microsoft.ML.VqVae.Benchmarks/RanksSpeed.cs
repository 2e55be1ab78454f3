using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Training;
using TorchSharp;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The throughput of training the fast codec of 28×28 images on one or several processes with a thread each, in batches of 128, and
/// the messages of a step. Start it alone, and as <c>mpirun -np 2 dotnet exec … ranks</c>.</summary>
internal static class RanksSpeed
{
    const int Side = 28, BatchSize = 128, WarmUpSteps = 20;

    public static void Run(int steps, TextWriter output)
    {
        torch.set_num_threads(1);
        using MpiTrainingGroup? mpi = Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is null ? null : MpiTrainingGroup.Join();
        CountingGroup? group = mpi is null ? null : new CountingGroup(mpi);
        var ml = new MLContext(seed: 1);
        var random = new Random(1);
        IDataView images = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 4 * BatchSize).Select(_ => new Image
        {
            Pixels = [.. Enumerable.Range(0, Side * Side).Select(_ => (float)random.Next(256))],
        }).ToArray());
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.VectorQuantizer.UnquantizedSteps = 0;
        var speeds = new List<double>();
        long warmUpBytes = 0, warmUpCalls = 0;
        (options.Training.Steps, options.Training.BatchSize, options.Training.ProgressEverySteps) = (WarmUpSteps + steps, BatchSize, WarmUpSteps);
        options.Training.Group = group;
        options.Training.Progress = new Reports(report =>
        {
            if (report.Step == WarmUpSteps)
                (warmUpBytes, warmUpCalls) = group is null ? (0, 0) : (group.Bytes, group.Calls);
            else
                speeds.Add(report.ExamplesPerSecond);
        });
        ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(images).Dispose();
        if (mpi is { Rank: > 0 })
            return;
        speeds.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{mpi?.Size ?? 1} processes of one thread: {speeds[speeds.Count / 2]:0} images a second (median of {speeds.Count} reports)"));
        if (group is not null)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"A step: {(double)(group.Bytes - warmUpBytes) / steps:0} bytes in {(double)(group.Calls - warmUpCalls) / steps:0.0} messages"));
        }
    }

    sealed class Image
    {
        [VectorType(Side, Side)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }

    /// <summary>A group that counts what it sends.</summary>
    sealed class CountingGroup(ITrainingGroup group) : ITrainingGroup
    {
        public long Bytes { get; private set; }

        public long Calls { get; private set; }

        public int Rank => group.Rank;

        public int Size => group.Size;

        public void Sum(Span<float> values)
        {
            Count(values.Length * sizeof(float));
            group.Sum(values);
        }

        public void Broadcast(Span<byte> bytes)
        {
            Count(bytes.Length);
            group.Broadcast(bytes);
        }

        public void Abort(string message) => group.Abort(message);

        void Count(long bytes)
        {
            Bytes += bytes;
            Calls++;
        }
    }
}

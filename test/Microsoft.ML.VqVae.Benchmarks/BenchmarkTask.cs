using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training tasks whose batches and losses are delegates.</summary>
internal static class BenchmarkTask
{
    public static TrainingTask Of(
        nn.Module network, int examples, Func<BatchExamples, Tensor[]> readBatch,
        Func<IReadOnlyList<Tensor>, TrainingMoment, StepLoss> loss) =>
        new(network, new Objective(loss), new Store(examples, readBatch), new SettingsFingerprint());

    sealed class Objective(Func<IReadOnlyList<Tensor>, TrainingMoment, StepLoss> loss) : ITrainable
    {
        public StepLoss Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => loss(batch, moment);
    }

    sealed class Store(int count, Func<BatchExamples, Tensor[]> read) : IExampleStore
    {
        public int Count => count;

        public Tensor[] ReadBatch(BatchExamples examples) => read(examples);
    }
}

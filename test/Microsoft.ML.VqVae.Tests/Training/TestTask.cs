using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Training tasks made of delegates, and moments of a training run.</summary>
internal static class TestTask
{
    public static TrainingTask Of(
        nn.Module network, int examples, Func<BatchExamples, Tensor[]> readBatch,
        Func<IReadOnlyList<Tensor>, TrainingMoment, StepLoss> loss, SettingsFingerprint? fingerprint = null) =>
        new(network, new Objective(loss), new Store(examples, readBatch), fingerprint ?? new());

    /// <summary>An early moment of a long run, in which dead codes are still restarted.</summary>
    public static TrainingMoment At(long step) => new(step, 1_000_000);

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

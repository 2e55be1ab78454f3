using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>A linear network with everything that a checkpoint must keep: parameters, one of which is trained on now and then only, and a
/// buffer that changes in training.</summary>
internal sealed class TinyNetwork : nn.Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter bias;
    public readonly Parameter rare;
    readonly Tensor seen;

    internal TinyNetwork() : base(nameof(TinyNetwork))
    {
        weight = nn.Parameter(tensor(new[] { 0.5f, -0.25f, 0.125f }).view(1, 3));
        bias = nn.Parameter(tensor(new[] { 0.0625f }));
        rare = nn.Parameter(tensor(new[] { 1f }));
        seen = zeros(1);
        register_buffer("seen", seen);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        if (training)
        {
            using IDisposable _ = no_grad();
            seen.add_(BatchShare.Current.Place(x.shape[0]).Batch);
        }

        return x.matmul(weight.t()) + bias;
    }

    /// <summary>The state as text: equal if and only if every bit is.</summary>
    internal string Bits() =>
        string.Join(" ", state_dict().OrderBy(t => t.Key).Select(t => $"{t.Key}={Convert.ToHexString(t.Value.bytes)}"));
}

/// <summary>A regression on made-up numbers, exact in float32 and known to test/golden/training/adam.py.</summary>
internal sealed class TinyRegression : IDisposable
{
    internal TinyRegression(int examples = 12)
    {
        Examples = examples;
        Task = MakeTask(("network", "tiny"));
    }

    internal TinyNetwork Network { get; } = new();

    internal int Examples { get; }

    internal TrainingTask Task { get; set; }

    /// <summary>Example numbers of every batch read, in order.</summary>
    internal List<int[]> Read { get; } = [];

    /// <summary>Called with every moment before its loss is computed.</summary>
    internal Action<TrainingMoment>? OnLoss { get; set; }

    /// <summary>Added to every number of the data.</summary>
    internal float Shift { get; init; }

    internal TrainingTask MakeTask(params (string Name, string Value)[] settings)
    {
        var fingerprint = new SettingsFingerprint();
        foreach ((string name, string value) in settings)
            fingerprint.Add(name, value);
        return TestTask.Of(Network, Examples, ReadBatch, Loss, fingerprint);
    }

    internal TrainingSummary Run(TrainingOptions options, Action<string>? report = null) => TrainingLoop.Run(Task, options, CPU, report);

    public void Dispose() => Network.Dispose();

    Tensor[] ReadBatch(BatchExamples examples)
    {
        int[] numbers = examples.Numbers.ToArray();
        lock (Read)
            Read.Add(numbers);
        float[] x = new float[numbers.Length * 3];
        float[] y = new float[numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            for (int j = 0; j < 3; j++)
                x[(i * 3) + j] = ((((7 * numbers[i]) + (3 * j)) % 11) - 5) / 4f;
            y[i] = (((5 * numbers[i]) % 7) - 3) / 2f;
        }

        // The intermediate tensors are the feeder's to free.
        return [tensor(x).view(numbers.Length, 3) + Shift, tensor(y).view(numbers.Length, 1) + 0];
    }

    StepLoss Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment)
    {
        OnLoss?.Invoke(moment);
        Tensor error = (Network.forward(batch[0]) - batch[1]).square().mean();
        Tensor total = error;
        if (Network.training && moment.Step % 4 == 1)
            total += Network.rare.square().sum() * 0.01;
        var terms = new Dictionary<string, Tensor> { ["error"] = error, ["twice"] = error * 2 };
        return new StepLoss(total, terms, tensor(new[] { 1f, 3f, 0f, 0f }));
    }
}

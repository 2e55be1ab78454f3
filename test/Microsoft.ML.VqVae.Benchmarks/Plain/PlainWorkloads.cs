using Microsoft.ML.VqVae.Benchmarks.Limits;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The bare training loop and the bare evaluation loop of a plain network.</summary>
/// <param name="network">The network, with its weights in their final layout; owned from now on.</param>
/// <param name="examples">The number of training examples, a multiple of <paramref name="batch"/>.</param>
/// <param name="batch">The number of examples of a batch.</param>
internal abstract class PlainWorkloads(nn.Module network, int examples, int batch) : IPlainWorkloads
{
    const double LearningRate = 2e-4;

    readonly Adam _optimizer = optim.Adam(network.parameters(), LearningRate);
    readonly Tensor _first = arange(batch, dtype: ScalarType.Int64);

    /// <summary>The numbers of the examples of the first batch.</summary>
    protected Tensor First => _first;

    public double Run(string name, int count) => IWorkloads.IsTraining(name) ? Train(count) : Repeat(name, count);

    public ModelOutputs Evaluate()
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        network.eval();
        double loss = Loss(_first).item<float>();
        Tensor scores = Scores();
        return new ModelOutputs(loss, scores.argmax(1).MoveToOuterDisposeScope(), scores.MoveToOuterDisposeScope());
    }

    public IReadOnlyList<LayerWork> LayersOf(string name) => LayerCounter.Count(network, () =>
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        network.eval();
        if (IWorkloads.IsTraining(name))
            Loss(_first);
        else
            Once(name);
    });

    public virtual void Dispose()
    {
        _optimizer.Dispose();
        _first.Dispose();
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The loss of the examples with these numbers, Int64 [B].</summary>
    protected abstract Tensor Loss(Tensor numbers);

    /// <summary>One run of a workload other than training; without gradients, in evaluation mode.</summary>
    protected abstract void Once(string name);

    /// <summary>The scores [N, K] whose maxima are the codes that <see cref="ModelOutputs"/> compares.</summary>
    protected abstract Tensor Scores();

    protected static ArgumentException UnknownWorkload(string name, string expected) =>
        new($"There is no workload '{name}'; expected train, {expected}.", nameof(name));

    double Train(int steps)
    {
        network.train();
        using Tensor order = randperm(examples, dtype: ScalarType.Int64);
        return IWorkloads.Time(() =>
        {
            for (int step = 0; step < steps; step++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor loss = Loss(order.narrow(0, (long)step * batch % examples, batch));
                _optimizer.zero_grad();
                loss.backward();
                _optimizer.step();
                if (step == steps - 1 && !float.IsFinite(loss.item<float>()))
                    throw new InvalidOperationException("The plain network's loss is not a finite number.");
            }
        }) / steps;
    }

    double Repeat(string name, int count)
    {
        network.eval();
        using IDisposable withoutGradients = no_grad();
        return IWorkloads.Time(() =>
        {
            for (int run = 0; run < count; run++)
            {
                using DisposeScope scope = NewDisposeScope();
                Once(name);
            }
        }) / count;
    }
}

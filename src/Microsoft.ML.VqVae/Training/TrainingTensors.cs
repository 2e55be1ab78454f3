using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The tensors of a run: the network, Adam's, and the best weights so far.</summary>
internal sealed class TrainingTensors : IDisposable
{
    const double ClipEpsilon = 1e-6;

    readonly (string Name, Parameter Parameter)[] parameters;
    readonly Adam adam;

    /// <summary>Moves the network to the device, then makes the optimizer.</summary>
    internal TrainingTensors(nn.Module network, Device device)
    {
        network.to(device);
        Network = network;
        parameters = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];
        if (parameters.Length == 0)
            throw new ArgumentException("No parameter of the network requires gradients: there is nothing to train.", nameof(network));
        adam = new Adam(parameters.Select(p => p.Parameter));
    }

    internal nn.Module Network { get; }

    /// <summary>A copy of the network's state with the lowest validation loss, or null.</summary>
    internal Dictionary<string, Tensor>? Best { get; private set; }

    /// <summary>Adam's state of every trained parameter.</summary>
    internal IEnumerable<(string Name, Adam.State State)> AdamStates() =>
        parameters.Zip(adam.States, (p, state) => (p.Name, state));

    /// <summary>Drops the gradients of the previous step. They are dropped, not zeroed: Adam leaves a parameter without gradient alone, and
    /// whether a parameter has one must depend only on the step, or a resumed run would differ.</summary>
    internal void DropGradients()
    {
        foreach ((string _, Parameter? parameter) in parameters)
            parameter.grad = null;
    }

    /// <summary>One step of Adam.</summary>
    internal void Step(double learningRate) => adam.Step(learningRate);

    /// <summary>Scales all gradients so that their common Euclidean norm is at most <paramref name="norm"/>. TorchSharp's own
    /// clip_grad_norm_ returns the norm as a number and so waits for the device at every step; this does not.</summary>
    internal void ClipGradients(double norm)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        var gradients = parameters.Select(p => p.Parameter.grad).OfType<Tensor>().ToList();
        if (gradients.Count == 0)
            return;
        Tensor factor = stack(gradients.Select(g => g.norm())).norm().Add_(ClipEpsilon).reciprocal().Mul_(norm).ClampMax(1);
        foreach (Tensor? gradient in gradients)
            gradient.mul_(factor);
    }

    /// <summary>Replaces the gradients by those of the whole batch: the sum over the ranks, each weighed by its rows.</summary>
    /// <param name="share">The share of this rank.</param>
    /// <param name="weight">The rows of this rank, as a share of the batch.</param>
    /// <param name="signal">A message of this rank to all.</param>
    /// <returns>Whether any rank gave the signal.</returns>
    internal bool SumGradients(BatchShare share, double weight, bool signal)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        // One message: all gradients, whether each is there, and the signal.
        Device device = parameters[0].Parameter.device;
        Tensor there = tensor(parameters.Select(p => p.Parameter.grad is null ? 0f : 1).Append(signal ? 1 : 0).ToArray());
        IEnumerable<Tensor> gradients = parameters.Select(p => (p.Parameter.grad ?? zeros_like(p.Parameter)).flatten().Mul(weight));
        Tensor sum = share.Sum(cat([.. gradients, there.to(device)]));
        there = sum.narrow(0, sum.shape[0] - there.shape[0], there.shape[0]).cpu();
        Span<float> present = MemoryMarshal.Cast<byte, float>(there.bytes);
        long start = 0;
        for (int i = 0; i < parameters.Length; i++)
        {
            Parameter parameter = parameters[i].Parameter;
            long count = parameter.numel();
            if (present[i] > 0)
            {
                parameter.grad ??= zeros_like(parameter);
                parameter.grad.copy_(sum.narrow(0, start, count).view(parameter.shape));
            }
            start += count;
        }
        return present[^1] > 0;
    }

    /// <summary>Replaces the network's state by that of rank 0.</summary>
    /// <returns>The largest difference, relative to the largest value of a tensor or to 1.</returns>
    internal double TakeFromFirst(GroupShare share)
    {
        using IDisposable noGradients = no_grad();
        double largest = 0;
        foreach (Tensor target in Network.state_dict().Values.Where(tensor => tensor.numel() > 0))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor former = target.detach().clone();
            share.TakeFromFirst(target);
            double scale = Math.Max(1, target.to(ScalarType.Float64).nan_to_num(0, 0, 0).abs().max().item<double>());
            double difference = (target - former).to(ScalarType.Float64).nan_to_num(0, 0, 0).abs().max().item<double>();
            largest = Math.Max(largest, difference / scale);
        }
        return largest;
    }

    /// <summary>Copies the network's state.</summary>
    internal void KeepAsBest()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        DisposeBest();
        Best = Network.state_dict().ToDictionary(t => t.Key, t => t.Value.detach().clone().DetachFromDisposeScope());
    }

    /// <summary>Restores the copied state, if there is one.</summary>
    internal void RestoreBest()
    {
        using IDisposable noGradients = no_grad();
        if (Best is null)
            return;
        foreach ((string? name, Tensor? target) in Network.state_dict())
            target.copy_(Best[name]);
    }

    public void Dispose()
    {
        DropGradients();
        adam.Dispose();
        DisposeBest();
    }

    void DisposeBest()
    {
        foreach (Tensor tensor in Best?.Values ?? Enumerable.Empty<Tensor>())
            tensor.Dispose();
        Best = null;
    }
}

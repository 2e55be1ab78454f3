using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Adam (Kingma and Ba 2014, arXiv 1412.6980, algorithm 1), with the arithmetic of TorchSharp's own, which cannot be used: it
/// leaves scalars without an owner, see <see cref="TensorArithmetic"/>.</summary>
internal sealed class Adam : IDisposable
{
    const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    readonly Parameter[] _parameters;

    /// <param name="parameters">The parameters, on the device on which they stay.</param>
    internal Adam(IEnumerable<Parameter> parameters)
    {
        _parameters = [.. parameters];
        States = [.. _parameters.Select(parameter => new State(parameter))];
    }

    /// <summary>The state of each parameter, in their order.</summary>
    internal IReadOnlyList<State> States { get; }

    /// <summary>One step, for the parameters that have a gradient.</summary>
    internal void Step(double learningRate)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (_parameters[i].grad is not { } gradient)
                continue;
            State state = States[i];
            state.step++;
            state.exp_avg.Mul_(Beta1).Add_(gradient, 1 - Beta1);
            state.exp_avg_sq.Mul_(Beta2).Addcmul_(gradient, gradient, 1 - Beta2);
            Tensor deviation = state.exp_avg_sq.sqrt().Div_(Math.Sqrt(1 - Math.Pow(Beta2, state.step))).Add_(Epsilon);
            _parameters[i].Addcdiv_(state.exp_avg, deviation, -learningRate / (1 - Math.Pow(Beta1, state.step)));
        }
    }

    public void Dispose()
    {
        foreach (State state in States)
            state.Dispose();
    }

    /// <summary>The state of a parameter, under PyTorch's names.</summary>
    internal sealed class State : IDisposable
    {
        internal State(Parameter parameter)
        {
            exp_avg = zeros_like(parameter).DetachFromDisposeScope();
            exp_avg_sq = zeros_like(parameter).DetachFromDisposeScope();
        }

        /// <summary>Number of completed steps.</summary>
        internal long step { get; set; }

        /// <summary>The moving average of gradients.</summary>
        internal Tensor exp_avg { get; }

        /// <summary>The moving average of squared gradients.</summary>
        internal Tensor exp_avg_sq { get; }

        public void Dispose()
        {
            exp_avg.Dispose();
            exp_avg_sq.Dispose();
        }
    }
}

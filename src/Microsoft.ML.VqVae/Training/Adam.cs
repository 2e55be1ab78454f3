using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Adam (Kingma and Ba 2014, arXiv 1412.6980, algorithm 1). TorchSharp's own cannot be used: it leaves scalars without an owner, see
/// <see cref="TensorArithmetic"/>.</summary>
internal sealed class Adam : IDisposable
{
    internal const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    readonly Parameter[] _parameters;
    readonly AdamKernel _kernel = new();

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
            var factors = new AdamFactors(Math.Sqrt(1 - Math.Pow(Beta2, state.step)), -learningRate / (1 - Math.Pow(Beta1, state.step)));
            if (AdamKernel.Handles(_parameters[i]))
                _kernel.Add(_parameters[i], gradient, state.exp_avg, state.exp_avg_sq, factors);
            else
                Step(_parameters[i], gradient, state, factors);
        }
        _kernel.Run();
    }

    /// <summary>With operators of libtorch.</summary>
    static void Step(Parameter parameter, Tensor gradient, State state, in AdamFactors factors)
    {
        state.exp_avg.Mul_(Beta1).Add_(gradient, 1 - Beta1);
        state.exp_avg_sq.Mul_(Beta2).Addcmul_(gradient, gradient, 1 - Beta2);
        Tensor deviation = state.exp_avg_sq.sqrt().Div_(factors.Correction).Add_(Epsilon);
        parameter.Addcdiv_(state.exp_avg, deviation, factors.Rate);
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

/// <summary>The numbers of step t of <see cref="Adam"/> for one parameter.</summary>
/// <param name="Correction">√(1 − β₂ᵗ).</param>
/// <param name="Rate">−α / (1 − β₁ᵗ), with the learning rate α.</param>
internal readonly record struct AdamFactors(double Correction, double Rate);

/// <summary>Steps of <see cref="Adam"/> on a CPU, in one pass over the memory of each parameter. As operators of libtorch they take eight, and
/// up to a tenth of a training step.</summary>
internal sealed unsafe class AdamKernel
{
    /// <summary>Values that a thread takes at a time.</summary>
    const int PartValues = 1 << 14;

    readonly List<Part> _parts = [];

    /// <summary>Whether this can change a parameter.</summary>
    public static bool Handles(Tensor parameter) =>
        (Fma.IsSupported || AdvSimd.IsSupported) && parameter.device_type == DeviceType.CPU && parameter.dtype == ScalarType.Float32
        && parameter.numel() <= int.MaxValue / sizeof(float) && (parameter.is_contiguous() || IsChannelsInnermost(parameter));

    /// <summary>Adds a parameter to the step.</summary>
    /// <remarks>The tensors, and the dispose scope that is open, must live until <see cref="Run"/> has ended. The averages lie in memory as
    /// the parameter does.</remarks>
    public void Add(Tensor parameter, Tensor gradient, Tensor mean, Tensor squares, in AdamFactors factors)
    {
        // In the order of the parameter's memory, which averages made by zeros_like share; a gradient in another order is copied.
        bool innermost = !parameter.is_contiguous();
        float* Start(Tensor values)
        {
            fixed (byte* start = (innermost ? values.movedim([1L], [-1L]) : values).contiguous().bytes)
                return (float*)start;
        }
        var all = new Part(Start(parameter), Start(gradient), Start(mean), Start(squares), (int)parameter.numel(), factors);
        for (int start = 0; start < all.Count; start += PartValues)
            _parts.Add(all.From(start, Math.Min(PartValues, all.Count - start)));
    }

    /// <summary>Changes all parameters, on as many threads as libtorch uses.</summary>
    public void Run()
    {
        new SharedWork(_parts.Count, number => Step(_parts[number])).Run(Math.Clamp(_parts.Count, 1, get_num_threads()));
        _parts.Clear();
    }

    // Of kernels with one or two axes.
    static bool IsChannelsInnermost(Tensor values) => values.Dimensions is 3 or 4
        && values.stride().SequenceEqual(InnermostStrides(values.shape));

    static long[] InnermostStrides(long[] shape) => shape is [_, long channels, long height, long width]
        ? [channels * height * width, 1, channels * width, channels] : [shape[1] * shape[2], 1, shape[1]];

    // In the order of libtorch's operators.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Step(in Part part)
    {
        const float Decay = (float)Adam.Beta1, SquaresDecay = (float)Adam.Beta2, Epsilon = (float)Adam.Epsilon;
        const float Weight = (float)(1 - Adam.Beta1), SquaresWeight = (float)(1 - Adam.Beta2);
        (float correction, float rate) = ((float)part.Factors.Correction, (float)part.Factors.Rate);
        int i = 0;
        for (; i <= part.Count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> gradient = Vector.Load(part.Gradient + i);
            Vector<float> mean = Vector.FusedMultiplyAdd(gradient, new(Weight), Vector.Load(part.Mean + i) * Decay);
            Vector<float> squares = Vector.FusedMultiplyAdd(gradient * SquaresWeight, gradient, Vector.Load(part.Squares + i) * SquaresDecay);
            Vector<float> deviation = Vector.SquareRoot(squares) / new Vector<float>(correction) + new Vector<float>(Epsilon);
            mean.Store(part.Mean + i);
            squares.Store(part.Squares + i);
            (Vector.Load(part.Parameter + i) + mean * rate / deviation).Store(part.Parameter + i);
        }
        for (; i < part.Count; i++)
        {
            float gradient = part.Gradient[i];
            float mean = part.Mean[i] = MathF.FusedMultiplyAdd(gradient, Weight, part.Mean[i] * Decay);
            float squares = part.Squares[i] = MathF.FusedMultiplyAdd(gradient * SquaresWeight, gradient, part.Squares[i] * SquaresDecay);
            part.Parameter[i] += mean * rate / (MathF.Sqrt(squares) / correction + Epsilon);
        }
    }

    /// <summary>A part of a parameter.</summary>
    readonly struct Part(float* parameter, float* gradient, float* mean, float* squares, int count, AdamFactors factors)
    {
        public readonly float* Parameter = parameter, Gradient = gradient, Mean = mean, Squares = squares;
        public readonly int Count = count;
        public readonly AdamFactors Factors = factors;

        public Part From(int start, int count) =>
            new(Parameter + start, Gradient + start, Mean + start, Squares + start, count, Factors);
    }
}

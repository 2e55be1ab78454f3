using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A function of tensors whose gradient is computed by code of the library instead of libtorch's.</summary>
/// <remarks>Within <see cref="BackwardPass.Run"/>, a graph can be run backward once.</remarks>
/// <typeparam name="TSelf">The function itself.</typeparam>
internal abstract class OwnGradient<TSelf> : autograd.SingleTensorFunction<TSelf> where TSelf : OwnGradient<TSelf>, new()
{
    // TorchSharp hands over the addresses of gradients alone, which libtorch reads after the call. The next call frees them: otherwise
    // those of all layers were kept until the end of the step.
    [ThreadStatic]
    static List<Tensor?>? _returned;

    public override string Name => typeof(TSelf).DeclaringType?.Name ?? typeof(TSelf).Name;

    /// <summary>The result, with its place in the graph.</summary>
    /// <param name="arguments">Those of <see cref="autograd.SingleTensorFunction{T}.forward"/>.</param>
    public static Tensor Compute(params object[] arguments)
    {
        // TorchSharp leaves a tensor of the size of the result to the scope.
        using DisposeScope scope = NewDisposeScope();
        return apply(arguments).MoveToOuterDisposeScope();
    }

    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        foreach (Tensor? former in _returned ?? [])
            former?.Dispose();
        try
        {
            using DisposeScope scope = NewDisposeScope();
            _returned = [.. (grad_output.IsInvalid ? new Tensor?[Arguments] : Gradients(ctx, grad_output))
                .Select(gradient => gradient?.MoveToOuterDisposeScope())];
        }
        catch (Exception exception)
        {
            // On its way through libtorch it would end the process. Of gradients of a wrong shape, libtorch makes an error of its own.
            BackwardPass.Fail(exception);
            _returned = [.. Enumerable.Range(0, Arguments).Select(number => number < Tensors ? zeros(0).DetachFromDisposeScope() : null)];
        }
        // Gradient and saved tensors, too, would be kept until the end of the step. Other code may run its graph backward again.
        grad_output.Dispose();
        if (BackwardPass.IsRunning)
            ctx.Dispose();
        return _returned!;
    }

    /// <summary>The number of arguments.</summary>
    protected abstract int Arguments { get; }

    /// <summary>The number of arguments that are always tensors, of one or more axes; they come first.</summary>
    protected abstract int Tensors { get; }

    /// <summary>The gradients of the arguments, null for those that need none.</summary>
    /// <param name="context">What the function saved.</param>
    /// <param name="ofResult">The gradient of the result.</param>
    protected abstract Tensor?[] Gradients(autograd.AutogradContext context, Tensor ofResult);
}

/// <summary>A backward pass through functions with gradients of their own.</summary>
internal static class BackwardPass
{
    [ThreadStatic]
    static ExceptionDispatchInfo? _failure;

    [ThreadStatic]
    static bool _running;

    /// <summary>Whether the backward pass of this thread is one of <see cref="Run"/>.</summary>
    internal static bool IsRunning => _running;

    /// <summary>Runs a backward pass through a graph that is of no use afterwards. Where a gradient of <see cref="OwnGradient{TSelf}"/> fails,
    /// its exception is thrown instead of libtorch's.</summary>
    public static void Run(Action pass)
    {
        (_failure, _running) = (null, true);
        try
        {
            pass();
        }
        finally
        {
            _running = false;
            _failure?.Throw();
        }
    }

    /// <summary>Keeps the first exception of the pass.</summary>
    internal static void Fail(Exception exception) => _failure ??= ExceptionDispatchInfo.Capture(exception);
}

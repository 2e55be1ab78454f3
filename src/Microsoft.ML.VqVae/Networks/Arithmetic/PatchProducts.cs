using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Convolutions of images, and their gradients, as products of matrices: for processors on which the convolutions of libtorch are slow
/// (<see cref="SlowOperators"/>).
/// </summary>
/// <remarks>
/// With P(x) the matrix of the patches that the kernel sees, and M the matrix of the kernel, a convolution is y = P(x)·Mᵀ. Its gradients are
/// ∂x = Pᵀ(∂y·M), where Pᵀ adds patches up at their places, and ∂M = ∂yᵀ·P(x). A transposed convolution is the gradient of a convolution,
/// y = Pᵀ(x·M), and its gradient is a convolution.
/// </remarks>
internal static class PatchProducts
{
    [ThreadStatic]
    static ExceptionDispatchInfo? _failure;

    /// <summary>The convolution [B, C, H, W] → [B, O, h, w].</summary>
    /// <param name="images">[B, C, H, W].</param>
    /// <param name="kernel">[O, C, height, width].</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="stride">Along height and width.</param>
    /// <param name="padding">Along height and width.</param>
    /// <param name="dilation">Along height and width.</param>
    public static Tensor Convolve(Tensor images, Tensor kernel, Tensor? bias, long[] stride, long[] padding, long[] dilation) =>
        Compute(images, kernel, bias, new Call(
            Patches.Of(images, kernel, stride, padding, dilation), IsTransposed: false, BiasHasGradient: bias?.requires_grad is true));

    /// <summary>The transposed convolution [B, C, h, w] → [B, O, H, W].</summary>
    /// <param name="images">[B, C, h, w].</param>
    /// <param name="kernel">[C, O, height, width].</param>
    /// <param name="stride">Along height and width.</param>
    /// <param name="padding">Along height and width.</param>
    public static Tensor ConvolveTransposed(Tensor images, Tensor kernel, long[] stride, long[] padding) =>
        Compute(images, kernel, null, new Call(
            Patches.Of(images, kernel, stride, padding, [1, 1]), IsTransposed: true, BiasHasGradient: false));

    /// <summary>Runs a backward pass, and throws the exceptions of its gradients of convolutions: on their way through libtorch, they would end
    /// the process.</summary>
    public static void RunBackward(Action pass)
    {
        _failure = null;
        try
        {
            pass();
        }
        finally
        {
            _failure?.Throw();
        }
    }

    static Tensor Compute(Tensor images, Tensor kernel, Tensor? bias, Call call)
    {
        if (!is_grad_enabled() || !(images.requires_grad || kernel.requires_grad || call.BiasHasGradient))
            return Forward(images, kernel, bias, call);
        // TorchSharp leaves a tensor of the size of the result to the scope.
        using DisposeScope scope = NewDisposeScope();
        return WithGradients.apply(images, kernel, bias!, call).MoveToOuterDisposeScope();
    }

    static Tensor Forward(Tensor images, Tensor kernel, Tensor? bias, Call call)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor result = call.IsTransposed
            ? call.Patches.AddUp(images, Matrix(kernel)) : call.Patches.Multiply(images, Matrix(kernel), bias);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>M: [O, C, height, width] → [O, height·width·C], without a copy where channels are innermost.</summary>
    static Tensor Matrix(Tensor kernel) => kernel.permute(0, 2, 3, 1).reshape(kernel.size(0), -1);

    readonly record struct Call(Patches Patches, bool IsTransposed, bool BiasHasGradient);

    /// <summary><see cref="Forward"/>, with the gradients of images, kernel and bias. A graph can be run backward once.</summary>
    sealed class WithGradients : autograd.SingleTensorFunction<WithGradients>
    {
        // TorchSharp hands over the addresses of gradients alone, which libtorch reads after the call. The next call frees them: otherwise
        // those of all layers were kept until the end of the step.
        [ThreadStatic]
        static List<Tensor?>? _returned;

        public override string Name => nameof(PatchProducts);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            (Tensor images, Tensor kernel, Tensor? bias, Call call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2], (Call)vars[3]);
            ctx.save_for_backward([images, kernel]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return Forward(images, kernel, bias, call);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            foreach (Tensor? former in _returned ?? [])
                former?.Dispose();
            try
            {
                _returned = grad_output.IsInvalid ? [null, null, null, null] : Gradients(ctx, grad_output);
            }
            catch (Exception exception)
            {
                _failure ??= ExceptionDispatchInfo.Capture(exception);
                _returned = [null, null, null, null];
            }
            // Gradient and saved tensors, too, would be kept until the end of the step.
            grad_output.Dispose();
            ctx.Dispose();
            return _returned!;
        }

        /// <summary>The gradients of the arguments, null for those that need none.</summary>
        static List<Tensor?> Gradients(autograd.AutogradContext ctx, Tensor ofResult)
        {
            using DisposeScope scope = NewDisposeScope();
            var call = (Call)ctx.get_data(nameof(Call));
            List<Tensor> saved = ctx.get_saved_variables();
            (Tensor images, Tensor kernel, Tensor? ofImages, Tensor? ofKernel) = (saved[0], saved[1], null, null);
            if (images.requires_grad)
            {
                ofImages = call.IsTransposed
                    ? call.Patches.Multiply(ofResult, Matrix(kernel), null)
                    : call.Patches.AddUp(ofResult, Matrix(kernel), (images.size(2), images.size(3)));
            }
            if (kernel.requires_grad)
            {
                Tensor ofMatrix = call.IsTransposed
                    ? call.Patches.ProductWith(images, ofResult) : call.Patches.ProductWith(ofResult, images);
                ofKernel = ofMatrix.view(kernel.size(0), kernel.size(2), kernel.size(3), kernel.size(1)).permute(0, 3, 1, 2);
            }
            Tensor? ofBias = call.BiasHasGradient ? ofResult.sum([0L, 2L, 3L]) : null;
            return [.. new[] { ofImages, ofKernel, ofBias, null }.Select(gradient => gradient?.MoveToOuterDisposeScope())];
        }
    }
}

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

    static Tensor Compute(Tensor images, Tensor kernel, Tensor? bias, Call call) =>
        is_grad_enabled() && (images.requires_grad || kernel.requires_grad || call.BiasHasGradient)
            ? WithGradients.Compute(images, kernel, bias!, call)
            : Forward(images, kernel, bias, call);

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

    /// <summary><see cref="Forward"/>, with the gradients of images, kernel and bias.</summary>
    sealed class WithGradients : OwnGradient<WithGradients>
    {
        protected override int Arguments => 4;

        protected override int Tensors => 2;

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            (Tensor images, Tensor kernel, Tensor? bias, Call call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2], (Call)vars[3]);
            ctx.save_for_backward([images, kernel]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return Forward(images, kernel, bias, call);
        }

        protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor ofResult)
        {
            var call = (Call)context.get_data(nameof(Call));
            List<Tensor> saved = context.get_saved_variables();
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
            return [ofImages, ofKernel, call.BiasHasGradient ? ofResult.sum([0L, 2L, 3L]) : null, null];
        }
    }
}
